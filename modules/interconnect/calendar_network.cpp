// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/calendar_network.h>

#include <algorithm>
#include <utility>

namespace tilework::hardware {

calendar_network::calendar_network(const routed_network_configuration& configuration, component_account& account,
                                   component_account* chip_links)
    : configuration_(configuration),
      topology_(topology_of(configuration)),
      clock_(configuration.clock_Hz),
      channels_(topology_.channels.size()),
      meetings_(topology_.routers),
      counter_(configuration, account, chip_links) {
}

femtoseconds calendar_network::transfer(const packet& p, femtoseconds departure) {
  if (p.bytes == 0)
    return departure;
  if (p.reduction != 0)
    return reduce(p, departure);
  const auto flits = configuration_.flits_of(p.bytes);
  const auto router_latency = cycles(configuration_.router_latency_cycles);
  const auto ready = clock_.next_edge(departure);
  auto at = enter(topology_.injection_port(p.source), p, {ready, ready}, flits).entered;
  for (auto router = topology_.router_of[p.source];;) {
    const auto exit = topology_.exit_towards(router, p.destination);
    const auto& next = topology_.channels[exit];
    const auto booked = enter(exit, p, {std::max(at.head + router_latency, ready), at.tail + router_latency}, flits);
    at = leave(next, booked.entered);
    if (!booked.shared)
      counter_.pass(next, p.booked_under, flits);
    if (topology_.is_ejection(exit))
      break;
    router = next.to;
  }
  return std::max(at.tail + clock_.period(), ready);
}

femtoseconds calendar_network::reduce(const packet& p, femtoseconds departure) {
  const auto flits = configuration_.flits_of(p.bytes);
  const auto ready = clock_.next_edge(departure);
  const auto& port = topology_.channels[topology_.injection_port(p.source)];
  const auto entered = enter(topology_.injection_port(p.source), {}, {ready, ready}, flits).entered;
  auto& all = gathering_of(p.reduction);
  all.members.push_back({p.source, leave(port, entered)});
  if (all.members.size() < p.members)
    return entered.tail + clock_.period();
  const auto arrival = book_tree(p, all);
  all.number = 0;
  all.members.clear();
  return arrival;
}

calendar_network::gathering& calendar_network::gathering_of(std::uint64_t number) {
  auto found = std::ranges::find(gatherings_, number, &gathering::number);
  if (found == gatherings_.end())
    found = std::ranges::find(gatherings_, std::uint64_t{0}, &gathering::number);
  if (found == gatherings_.end())
    found = gatherings_.insert(gatherings_.end(), gathering{});
  found->number = number;
  return *found;
}

/// All members have departed: from the leaves of their tree to its root.
femtoseconds calendar_network::book_tree(const packet& p, const gathering& all) {
  const auto flits = configuration_.flits_of(p.bytes);
  list_tree(all, p.destination);
  for (const auto& m : all.members)
    arrive(topology_.router_of[m.node], m.entered);
  femtoseconds arrival;
  std::uint64_t additions = 0; // of packets
  for (const auto router : tree_) {
    const auto met = std::exchange(meetings_[router], {});
    additions += met.children - 1;
    const auto latency =
        cycles(configuration_.router_latency_cycles + (met.children > 1 ? configuration_.reduction_latency_cycles : 0));
    const auto exit = topology_.exit_towards(router, p.destination);
    const auto& next = topology_.channels[exit];
    const auto at = leave(next, enter(exit, {}, {met.latest.head + latency, met.latest.tail + latency}, flits).entered);
    counter_.pass(next, p.booked_under, flits);
    if (topology_.is_ejection(exit))
      arrival = at.tail + clock_.period();
    else
      arrive(next.to, at);
  }
  counter_.add(p.booked_under, additions * p.elements);
  return arrival;
}

void calendar_network::arrive(std::uint32_t router, const worm& child) {
  auto& met = meetings_[router];
  met.latest.head = std::max(met.latest.head, child.head);
  met.latest.tail = std::max(met.latest.tail, child.tail);
  ++met.children;
}

void calendar_network::list_tree(const gathering& all, std::uint32_t destination) {
  tree_.assign(1, topology_.router_of[destination]);
  const auto next = [&](std::uint32_t router) {
    return topology_.channels[topology_.exit_towards(router, destination)].to;
  };
  for (const auto& m : all.members)
    for (auto router = topology_.router_of[m.node]; std::ranges::find(tree_, router) == tree_.end();
         router = next(router))
      tree_.push_back(router);
  for (const auto router : tree_)
    for (auto r = router; r != tree_.front(); r = next(r))
      ++meetings_[router].hops;
  const auto further_first = [&](std::uint32_t a, std::uint32_t b) {
    return std::pair{meetings_[b].hops, a} < std::pair{meetings_[a].hops, b};
  };
  std::ranges::sort(tree_, further_first);
}

/// Books a channel for a worm whose flits could enter it at `earliest`, unless its multicast has passed. It is held
/// until the last flit has entered, at the pace of the channel or of the worm if that is slower.
calendar_network::booked_worm calendar_network::enter(std::uint32_t number, const packet& p, const worm& earliest,
                                                      std::uint64_t flits) {
  auto& [calendar, passages] = channels_[number];
  if (p.multicast != 0)
    if (const auto passed = std::ranges::find(passages, p.multicast, &passage::multicast); passed != passages.end())
      return {passed->entered, true};
  if (calendar.intervals() == 0)
    booked_.push_back(number);
  const auto own = cycles(topology_.channels[number].cycles_per_flit);
  const auto flight = std::max(own * static_cast<std::int64_t>(flits - 1), earliest.tail - earliest.head);
  const auto start = calendar.reserve(earliest.head, flight + own);
  const worm entered{start, std::max(start + own * static_cast<std::int64_t>(flits - 1), earliest.tail)};
  if (p.multicast != 0)
    passages.push_back({p.multicast, entered});
  return {entered};
}

/// At the other end of the channel.
calendar_network::worm calendar_network::leave(const channel& passed, const worm& entered) const {
  const auto flight = cycles(passed.latency_cycles + passed.cycles_per_flit - 1);
  return {entered.head + flight, entered.tail + flight};
}

void calendar_network::drain() {
  for (const auto number : booked_) {
    channels_[number].calendar.clear();
    channels_[number].passages.clear();
  }
  booked_.clear();
  for (auto& g : gatherings_) {
    g.number = 0;
    g.members.clear();
  }
}

void calendar_network::visit_calendars(const transaction::calendar_visitor& visitor) {
  for (std::size_t c = 0; c < channels_.size(); ++c)
    visitor(name_of(topology_.channels[c]), resource_kind::network, channels_[c].calendar);
}

transaction::calendar_statistics calendar_network::bookings() const {
  transaction::calendar_statistics sum;
  for (const auto& c : channels_)
    sum += c.calendar.statistics();
  return sum;
}

} // namespace tilework::hardware
