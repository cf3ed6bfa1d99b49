// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/phase_timeline.h>

#include <algorithm>
#include <tuple>

namespace tilework {

femtoseconds phase_timeline::end_step() {
  std::ranges::sort(intervals_, [](const interval& a, const interval& b) {
    return std::tie(a.done, a.p, a.start) < std::tie(b.done, b.p, b.start);
  });
  femtoseconds frontier;
  for (const auto& i : intervals_) {
    totals_.exposed[static_cast<std::size_t>(i.p)] += std::max(i.done, frontier) - frontier;
    frontier = std::max(frontier, i.done);
  }
  std::ranges::sort(intervals_, {}, &interval::start);
  std::array<femtoseconds, phase_count> covered{};
  for (const auto& i : intervals_) {
    auto& end = covered[static_cast<std::size_t>(i.p)];
    if (i.done <= end) continue;
    totals_.busy[static_cast<std::size_t>(i.p)] += i.done - std::max(i.start, end);
    end = i.done;
  }
  intervals_.clear();
  return frontier;
}

} // namespace tilework
