// SPDX-License-Identifier: Apache-2.0
/// \file Femtoseconds to and from the kernel's time.
#pragma once

#include <tilework/core/femtoseconds.h>

#include <systemc>
#include <type_traits>

namespace tilework::transaction {

/// Sets the kernel's resolution to 1 fs; call it once, before anything is elaborated. Calling it again is harmless.
/// \throws run_error if another resolution is already in use.
void use_femtosecond_resolution();

/// \pre t >= 0 and use_femtosecond_resolution() was called: both types then count the same unit, nothing is scaled.
/// Stands for sc_time::from_value(), which looks up the kernel and its resolution at every one of the hundred
/// conversions of a step. A standard-layout class and its first member have one address, also if that is private.
[[nodiscard]] inline sc_core::sc_time to_sc_time(femtoseconds t) {
  using sc_core::sc_time;
  static_assert(std::is_standard_layout_v<sc_time> && sizeof(sc_time) == sizeof(sc_time::value_type));
  sc_time result;
  *reinterpret_cast<sc_time::value_type*>(&result) = static_cast<sc_time::value_type>(t.count); // NOLINT
  return result;
}

[[nodiscard]] inline femtoseconds to_femtoseconds(const sc_core::sc_time& t) {
  return {static_cast<std::int64_t>(t.value())};
}

} // namespace tilework::transaction
