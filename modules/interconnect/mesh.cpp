// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/mesh.h>

#include <algorithm>
#include <numeric>

namespace tilework::hardware {

mesh::mesh(const mesh_configuration& configuration, component_account& account)
    : configuration_(configuration),
      clock_(configuration.clock_Hz),
      channels_(std::size_t{configuration.columns} * configuration.rows * direction_count),
      account_(account) {
}

femtoseconds mesh::transfer(const packet& p, femtoseconds departure) {
  if (p.bytes == 0)
    return departure;
  const std::uint64_t flits = 1 + (p.bytes * 8 + configuration_.flit_width_bits - 1) / configuration_.flit_width_bits;
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
