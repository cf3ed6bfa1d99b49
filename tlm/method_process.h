// SPDX-License-Identifier: Apache-2.0
/// \file Method processes without SC_HAS_PROCESS, which IEEE 1666-2023 deprecates.
#pragma once

#include <initializer_list>
#include <systemc>

namespace tilework::transaction {

/// Runs `body` whenever one of the events is notified, and not at the start of simulation. Elaboration only.
template <typename Body>
void spawn_method(const char* name, Body body, std::initializer_list<const sc_core::sc_event*> sensitivity) {
  sc_core::sc_spawn_options options;
  options.spawn_method();
  options.dont_initialize();
  for (const auto* event : sensitivity)
    options.set_sensitivity(event);
  sc_core::sc_spawn(body, name, &options);
}

} // namespace tilework::transaction
