// SPDX-License-Identifier: Apache-2.0
/// \file How much a DAC drove the lines of an array.
#pragma once

#include <cstdint>

namespace tilework::physics {

/// Sums over lines of the integer codes k of a DAC.
struct input_codes {
  std::uint64_t active = 0;  ///< codes that are not 0
  std::uint64_t sum = 0;     ///< of |k|: slots that a pulse-width DAC drives
  std::uint64_t squares = 0; ///< of k^2: power of amplitudes

  input_codes& operator+=(const input_codes& more) {
    active += more.active;
    sum += more.sum;
    squares += more.squares;
    return *this;
  }
  friend bool operator==(const input_codes&, const input_codes&) = default;
};

} // namespace tilework::physics
