// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/mesh.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace tilework::hardware {

mesh::mesh(const mesh_configuration& configuration, component_account& account)
    : configuration_(configuration),
      clock_(configuration.clock_Hz),
      channels_(std::size_t{configuration.columns} * configuration.rows * direction_count),
      meetings_(std::size_t{configuration.columns} * configuration.rows),
      account_(account) {
}

femtoseconds mesh::transfer(const packet& p, femtoseconds departure) {
  if (p.bytes == 0)
    return departure;
  if (p.reduction != 0)
    return reduce(p, departure);
  const std::uint64_t flits = flits_of(p);
  const auto held = clock_.cycles(static_cast<std::int64_t>(flits));
  const auto router = clock_.cycles(configuration_.router_latency_cycles);
  const auto link = clock_.cycles(configuration_.link_latency_cycles);
  const auto columns = configuration_.columns;
  const auto target_x = p.destination % columns;

  const auto ready = clock_.next_edge(departure);
  auto head = enter(p.source, inject, p.multicast, ready, held);
  std::uint64_t hops = 0;     // links that carried the flits for this packet
  std::uint64_t channels = 0; // same, and the ejection port
  auto node = p.source;
  const auto pass = [&](direction way, femtoseconds flight) {
    head = enter(node, way, p.multicast, std::max(head.time + router, ready), held);
    head.time += flight;
    channels += head.shared ? 0 : 1;
  };
  const auto hop = [&](direction way, std::uint32_t next) {
    pass(way, link);
    hops += head.shared ? 0 : 1;
    node = next;
  };
  for (auto x = node % columns; x < target_x; ++x)
    hop(east, node + 1);
  for (auto x = node % columns; x > target_x; --x)
    hop(west, node - 1);
  while (node < p.destination)
    hop(south, node + columns);
  while (node > p.destination)
    hop(north, node - columns);
  pass(eject, {});

  account_.counts.add(p.booked_under, action::flit_hop, flits * hops);
  account_.counts.add(p.booked_under, action::router_arbitration, channels);
  account_.busy[static_cast<std::size_t>(p.booked_under)] += held * static_cast<std::int64_t>(channels);
  return std::max(head.time + held, ready);
}

std::uint64_t mesh::flits_of(const packet& p) const {
  return 1 + (p.bytes * 8 + configuration_.flit_width_bits - 1) / configuration_.flit_width_bits;
}

femtoseconds mesh::reduce(const packet& p, femtoseconds departure) {
  const auto held = clock_.cycles(static_cast<std::int64_t>(flits_of(p)));
  const auto head = enter(p.source, inject, 0, clock_.next_edge(departure), held).time;
  auto& all = gathering_of(p.reduction);
  all.members.push_back({p.source, head});
  if (all.members.size() < p.members)
    return head + held;
  const auto arrival = book_tree(p, all);
  all.number = 0;
  all.members.clear();
  return arrival;
}

mesh::gathering& mesh::gathering_of(std::uint64_t number) {
  auto found = std::ranges::find(gatherings_, number, &gathering::number);
  if (found == gatherings_.end())
    found = std::ranges::find(gatherings_, std::uint64_t{0}, &gathering::number);
  if (found == gatherings_.end())
    found = gatherings_.insert(gatherings_.end(), gathering{});
  found->number = number;
  return *found;
}

/// All members have departed: from the leaves of their tree to its root.
femtoseconds mesh::book_tree(const packet& p, const gathering& all) {
  const auto flits = flits_of(p);
  const auto held = clock_.cycles(static_cast<std::int64_t>(flits));
  const auto router = clock_.cycles(configuration_.router_latency_cycles);
  const auto link = clock_.cycles(configuration_.link_latency_cycles);
  const auto adders = clock_.cycles(configuration_.reduction_latency_cycles);
  for (const auto& m : all.members)
    arrive(m.node, m.head);
  list_tree(all, p.destination);
  femtoseconds arrival;
  std::uint64_t additions = 0; // of packets
  for (const auto node : tree_) {
    const auto met = std::exchange(meetings_[node], {});
    additions += met.children - 1;
    const auto ready = met.head + router + (met.children > 1 ? adders : femtoseconds{});
    const auto [way, next] = exit_towards(p.destination, node);
    const auto head = enter(node, way, 0, ready, held).time;
    if (way == eject)
      arrival = head + held;
    else
      arrive(next, head + link);
  }
  const std::uint64_t channels = tree_.size();
  account_.counts.add(p.booked_under, action::flit_hop, flits * (channels - 1));
  account_.counts.add(p.booked_under, action::router_arbitration, channels);
  account_.counts.add(p.booked_under, action::router_add, additions * p.elements);
  account_.busy[static_cast<std::size_t>(p.booked_under)] += held * static_cast<std::int64_t>(channels);
  return arrival;
}

void mesh::arrive(std::uint32_t node, femtoseconds head) {
  auto& met = meetings_[node];
  met.head = std::max(met.head, head);
  ++met.children;
}

void mesh::list_tree(const gathering& all, std::uint32_t root) {
  tree_.assign(1, root);
  for (const auto& m : all.members)
    for (auto node = m.node; std::ranges::find(tree_, node) == tree_.end(); node = exit_towards(root, node).next)
      tree_.push_back(node);
  const auto further_first = [&](std::uint32_t a, std::uint32_t b) {
    return std::pair{distance(b, root), a} < std::pair{distance(a, root), b};
  };
  std::ranges::sort(tree_, further_first);
}

mesh::exit mesh::exit_towards(std::uint32_t destination, std::uint32_t node) const {
  const auto columns = configuration_.columns;
  if (node % columns != destination % columns)
    return node % columns < destination % columns ? exit{east, node + 1} : exit{west, node - 1};
  if (node == destination)
    return {eject, node};
  return node < destination ? exit{south, node + columns} : exit{north, node - columns};
}

/// Links between two nodes.
std::uint32_t mesh::distance(std::uint32_t a, std::uint32_t b) const {
  const auto apart = [](std::uint32_t p, std::uint32_t q) { return p > q ? p - q : q - p; };
  const auto columns = configuration_.columns;
  return apart(a % columns, b % columns) + apart(a / columns, b / columns);
}

/// Books a channel for a head that could enter it at `earliest`, unless its multicast has passed.
mesh::booked_head mesh::enter(std::uint32_t node, direction d, std::uint64_t multicast, femtoseconds earliest,
                              femtoseconds held) {
  auto& [calendar, passages] = channels_[node * direction_count + d];
  if (multicast == 0)
    return {calendar.reserve(earliest, held)};
  const auto passed = std::ranges::find(passages, multicast, &passage::multicast);
  if (passed != passages.end())
    return {passed->head, true};
  passages.push_back({multicast, calendar.reserve(earliest, held)});
  return {passages.back().head};
}

void mesh::drain() {
  for (auto& c : channels_) {
    c.calendar.clear();
    c.passages.clear();
  }
  for (auto& g : gatherings_) {
    g.number = 0;
    g.members.clear();
  }
}

std::uint64_t mesh::delayed_requests() const {
  return std::accumulate(channels_.begin(), channels_.end(), std::uint64_t{0},
                         [](auto sum, const auto& c) { return sum + c.calendar.statistics().delayed; });
}

std::uint64_t mesh::out_of_order_requests() const {
  return std::accumulate(channels_.begin(), channels_.end(), std::uint64_t{0},
                         [](auto sum, const auto& c) { return sum + c.calendar.statistics().out_of_order; });
}

} // namespace tilework::hardware
