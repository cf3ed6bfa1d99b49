// SPDX-License-Identifier: Apache-2.0
/// \file Routed networks of every shape, and traffic through both of their models.
#pragma once

#include <tilework/modules/interconnect/calendar_network.h>
#include <tilework/modules/interconnect/router_network.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tilework::test {

struct named_network {
  std::string name;
  hardware::routed_network_configuration configuration;
};

/// Meshes, trees (with a last switch that is not full), crossbars, and chips of them with links that are slower.
inline std::vector<named_network> all_networks() {
  using namespace hardware;
  std::vector<named_network> all{{"mesh", {.shape = mesh_shape{4, 3}}},     {"column", {.shape = mesh_shape{1, 4}}},
                                 {"tree", {.shape = tree_shape{11, 2}}},    {"wide_tree", {.shape = tree_shape{10, 4}}},
                                 {"crossbar", {.shape = tree_shape{6, 6}}}, {"one", {.shape = tree_shape{1, 2}}}};
  for (auto inner : {all[0], all[2], all[4]}) {
    inner.name = "chips_of_" + inner.name;
    inner.configuration.chips = 3;
    inner.configuration.chip_link = {.latency_cycles = 11, .bandwidth_bytes_per_s = 3.3e9}; // 2.4 cycles, so 3
    all.push_back(inner);
  }
  return all;
}

/// Books of a network of its own.
struct network_books {
  ledger books;
  component_account& network = books.open("network", component_kind::network, 1);
  component_account& chip_links = books.open("chip_links", component_kind::chip_link, 1);
};

struct timed_packet {
  hardware::packet p;
  std::int64_t departure = 0; ///< cycle
};

/// Packet of a number of flits, at least 2, in words of 8 byte.
inline hardware::packet packet_of(std::uint32_t source, std::uint32_t destination, std::uint64_t flits) {
  return {source, destination, 8 * (flits - 1), phase::forward};
}

/// Simulates until nothing moves; cycle of arrival of every ticket, -1 for what has not arrived.
inline void run_to_the_end(hardware::flit_network& network, std::vector<std::int64_t>& arrivals) {
  const auto collect = [&] {
    for (const auto& a : network.arrivals())
      arrivals.at(a.ticket) = a.at;
    network.arrivals().clear();
  };
  collect();
  while (network.next()) {
    network.step();
    collect();
  }
}

inline std::vector<std::int64_t> arrivals_of(hardware::flit_network& network, const std::vector<timed_packet>& all) {
  std::vector<std::int64_t> arrivals(all.size(), -1);
  for (std::size_t k = 0; k < all.size(); ++k)
    network.send(all[k].p, all[k].departure, k);
  run_to_the_end(network, arrivals);
  return arrivals;
}

inline std::vector<std::int64_t> arrivals_of(hardware::calendar_network& network, const std::vector<timed_packet>& all,
                                             std::int64_t cycle_fs = 1'000'000) {
  std::vector<std::int64_t> arrivals;
  for (const auto& [p, departure] : all)
    arrivals.push_back(network.transfer(p, {departure * cycle_fs}).count / cycle_fs);
  return arrivals;
}

} // namespace tilework::test
