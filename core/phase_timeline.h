// SPDX-License-Identifier: Apache-2.0
/// \file Splits simulated time over the phases of training.
#pragma once

#include <tilework/core/femtoseconds.h>
#include <tilework/core/operation.h>

#include <array>
#include <vector>

namespace tilework {

/// Books the intervals of a step's operations.
///
/// busy: union of a phase's intervals. exposed: the step's time cut at completion times, each piece given to the
/// operation whose completion ends it; so the exposed times of all phases sum exactly to the total, also when phases
/// overlap.
class phase_timeline {
public:
  void add(phase p, femtoseconds start, femtoseconds done) { intervals_.push_back({start, done, p}); }
  /// Closes the step: its intervals go into the totals. Returns the step's length.
  /// \throws run_error if the time of all steps exceeds 9000 s
  femtoseconds end_step();

  [[nodiscard]] femtoseconds busy(phase p) const { return totals_.busy[static_cast<std::size_t>(p)]; }
  [[nodiscard]] femtoseconds exposed(phase p) const { return totals_.exposed[static_cast<std::size_t>(p)]; }

  /// Of all steps so far, without evaluation, programming, calibration and read-outs.
  [[nodiscard]] femtoseconds training_time() const;

  struct phase_totals {
    std::array<femtoseconds, phase_count> busy{};
    std::array<femtoseconds, phase_count> exposed{};
  };
  [[nodiscard]] const phase_totals& totals() const { return totals_; }
  /// After a resume.
  void set_totals(const phase_totals& totals) { totals_ = totals; }

private:
  struct interval {
    femtoseconds start;
    femtoseconds done;
    phase p;
  };
  void add_busy();

  std::vector<interval> intervals_;
  phase_totals totals_;
};

} // namespace tilework
