// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/arbitrated_bus.h>

#include <algorithm>
#include <tuple>

namespace tilework::hardware {

void arbitrated_bus::launch(const packet& p, cycle departure, std::uint64_t ticket) {
  waiting_.push_back({p, departure + configuration_.arbitration_cycles, ticket});
}

std::optional<flit_network::cycle> arbitrated_bus::next() const {
  const auto earliest = std::ranges::min_element(waiting_, {}, &request::ready);
  if (earliest == waiting_.end())
    return std::nullopt;
  return std::max(earliest->ready, free_at_);
}

void arbitrated_bus::step() {
  const auto now = *next();
  const auto turn = [&](const request& r) {
    const auto nodes = configuration_.nodes;
    return std::tuple{r.ready > now, (r.p.source + nodes - next_node_) % nodes, r.ready};
  };
  const auto chosen = std::ranges::min_element(waiting_, {}, turn);
  const auto [p, ready, ticket] = *chosen;
  waiting_.erase(chosen);
  if (now > ready)
    note_delay();
  const auto beats = configuration_.beats_of(p.bytes);
  free_at_ = now + static_cast<cycle>(beats);
  next_node_ = (p.source + 1) % configuration_.nodes;
  account_.counts.add(p.booked_under, action::flit_hop, beats);
  account_.counts.add(p.booked_under, action::router_arbitration, 1);
  account_.busy[static_cast<std::size_t>(p.booked_under)] += clock_.cycles(static_cast<std::int64_t>(beats));
  if (p.multicast == 0)
    arrive(ticket, free_at_);
  for (const auto node : p.group)
    deliver(p.multicast, node, free_at_);
}

void arbitrated_bus::drain() {
  flit_network::drain();
  waiting_.clear();
  free_at_ = 0;
  next_node_ = 0;
}

} // namespace tilework::hardware
