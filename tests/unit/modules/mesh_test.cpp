// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/mesh.h>

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

namespace tilework::hardware {
namespace {

constexpr mesh_configuration example{.columns = 4,
                                     .rows = 3,
                                     .flit_width_bits = 64,
                                     .clock_Hz = 1e9,
                                     .router_latency_cycles = 2,
                                     .link_latency_cycles = 1};
constexpr std::int64_t cycle = 1'000'000; // fs

struct mesh_test : testing::Test {
  ledger books;
  component_account& account = books.open("network", component_kind::network, 12);
  mesh network{example, account};

  std::int64_t arrival(std::uint32_t from, std::uint32_t to, std::uint64_t bytes, std::int64_t departure = 0) {
    return network.transfer({from, to, bytes, phase::forward}, {departure}).count;
  }
};

std::uint32_t distance(std::uint32_t a, std::uint32_t b) {
  const auto apart = [](std::uint32_t p, std::uint32_t q) { return p > q ? p - q : q - p; };
  return apart(a % 4, b % 4) + apart(a / 4, b / 4);
}

TEST_F(mesh_test, empty_network_takes_the_closed_form_between_all_pairs) {
  for (std::uint32_t from = 0; from < 12; ++from)
    for (std::uint32_t to = 0; to < 12; ++to)
      for (std::uint64_t bytes : {1U, 8U, 9U, 800U}) {
        network.drain();
        const std::int64_t hops = distance(from, to);
        const auto flits = static_cast<std::int64_t>(1 + (bytes + 7) / 8);
        EXPECT_EQ(arrival(from, to, bytes), ((hops + 1) * 2 + hops + flits) * cycle) << from << " to " << to;
      }
  EXPECT_EQ(network.delayed_requests(), 0U);
}

TEST_F(mesh_test, counts_flits_per_link_and_packets_per_router) {
  arrival(0, 11, 24); // 4 flits over 3 + 2 links and 6 routers
  EXPECT_EQ(account.counts.get(phase::forward, action::flit_hop), 4U * 5);
  EXPECT_EQ(account.counts.get(phase::forward, action::router_arbitration), 6U);
  arrival(7, 7, 24); // through the local router only
  EXPECT_EQ(account.counts.get(phase::forward, action::flit_hop), 4U * 5);
  EXPECT_EQ(account.counts.get(phase::forward, action::router_arbitration), 7U);
}

TEST_F(mesh_test, multicast_sends_flits_once_where_the_ways_are_the_same) {
  const auto send = [&](std::uint32_t to, std::uint64_t multicast, std::int64_t departure = 0) {
    return network.transfer({0, to, 24, phase::forward, multicast}, {departure}).count;
  };
  std::array<std::int64_t, 12> alone{};
  for (const std::uint32_t to : {11U, 7U, 10U}) {
    network.drain();
    alone.at(to) = send(to, 0);
  }
  network.drain();
  account.counts = {};
  EXPECT_EQ(send(11, 5), alone[11]); // 4 flits over 3 links east and 2 south, 6 routers
  EXPECT_EQ(send(7, 5), alone[7]);   // 3 east and 1 south are shared: only the ejection is new
  EXPECT_EQ(account.counts.get(phase::forward, action::flit_hop), 4U * 5);
  EXPECT_EQ(account.counts.get(phase::forward, action::router_arbitration), 6U + 1);
  EXPECT_EQ(send(10, 5), alone[10]); // 2 east are shared, 2 south and the ejection are new
  EXPECT_EQ(account.counts.get(phase::forward, action::flit_hop), 4U * (5 + 2));
  EXPECT_EQ(account.counts.get(phase::forward, action::router_arbitration), 6U + 1 + 3);
  EXPECT_EQ(network.delayed_requests(), 0U);
  EXPECT_EQ(send(11, 5, 500 * cycle), 500 * cycle) << "it waits at the destination already";
  EXPECT_GT(send(11, 6), alone[11]) << "another multicast has flits of its own";
}

TEST_F(mesh_test, departure_waits_for_a_clock_edge) {
  const auto aligned = arrival(0, 1, 8, 5 * cycle);
  network.drain();
  EXPECT_EQ(arrival(0, 1, 8, 4 * cycle + 1), aligned);
}

TEST_F(mesh_test, packet_waits_on_a_shared_link_for_exactly_the_flits_of_the_other) {
  constexpr std::int64_t flits = 1 + 5;
  const auto first = arrival(1, 2, 5 * 8);
  // From 0 the head reaches link 1 -> 2 later by one router and one link; the link is held for the flits of the first.
  const auto second = arrival(0, 2, 5 * 8);
  const auto alone = (3 * 2 + 2 + flits) * cycle;
  EXPECT_EQ(first, (2 * 2 + 1 + flits) * cycle);
  EXPECT_EQ(second, alone + (flits - 3) * cycle);
  EXPECT_GT(network.delayed_requests(), 0U);
}

TEST_F(mesh_test, packets_from_one_node_leave_one_after_the_other) {
  constexpr std::int64_t flits = 1 + 5;
  const auto east = arrival(5, 6, 5 * 8);
  EXPECT_EQ(arrival(5, 4, 5 * 8), east + flits * cycle);
}

TEST_F(mesh_test, routes_go_along_the_row_first) {
  const auto alone = arrival(0, 5, 80);
  network.drain();
  arrival(1, 5, 80); // the second leg of 0 -> 1 -> 5
  EXPECT_GT(arrival(0, 5, 80), alone);
  network.drain();
  arrival(4, 4, 80);
  arrival(0, 4, 80); // what 0 -> 4 -> 5 would use; shares only the injection port
  EXPECT_EQ(arrival(0, 5, 80), alone + 11 * cycle);
}

TEST_F(mesh_test, opposite_directions_do_not_disturb_each_other) {
  const auto there = arrival(0, 3, 80);
  EXPECT_EQ(arrival(3, 0, 80), there);
  EXPECT_EQ(network.delayed_requests(), 0U);
}

} // namespace
} // namespace tilework::hardware
