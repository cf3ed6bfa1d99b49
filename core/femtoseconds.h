// SPDX-License-Identifier: Apache-2.0
/// \file Simulated time.
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>

namespace tilework {

/// Simulated time or a duration in integer femtoseconds: the kernel's resolution. Range about 2.5 hours.
struct femtoseconds {
  std::int64_t count = 0;

  [[nodiscard]] constexpr double seconds() const { return static_cast<double>(count) * 1e-15; }
  /// Nearest femtosecond to a number of seconds.
  [[nodiscard]] static femtoseconds from_seconds(double seconds_) { return {std::llround(seconds_ * 1e15)}; }

  constexpr femtoseconds& operator+=(femtoseconds other) {
    count += other.count;
    return *this;
  }
  constexpr femtoseconds& operator-=(femtoseconds other) {
    count -= other.count;
    return *this;
  }
  friend constexpr femtoseconds operator+(femtoseconds a, femtoseconds b) { return {a.count + b.count}; }
  friend constexpr femtoseconds operator-(femtoseconds a, femtoseconds b) { return {a.count - b.count}; }
  friend constexpr femtoseconds operator*(femtoseconds a, std::int64_t n) { return {a.count * n}; }
  friend constexpr femtoseconds operator*(std::int64_t n, femtoseconds a) { return {a.count * n}; }
  // NOLINTNEXTLINE(modernize-use-nullptr): LLVM 14 false alarm
  friend constexpr auto operator<=>(const femtoseconds&, const femtoseconds&) = default;
};

} // namespace tilework
