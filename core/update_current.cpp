// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/update_current.h>

#include <algorithm>
#include <tuple>

namespace tilework {

double update_current_A(const operation_activity& activity, const pulsed_cell& cell) {
  if (activity.pulse_slots == 0)
    return 0;
  const double full = static_cast<double>(activity.coincidences);
  const double half = static_cast<double>(activity.half_selected);
  return cell.conductance_S * cell.v_write_V * (full + half / 2) / static_cast<double>(activity.pulse_slots);
}

void peak_current::add(femtoseconds begin, femtoseconds end, double current_A) {
  if (current_A <= 0 || begin >= end)
    return;
  peaks_.array_A = std::max(peaks_.array_A, current_A);
  changes_.push_back({begin, current_A});
  changes_.push_back({end, -current_A});
}

void peak_current::end_step() {
  std::ranges::sort(changes_, [](const change& a, const change& b) { // what ends comes before what begins
    return std::tie(a.time, a.current_A) < std::tie(b.time, b.current_A);
  });
  double now_A = 0;
  for (const auto& c : changes_) {
    now_A += c.current_A;
    peaks_.machine_A = std::max(peaks_.machine_A, now_A);
  }
  changes_.clear();
}

} // namespace tilework
