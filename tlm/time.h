// SPDX-License-Identifier: Apache-2.0
/// \file Femtoseconds to and from the kernel's time.
#pragma once

#include <tilework/core/femtoseconds.h>

#include <systemc>

namespace tilework::transaction {

/// Sets the kernel's resolution to 1 fs; call it once, before anything is elaborated. Calling it again is harmless.
/// \throws run_error if another resolution is already in use.
void use_femtosecond_resolution();

/// \pre t >= 0 and use_femtosecond_resolution() was called: both types then count the same unit, nothing is scaled.
[[nodiscard]] inline sc_core::sc_time to_sc_time(femtoseconds t) {
  return sc_core::sc_time::from_value(static_cast<sc_core::sc_time::value_type>(t.count));
}

[[nodiscard]] inline femtoseconds to_femtoseconds(const sc_core::sc_time& t) {
  return {static_cast<std::int64_t>(t.value())};
}

} // namespace tilework::transaction
