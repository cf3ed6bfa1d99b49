// SPDX-License-Identifier: Apache-2.0
// Multicasts and reductions as packets between stations.
#include <tilework/core/error.h>
#include <tilework/modules/interconnect/router_network.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tilework::hardware {

/// Cuts the tree of the ways from the source into packets between the routers where they part.
void router_network::plan_multicast(const packet& p, std::uint32_t number) {
  grouped_.assign(p.group.begin(), p.group.end());
  std::ranges::sort(grouped_);
  const auto doubles = std::ranges::unique(grouped_);
  grouped_.erase(doubles.begin(), doubles.end());
  parts_.assign(1, {topology_.router_of[p.source], number, 0, grouped_.size()});
  while (!parts_.empty()) {
    auto at = parts_.back();
    parts_.pop_back();
    const auto exit_of = [&](std::uint32_t node) { return topology_.exit_towards(at.router, node); };
    const auto nodes_of_part = [&] {
      return std::ranges::subrange(grouped_.begin() + static_cast<std::ptrdiff_t>(at.first),
                                   grouped_.begin() + static_cast<std::ptrdiff_t>(at.last));
    };
    std::ranges::sort(nodes_of_part(), {}, [&](auto node) { return std::pair{exit_of(node), node}; });
    packets_[at.packet].destination = grouped_[at.first];
    packets_[at.packet].multicast = p.multicast;
    if (exit_of(grouped_[at.first]) == exit_of(grouped_[at.last - 1])) {
      const auto exit = exit_of(grouped_[at.first]);
      if (!topology_.is_ejection(exit))
        parts_.push_back({topology_.channels[exit].to, at.packet, at.first, at.last});
      continue;
    }
    const auto fork = open_station(at.router, 1, packets_[at.packet].flits);
    packets_[at.packet].station = fork;
    for (auto first = at.first; first < at.last;) {
      const auto exit = exit_of(grouped_[first]);
      auto last = first;
      while (last < at.last && exit_of(grouped_[last]) == exit)
        ++last;
      const auto branch = make_packet(p, 0);
      packets_[branch].destination = grouped_[first];
      packets_[branch].multicast = p.multicast;
      open_branch(fork, branch);
      if (!topology_.is_ejection(exit))
        parts_.push_back({topology_.channels[exit].to, branch, first, last});
      first = last;
    }
  }
}

/// Cuts the tree of the ways to the destination into packets between the routers where they meet.
std::vector<router_network::reduction>::iterator router_network::plan_reduction(const packet& p) {
  const auto flits = static_cast<std::uint32_t>(configuration_.flits_of(p.bytes));
  const auto root = topology_.router_of[p.destination];
  tree_.assign(1, root);
  for (const auto source : p.group) {
    ++children_[topology_.router_of[source]];
    for (auto r = topology_.router_of[source]; std::ranges::find(tree_, r) == tree_.end();
         r = next_router(r, p.destination))
      tree_.push_back(r);
  }
  for (const auto r : tree_)
    if (r != root)
      ++children_[next_router(r, p.destination)];
  const auto first_station = [&](std::uint32_t r) {
    while (children_[r] < 2 && r != root)
      r = next_router(r, p.destination);
    const auto found = std::ranges::find_if(parts_, [&](const part& known) { return known.router == r; });
    return found == parts_.end() ? none : found->packet;
  };
  parts_.clear(); // stations by router
  for (const auto r : tree_)
    if (children_[r] > 1)
      parts_.push_back({r, open_station(r, children_[r], flits), 0, 0});
  for (const auto& [r, number, first, last] : parts_) {
    const auto sum = make_packet(p, 0);
    packets_[sum].station = r == root ? none : first_station(next_router(r, p.destination));
    packets_[sum].reduction = packets_[sum].station == none ? p.reduction : 0;
    open_branch(number, sum);
    counter_.add(p.booked_under, std::uint64_t{children_[r] - 1} * p.elements);
  }
  auto unused = std::ranges::find(reductions_, std::uint64_t{0}, &reduction::number);
  if (unused == reductions_.end())
    unused = reductions_.insert(reductions_.end(), reduction{});
  auto& fresh = *unused;
  fresh.number = p.reduction;
  fresh.members.clear();
  fresh.left = static_cast<std::uint32_t>(p.group.size());
  for (const auto source : p.group)
    fresh.members.push_back({source, first_station(topology_.router_of[source])});
  for (const auto r : tree_)
    children_[r] = 0;
  return unused;
}

void router_network::launch_member(const packet& p, cycle departure, std::uint64_t ticket) {
  auto sum = std::ranges::find(reductions_, p.reduction, &reduction::number);
  if (sum == reductions_.end())
    sum = plan_reduction(p);
  const auto member = std::ranges::find_if(sum->members, [&](const auto& m) { return m.node == p.source && !m.sent; });
  if (member == sum->members.end())
    throw run_error(fmt::format("node {} is not in the group of the reduction that it sends to", p.source));
  member->sent = true;
  const auto number = make_packet(p, departure);
  auto& own = packets_[number];
  own.station = member->station;
  own.ticket = ticket;
  own.reports_departure = --sum->left > 0;
  if (!own.reports_departure)
    sum->ticket = ticket;
  if (own.station == none)
    own.reduction = p.reduction;
  enqueue(p.source, number);
}

std::uint32_t router_network::open_station(std::uint32_t router, std::uint32_t children, std::uint32_t flits) {
  const auto number = take(stations_, free_stations_);
  auto& s = stations_[number];
  s.router = router;
  s.children = children;
  s.branches = 0;
  s.latency = configuration_.router_latency_cycles + (children > 1 ? configuration_.reduction_latency_cycles : 0);
  s.latest.assign(flits, 0);
  s.arrived.assign(flits, 0);
  return number;
}

void router_network::open_branch(std::uint32_t station, std::uint32_t packet) {
  const auto number = take(branches_, free_branches_);
  branches_[number] = {{}, packet, station};
  ++stations_[station].branches;
  routers_[stations_[station].router].branches.push_back(number);
}

} // namespace tilework::hardware
