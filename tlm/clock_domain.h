// SPDX-License-Identifier: Apache-2.0
/// \file A clock as arithmetic: there is no free-running clock in the kernel.
#pragma once

#include <tilework/core/femtoseconds.h>

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
    return (duration.count + period_.count - 1) / period_.count;
  }
  /// First edge at or after a time relative to the timeline's origin. \pre t >= 0
  [[nodiscard]] femtoseconds next_edge(femtoseconds t) const { return cycles(cycles_to_cover(t)); }

private:
  femtoseconds period_;
  double rounding_error_;
};

} // namespace tilework::transaction
