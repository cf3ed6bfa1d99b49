// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/topology.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tilework::hardware {
namespace {

enum direction : std::uint8_t { east, west, south, north, direction_count };

/// Nodes with their ports; links are not there yet.
topology of_ports(std::vector<std::uint32_t> router_of, std::uint32_t routers) {
  topology t;
  t.nodes = static_cast<std::uint32_t>(router_of.size());
  t.routers = routers;
  for (std::uint32_t n = 0; n < t.nodes; ++n)
    t.channels.push_back({n, router_of[n], channel::kind::injection});
  for (std::uint32_t n = 0; n < t.nodes; ++n)
    t.channels.push_back({router_of[n], n, channel::kind::ejection});
  t.router_of = std::move(router_of);
  return t;
}

std::uint32_t add_link(topology& t, std::uint32_t from, std::uint32_t to, std::uint32_t latency_cycles) {
  t.channels.push_back({from, to, channel::kind::link, latency_cycles});
  return static_cast<std::uint32_t>(t.channels.size() - 1);
}

/// Switches of a tree by level, the lowest first; the last level has one.
std::vector<std::uint32_t> switches_by_level(const tree_shape& shape) {
  std::vector<std::uint32_t> levels;
  auto below = shape.nodes;
  do {
    below = (below + shape.fan_out - 1) / shape.fan_out;
    levels.push_back(below);
  } while (below > 1);
  return levels;
}

/// The network's clock cycles that a chip link needs for one flit.
channel chip_link_of(const routed_network_configuration& c) {
  const double flits_per_s = c.chip_link.bandwidth_bytes_per_s * 8 / c.flit_width_bits;
  const auto cycles = std::max(1.0, std::ceil(c.clock_Hz / flits_per_s * (1 - 1e-12)));
  return {0, 0, channel::kind::chip_link, c.chip_link.latency_cycles, static_cast<std::uint32_t>(cycles)};
}

} // namespace

std::string_view name_of(network_model model) {
  return network_model_names[static_cast<std::size_t>(model)].first;
}

topology mesh_topology(const mesh_shape& shape, std::uint32_t link_latency_cycles) {
  const auto [columns, rows] = shape;
  std::vector<std::uint32_t> own(std::size_t{columns} * rows);
  for (std::uint32_t n = 0; n < own.size(); ++n)
    own[n] = n;
  auto t = of_ports(std::move(own), columns * rows);
  struct place {
    std::uint32_t column = 0;
    std::uint32_t row = 0;
    std::array<std::uint32_t, direction_count> links{};
  };
  std::vector<place> places(t.routers);
  for (std::uint32_t r = 0; r < t.routers; ++r) {
    auto& p = places[r];
    p.column = r % columns;
    p.row = r / columns;
    if (p.column + 1 < columns)
      p.links[east] = add_link(t, r, r + 1, link_latency_cycles);
    if (p.column > 0)
      p.links[west] = add_link(t, r, r - 1, link_latency_cycles);
    if (p.row + 1 < rows)
      p.links[south] = add_link(t, r, r + columns, link_latency_cycles);
    if (p.row > 0)
      p.links[north] = add_link(t, r, r - columns, link_latency_cycles);
  }
  places.push_back(places[t.gateway]);
  t.exit_towards = [places = std::move(places), nodes = t.nodes](std::uint32_t router, std::uint32_t node) {
    const auto& here = places[router];
    const auto& there = places[node];
    if (here.column != there.column)
      return here.links[here.column < there.column ? east : west];
    if (here.row != there.row)
      return here.links[here.row < there.row ? south : north];
    return nodes + node;
  };
  return t;
}

topology tree_topology(const tree_shape& shape, std::uint32_t link_latency_cycles) {
  const auto levels = switches_by_level(shape);
  std::vector<std::uint32_t> lowest(shape.nodes);
  for (std::uint32_t n = 0; n < shape.nodes; ++n)
    lowest[n] = n / shape.fan_out;
  struct place {
    std::uint64_t leaves = 1;        ///< nodes below it, if the tree were full
    std::uint64_t number = 0;        ///< within its level
    std::uint32_t up = 0;            ///< link
    std::vector<std::uint32_t> down; ///< links, by child; of a lowest switch ejection ports
  };
  std::vector<place> places;
  std::uint64_t leaves = shape.fan_out;
  for (const auto switches : levels) {
    for (std::uint32_t s = 0; s < switches; ++s)
      places.push_back({leaves, s, 0, {}});
    leaves *= shape.fan_out;
  }
  auto t = of_ports(std::move(lowest), static_cast<std::uint32_t>(places.size()));
  t.gateway = t.routers - 1;
  for (std::uint32_t n = 0; n < t.nodes; ++n)
    places[t.router_of[n]].down.push_back(t.ejection_port(n));
  std::uint32_t first = 0; // of the level
  for (std::size_t l = 0; l + 1 < levels.size(); ++l) {
    const auto above = first + levels[l];
    for (std::uint32_t s = 0; s < levels[l]; ++s) {
      const auto parent = above + s / shape.fan_out;
      places[first + s].up = add_link(t, first + s, parent, link_latency_cycles);
      places[parent].down.push_back(add_link(t, parent, first + s, link_latency_cycles));
    }
    first = above;
  }
  t.exit_towards = [places = std::move(places), shape](std::uint32_t router, std::uint32_t node) {
    const auto& here = places[router];
    if (node / here.leaves != here.number || node == shape.nodes)
      return here.up;
    return here.down[node % here.leaves / (here.leaves / shape.fan_out)];
  };
  return t;
}

