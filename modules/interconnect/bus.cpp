// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/bus.h>

#include <algorithm>

namespace tilework::hardware {

femtoseconds bus::transfer(const packet& p, femtoseconds departure) {
  if (p.bytes == 0)
    return departure;
  if (p.multicast != 0) {
    const auto known = std::ranges::find(heard_, p.multicast, &broadcast::multicast);
    if (known != heard_.end())
      return std::max(known->arrival, departure);
  }
  const auto beats = configuration_.beats_of(p.bytes);
  const auto held = clock_.cycles(static_cast<std::int64_t>(beats));
  const auto start =
      calendar_.reserve(clock_.next_edge(departure) + clock_.cycles(configuration_.arbitration_cycles), held);
  account_.counts.add(p.booked_under, action::flit_hop, beats);
  account_.counts.add(p.booked_under, action::router_arbitration, 1);
  account_.busy[static_cast<std::size_t>(p.booked_under)] += held;
  if (p.multicast != 0)
    heard_.push_back({p.multicast, start + held});
  return start + held;
}

} // namespace tilework::hardware
