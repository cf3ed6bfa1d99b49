// SPDX-License-Identifier: Apache-2.0
#include "networks.h"

#include <gtest/gtest.h>

#include <set>

namespace tilework::hardware {
namespace {

/// Links from node to node.
std::vector<std::uint32_t> way(const topology& t, std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> links;
  for (auto router = t.router_of[from]; links.size() <= t.channels.size();) {
    const auto exit = t.exit_towards(router, to);
    EXPECT_EQ(t.channels.at(exit).from, router);
    if (t.is_ejection(exit)) {
      EXPECT_EQ(t.channels[exit].to, to);
      return links;
    }
    links.push_back(exit);
    router = t.channels[exit].to;
  }
  ADD_FAILURE() << "no way from " << from << " to " << to;
  return links;
}

TEST(topology, every_node_is_reached_from_every_other_without_a_detour) {
  for (const auto& [name, configuration] : test::all_networks()) {
    const auto t = topology_of(configuration);
    EXPECT_EQ(t.nodes, nodes_of(configuration)) << name;
    for (std::uint32_t from = 0; from < t.nodes; ++from)
      for (std::uint32_t to = 0; to < t.nodes; ++to) {
        const auto links = way(t, from, to);
        std::set<std::uint32_t> routers{t.router_of[from]};
        for (const auto link : links)
          EXPECT_TRUE(routers.insert(t.channels[link].to).second) << name << ": a router twice";
      }
  }
}

TEST(topology, ports_come_before_links_and_belong_to_their_nodes) {
  for (const auto& [name, configuration] : test::all_networks()) {
    const auto t = topology_of(configuration);
    for (std::uint32_t n = 0; n < t.nodes; ++n) {
      EXPECT_EQ(t.channels[t.injection_port(n)].to, t.router_of[n]);
      EXPECT_EQ(t.channels[t.ejection_port(n)].to, n);
      EXPECT_TRUE(t.is_ejection(t.ejection_port(n)));
      EXPECT_FALSE(t.is_ejection(t.injection_port(n)));
    }
    for (auto c = 2 * t.nodes; c < t.channels.size(); ++c) {
      EXPECT_FALSE(t.is_ejection(c));
      EXPECT_LT(t.channels[c].from, t.routers) << name;
      EXPECT_LT(t.channels[c].to, t.routers) << name;
    }
  }
}

TEST(topology, mesh_has_a_link_each_way_between_neighbours_and_goes_along_the_row_first) {
  const auto t = mesh_topology({4, 3}, 1);
  EXPECT_EQ(t.routers, 12U);
  EXPECT_EQ(t.channels.size(), 2 * 12U + 2 * (3 * 3 + 4 * 2));
  std::vector<std::uint32_t> passed;
  for (const auto link : way(t, 1, 11))
    passed.push_back(t.channels[link].to);
  EXPECT_EQ(passed, (std::vector<std::uint32_t>{2, 3, 7, 11}));
}

TEST(topology, tree_goes_up_only_as_far_as_it_must) {
  const auto t = tree_topology({8, 2}, 1); // 4 + 2 + 1 switches
  EXPECT_EQ(t.routers, 7U);
  EXPECT_EQ(way(t, 0, 1).size(), 0U);
  EXPECT_EQ(way(t, 0, 2).size(), 2U);
  EXPECT_EQ(way(t, 0, 7).size(), 4U);
  EXPECT_EQ(t.gateway, 6U);
}

TEST(topology, tree_with_a_fan_out_of_all_nodes_is_one_switch) {
  const auto t = tree_topology({9, 9}, 1);
  EXPECT_EQ(t.routers, 1U);
  EXPECT_EQ(t.channels.size(), 18U);
  EXPECT_EQ(name_of({.shape = tree_shape{9, 9}}), "crossbar of 9");
}

TEST(topology, chips_are_joined_at_their_gateways) {
  const routed_network_configuration c{
      .shape = mesh_shape{2, 2}, .chips = 3, .chip_link = {.latency_cycles = 7, .bandwidth_bytes_per_s = 2e9}};
  const auto t = topology_of(c);
  EXPECT_EQ(t.nodes, 12U);
  EXPECT_EQ(t.routers, 12U);
  const auto links = way(t, 3, 11); // chip 0 to chip 2: west, north; across; east, south
  ASSERT_EQ(links.size(), 5U);
  const auto& across = t.channels[links[2]];
  EXPECT_EQ(across.what, channel::kind::chip_link);
  EXPECT_EQ(across.from, 0U);
  EXPECT_EQ(across.to, 8U);
  EXPECT_EQ(across.latency_cycles, 7U);
  EXPECT_EQ(across.cycles_per_flit, 4U) << "64 bit at 2 GB/s and 1 GHz";
  EXPECT_EQ(way(t, 4, 7).size(), 2U) << "inside a chip nothing changes";
}

TEST(topology, the_way_through_an_empty_network_takes_the_closed_form) {
  const auto t = topology_of({.shape = mesh_shape{4, 3}});
  EXPECT_EQ(empty_network_cycles(t, 2, 0, 11, 10), 6 * 2 + 5 * 1 + 10);
  // Across a link of 4 cycles per flit: its latency, and the flits at its pace.
  const auto chips = topology_of(
      {.shape = mesh_shape{1, 1}, .chips = 2, .chip_link = {.latency_cycles = 7, .bandwidth_bytes_per_s = 2e9}});
  EXPECT_EQ(empty_network_cycles(chips, 2, 0, 1, 10), 2 * 2 + 7 + 10 * 4);
}

} // namespace
} // namespace tilework::hardware