topology joined_chips(const topology& chip, std::uint32_t chips, const channel& link) {
  std::vector<std::uint32_t> router_of;
  for (std::uint32_t c = 0; c < chips; ++c)
    for (const auto router : chip.router_of)
      router_of.push_back(c * chip.routers + router);
  auto t = of_ports(std::move(router_of), chips * chip.routers);
  t.gateway = chip.gateway;
  const auto links = static_cast<std::uint32_t>(chip.channels.size()) - 2 * chip.nodes;
  for (std::uint32_t c = 0; c < chips; ++c)
    for (auto inner = chip.channels.begin() + 2 * chip.nodes; inner != chip.channels.end(); ++inner) {
      t.channels.push_back(*inner);
      t.channels.back().from += c * chip.routers;
      t.channels.back().to += c * chip.routers;
    }
  const auto first_outer = static_cast<std::uint32_t>(t.channels.size());
  for (std::uint32_t from = 0; from < chips; ++from)
    for (std::uint32_t to = 0; to < chips; ++to)
      if (from != to) {
        t.channels.push_back(link);
        t.channels.back().from = from * chip.routers + chip.gateway;
        t.channels.back().to = to * chip.routers + chip.gateway;
      }
  t.exit_towards = [inner = chip.exit_towards, nodes = chip.nodes, routers = chip.routers, gateway = chip.gateway,
                    links, chips, first_outer](std::uint32_t router, std::uint32_t node) {
    const auto here = router / routers;
    const auto there = node / nodes;
    const auto local = router % routers;
    if (here != there && local == gateway)
      return first_outer + here * (chips - 1) + (there < here ? there : there - 1);
    const auto exit = inner(local, here == there ? node % nodes : nodes);
    const bool port = exit < 2 * nodes;
    return port ? chips * nodes + here * nodes + exit - nodes : 2 * chips * nodes + here * links + exit - 2 * nodes;
  };
  return t;
}

topology topology_of(const routed_network_configuration& c) {
  const auto* mesh = std::get_if<mesh_shape>(&c.shape);
  auto chip = mesh != nullptr ? mesh_topology(*mesh, c.link_latency_cycles)
                              : tree_topology(std::get<tree_shape>(c.shape), c.link_latency_cycles);
  return c.chips == 1 ? chip : joined_chips(chip, c.chips, chip_link_of(c));
}

std::uint32_t nodes_of(const routed_network_configuration& c) {
  const auto* mesh = std::get_if<mesh_shape>(&c.shape);
  return c.chips * (mesh != nullptr ? mesh->columns * mesh->rows : std::get<tree_shape>(c.shape).nodes);
}

std::string name_of(const routed_network_configuration& c) {
  const auto chips = c.chips == 1 ? std::string{} : fmt::format("{} chips, ", c.chips);
  if (const auto* mesh = std::get_if<mesh_shape>(&c.shape))
    return fmt::format("{}mesh {} x {}", chips, mesh->columns, mesh->rows);
  const auto& tree = std::get<tree_shape>(c.shape);
  if (tree.fan_out >= tree.nodes)
    return fmt::format("{}crossbar of {}", chips, tree.nodes);
  return fmt::format("{}tree of {}, fan-out {}", chips, tree.nodes, tree.fan_out);
}

std::int64_t empty_network_cycles(const topology& network, std::uint32_t router_latency_cycles, std::uint32_t source,
                                  std::uint32_t destination, std::uint64_t flits) {
  std::int64_t head = 0;
  std::int64_t pace = 1;
  for (auto router = network.router_of[source];;) {
    const auto exit = network.exit_towards(router, destination);
    const auto& next = network.channels[exit];
    head += router_latency_cycles + next.latency_cycles + next.cycles_per_flit - 1;
    pace = std::max<std::int64_t>(pace, next.cycles_per_flit);
    if (network.is_ejection(exit))
      return head + pace * (static_cast<std::int64_t>(flits) - 1) + 1;
    router = next.to;
  }
}

} // namespace tilework::hardware
