// SPDX-License-Identifier: Apache-2.0
/// \file A clock as arithmetic: there is no free-running clock in the kernel.
#pragma once

#include <tilework/core/femtoseconds.h>

#include <cstdint>

namespace tilework::transaction {

/// Period in integer femtoseconds. All clocks have an edge at the origin of the timeline.
class clock_domain {
public:
  /// \param frequency_hz [1, 1e15]; the period is rounded to a whole femtosecond, see rounding_error().
  /// \throws input_error outside that range.
  explicit clock_domain(double frequency_hz);

  [[nodiscard]] femtoseconds period() const { return period_; }
  /// (period - exact period) / exact period.
  [[nodiscard]] double rounding_error() const { return rounding_error_; }

  [[nodiscard]] femtoseconds cycles(std::int64_t n) const { return period_ * n; }
  /// Whole cycles that cover a duration. \pre duration >= 0
  [[nodiscard]] std::int64_t cycles_to_cover(femtoseconds duration) const {
    return quotient(duration.count + period_.count - 1);
  }
  /// First edge at or after a time relative to the timeline's origin. \pre t >= 0
  [[nodiscard]] femtoseconds next_edge(femtoseconds t) const { return cycles(cycles_to_cover(t)); }

private:
  /// n / period, exact. Every booking asks for an edge, and divisions of 64 bits are slow: a product with the
  /// reciprocal is wrong by one at most.
  [[nodiscard]] std::int64_t quotient(std::int64_t n) const {
    constexpr std::int64_t safe = std::int64_t{1} << 50; // doubles are exact to 2^53
    if (n >= safe)
      return n / period_.count;
    const auto q = static_cast<std::int64_t>(static_cast<double>(n) * reciprocal_);
    const auto rest = n - q * period_.count;
    return q + (rest >= period_.count ? 1 : 0) - (rest < 0 ? 1 : 0);
  }

  femtoseconds period_;
  double reciprocal_;
  double rounding_error_;
};

} // namespace tilework::transaction
