// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/phase_timeline.h>

#include <algorithm>
#include <tuple>

namespace tilework {
namespace {

/// 64 bits of femtoseconds hold 9223 s; beyond them time would wrap and look short.
void require_range(femtoseconds length, const std::array<femtoseconds, phase_count>& exposed) {
  constexpr double range_s = 9000;
  double total_s = length.seconds();
  for (const auto time : exposed)
    total_s += time.seconds();
  if (length.count < 0 || total_s > range_s)
    throw run_error("the simulated time exceeds 9000 s, the range of a clock in femtoseconds: use a faster machine or "
                    "fewer epochs");
}

} // namespace

void phase_timeline::add_busy() {
  if (!std::ranges::is_sorted(intervals_, {}, &interval::start)) // loosely timed, operations come in this order
    std::ranges::sort(intervals_, {}, &interval::start);
  std::array<femtoseconds, phase_count> covered{};
  for (const auto& i : intervals_) {
    auto& end = covered[static_cast<std::size_t>(i.p)];
    if (i.done <= end)
      continue;
    totals_.busy[static_cast<std::size_t>(i.p)] += i.done - std::max(i.start, end);
    end = i.done;
  }
}

femtoseconds phase_timeline::end_step() {
  add_busy();
  std::ranges::sort(intervals_, [](const interval& a, const interval& b) {
    return a.done != b.done ? a.done < b.done : std::tie(a.p, a.start) < std::tie(b.p, b.start);
  });
  femtoseconds frontier;
  if (!intervals_.empty())
    require_range(intervals_.back().done, totals_.exposed);
  for (const auto& i : intervals_) {
    totals_.exposed[static_cast<std::size_t>(i.p)] += std::max(i.done, frontier) - frontier;
    frontier = std::max(frontier, i.done);
  }
  intervals_.clear();
  return frontier;
}

femtoseconds phase_timeline::training_time() const {
  femtoseconds sum;
  for (std::size_t p = 0; p < phase_count; ++p)
    if (is_training(static_cast<phase>(p)))
      sum += totals_.exposed[p];
  return sum;
}

} // namespace tilework
