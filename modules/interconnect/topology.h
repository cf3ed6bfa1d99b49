// SPDX-License-Identifier: Apache-2.0
/// \file Routed networks as data: which channels there are, and which of them leads to a node.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tilework::hardware {

/// How a network finds out when packets arrive. calendar: channels are booked; router: flit by flit.
enum class network_model : std::uint8_t { calendar, router };
inline constexpr std::array<std::pair<std::string_view, network_model>, 2> network_model_names{
    {{"calendar", network_model::calendar}, {"router", network_model::router}}};
constexpr std::span<const std::pair<std::string_view, network_model>> names_of(network_model) {
  return network_model_names;
}
std::string_view name_of(network_model model);

/// One node per router; node n sits at column n mod columns, row n / columns. Ways go along the row first.
struct mesh_shape {
  std::uint32_t columns = 2;
  std::uint32_t rows = 2;
};

/// Nodes are leaves; a lowest switch has fan_out of them, a higher one fan_out switches. With fan_out >= nodes it is
/// one switch: a crossbar. A way goes up as far as it must and down again.
struct tree_shape {
  std::uint32_t nodes = 4;
  std::uint32_t fan_out = 2;
};

/// The gateway of each chip (router 0 of a mesh, the top switch of a tree) has one link to each of the others.
struct chip_link_configuration {
  std::uint32_t latency_cycles = 20;
  double bandwidth_bytes_per_s = 6.4e9; ///< of one link, one way
};

/// What only the model `router` asks for.
struct router_configuration {
  std::uint32_t virtual_channels = 2;      ///< per channel; two or more: the first half for requests, the others for
                                           ///< responses
  std::uint32_t buffer_depth = 8;          ///< flits per virtual channel
  std::uint32_t credit_latency_cycles = 1; ///< >= 1: from a flit's leaving a buffer to the use of its place upstream
};

struct routed_network_configuration {
  std::variant<mesh_shape, tree_shape> shape;
  std::uint32_t flit_width_bits = 64;
  double clock_Hz = 1e9;
  std::uint32_t router_latency_cycles = 2;
  std::uint32_t link_latency_cycles = 1;
  bool reduction = false;                     ///< routers have adders: packets of a reduction can be sent
  std::uint32_t reduction_latency_cycles = 1; ///< of the adders of a router
  std::uint32_t chips = 1;                    ///< copies of the shape
  chip_link_configuration chip_link{};        ///< with more than one chip
  network_model model = network_model::calendar;
  router_configuration router{};

  [[nodiscard]] std::uint64_t flits_of(std::uint64_t bytes) const {
    return 1 + (bytes * 8 + flit_width_bits - 1) / flit_width_bits;
  }
};

/// Port between a node and its router, or link between routers; one way.
struct channel {
  enum class kind : std::uint8_t { injection, ejection, link, chip_link };
  std::uint32_t from = 0; ///< router; of an injection port: node
  std::uint32_t to = 0;   ///< router; of an ejection port: node
  kind what = kind::link;
  std::uint32_t latency_cycles = 0;
  std::uint32_t cycles_per_flit = 1; ///< more than 1: narrower or slower than the network
};

/// Channels in this order: injection ports by node, ejection ports by node, links.
struct topology {
  std::uint32_t nodes = 0;
  std::uint32_t routers = 0;
  std::uint32_t gateway = 0;            ///< router that has the links to other chips
  std::vector<std::uint32_t> router_of; ///< by node
  std::vector<channel> channels;
  /// The channel by which a router sends what is for a node, the same for all packets. A node of number `nodes` is
  /// behind the gateway: its router itself is never asked.
  std::function<std::uint32_t(std::uint32_t router, std::uint32_t node)> exit_towards;

  [[nodiscard]] std::uint32_t injection_port(std::uint32_t node) const { return node; }
  [[nodiscard]] std::uint32_t ejection_port(std::uint32_t node) const { return nodes + node; }
  [[nodiscard]] bool is_ejection(std::uint32_t number) const { return number - nodes < nodes; }
};

topology mesh_topology(const mesh_shape& shape, std::uint32_t link_latency_cycles);
topology tree_topology(const tree_shape& shape, std::uint32_t link_latency_cycles);
/// Copies of one chip; node number = chip x nodes per chip + node. \param link latency and width of the links between
/// gateways; its ends are filled in.
topology joined_chips(const topology& chip, std::uint32_t chips, const channel& link);

topology topology_of(const routed_network_configuration& configuration);
/// Without building it.
std::uint32_t nodes_of(const routed_network_configuration& configuration);
/// "mesh 4 x 2", "crossbar of 8", "tree of 8, fan-out 2", "2 chips, mesh 4 x 2".
std::string name_of(const routed_network_configuration& configuration);

/// Cycles that a packet of its own takes through the empty network: router latency in every router on the way, link
/// latencies, and the flits in a row at the pace of the slowest channel. Valid for the calendar, and for routers whose
/// buffers cover the round trip of their credits.
std::int64_t empty_network_cycles(const topology& network, std::uint32_t router_latency_cycles, std::uint32_t source,
                                  std::uint32_t destination, std::uint64_t flits);

} // namespace tilework::hardware
