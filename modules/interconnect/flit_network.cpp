// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/interconnect/flit_network.h>

#include <fmt/format.h>

#include <algorithm>

namespace tilework::hardware {

void flit_network::send(const packet& p, cycle departure, std::uint64_t ticket) {
  if (join(p, departure, ticket))
    return;
  launch(p, departure, ticket);
  if (p.multicast == 0)
    return;
  for (const auto node : p.group)
    deliveries_.push_back({p.multicast, node});
  join(p, departure, ticket);
}

bool flit_network::join(const packet& p, cycle departure, std::uint64_t ticket) {
  if (p.multicast == 0 || std::ranges::find(deliveries_, p.multicast, &delivery::multicast) == deliveries_.end())
    return false;
  const auto* there = find_delivery(p);
  if (there == nullptr)
    throw run_error(fmt::format("node {} is not in the group of the multicast that it is to get", p.destination));
  if (there->at == under_way)
    waiting_.push_back({p.multicast, p.destination, departure, ticket});
  else
    arrive(ticket, std::max(there->at, departure));
  return true;
}

flit_network::delivery* flit_network::find_delivery(const packet& p) {
  const auto found = std::ranges::find_if(
      deliveries_, [&](const delivery& d) { return d.multicast == p.multicast && d.node == p.destination; });
  return found == deliveries_.end() ? nullptr : &*found;
}

void flit_network::deliver(std::uint64_t multicast, std::uint32_t node, cycle at) {
  for (auto& d : deliveries_)
    if (d.multicast == multicast && d.node == node)
      d.at = at;
  std::erase_if(waiting_, [&](const waiting_member& w) {
    const bool concerned = w.multicast == multicast && w.node == node;
    if (concerned)
      arrive(w.ticket, std::max(at, w.departure));
    return concerned;
  });
}

void flit_network::drain() {
  arrivals_.clear();
  deliveries_.clear();
  waiting_.clear();
}

} // namespace tilework::hardware
