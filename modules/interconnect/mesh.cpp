// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/mesh.h>

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

  femtoseconds head = channel(p.source, inject).reserve(clock_.next_edge(departure), held);
  std::uint64_t hops = 0;
  auto node = p.source;
  const auto pass = [&](direction way, std::uint32_t next) {
    head = channel(node, way).reserve(head + router, held) + link;
    node = next;
    ++hops;
  };
  for (auto x = node % columns; x < target_x; ++x)
    pass(east, node + 1);
  for (auto x = node % columns; x > target_x; --x)
    pass(west, node - 1);
  while (node < p.destination)
    pass(south, node + columns);
  while (node > p.destination)
    pass(north, node - columns);
  head = channel(p.destination, eject).reserve(head + router, held);

  account_.counts.add(p.booked_under, action::flit_hop, flits * hops);
  account_.counts.add(p.booked_under, action::router_arbitration, hops + 1);
  account_.busy[static_cast<std::size_t>(p.booked_under)] += held * static_cast<std::int64_t>(hops + 1);
  return head + held;
}

void mesh::drain() {
  for (auto& c : channels_)
    c.clear();
}

std::uint64_t mesh::delayed_requests() const {
  return std::accumulate(channels_.begin(), channels_.end(), std::uint64_t{0},
                         [](auto sum, const auto& c) { return sum + c.statistics().delayed; });
}

std::uint64_t mesh::out_of_order_requests() const {
  return std::accumulate(channels_.begin(), channels_.end(), std::uint64_t{0},
                         [](auto sum, const auto& c) { return sum + c.statistics().out_of_order; });
}

} // namespace tilework::hardware
