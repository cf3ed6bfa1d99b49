// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/calendar_network.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <vector>

namespace tilework::hardware {
namespace {

constexpr routed_network_configuration example{.shape = mesh_shape{4, 3},
                                               .flit_width_bits = 64,
                                               .clock_Hz = 1e9,
                                               .router_latency_cycles = 2,
                                               .link_latency_cycles = 1};
constexpr std::int64_t cycle = 1'000'000; // fs

struct mesh_test : testing::Test {
  ledger books;
  component_account& account = books.open("network", component_kind::network, 12);
  calendar_network network{example, account};

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
  EXPECT_EQ(network.bookings().delayed, 0U);
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
  EXPECT_EQ(network.bookings().delayed, 0U);
  EXPECT_EQ(send(11, 5, 500 * cycle), 500 * cycle) << "it waits at the destination already";
  EXPECT_GT(send(11, 6), alone[11]) << "another multicast has flits of its own";
}

/// Sums of packets on their way to node 0, in words of 8 byte.
struct reduction_test : mesh_test {
  struct member {
    std::uint32_t node;
    std::int64_t departure = 0; ///< in cycles
  };
  static constexpr std::int64_t words = 3;
  static constexpr std::int64_t flits = 1 + words;

  /// What the calls return, in cycles.
  std::vector<std::int64_t> send(const std::vector<member>& members, std::uint64_t number = 1) {
    std::vector<std::int64_t> answers;
    for (const auto& m : members)
      answers.push_back(network.transfer(part(m.node, number, members.size()), {m.departure * cycle}).count / cycle);
    return answers;
  }
  static packet part(std::uint32_t node, std::uint64_t number, std::size_t members) {
    packet p{node, 0, 8 * words, phase::transfer};
    p.reduction = number;
    p.members = static_cast<std::uint32_t>(members);
    p.elements = words;
    return p;
  }
  [[nodiscard]] std::uint64_t count(action a) const { return account.counts.get(phase::transfer, a); }

  /// Routers of the XY way to node 0, the source first.
  static std::vector<std::uint32_t> way_of(std::uint32_t node) {
    std::vector<std::uint32_t> way{node};
    while (node != 0)
      way.push_back(node -= node % 4 > 0 ? 1 : 4);
    return way;
  }
  /// Without other traffic: the latest of the members' own times, with the adders of every router where ways meet.
  static std::int64_t closed_form(const std::vector<member>& members) {
    std::map<std::uint32_t, std::set<std::uint32_t>> inputs; // of a router: routers before it, or itself for a member
    for (const auto& m : members) {
      const auto way = way_of(m.node);
      inputs[m.node].insert(m.node);
      for (std::size_t k = 1; k < way.size(); ++k)
        inputs[way[k]].insert(way[k - 1]);
    }
    std::int64_t latest = 0;
    for (const auto& m : members) {
      const auto way = way_of(m.node);
      const auto adders = std::ranges::count_if(way, [&](auto node) { return inputs[node].size() > 1; });
      const auto hops = static_cast<std::int64_t>(way.size()) - 1;
      latest = std::max(latest, m.departure + (hops + 1) * 2 + hops + adders + flits);
    }
    return latest;
  }
};

TEST_F(reduction_test, of_one_member_is_a_packet_of_its_own) {
  for (std::uint32_t from = 0; from < 12; ++from) {
    network.drain();
    const auto alone = arrival(from, 0, 8 * words);
    network.drain();
    EXPECT_EQ(send({{from}}).back() * cycle, alone) << from;
  }
  EXPECT_EQ(count(action::router_add), 0U);
}

TEST_F(reduction_test, along_a_row_adds_in_every_router_but_the_first_and_the_last) {
  // From 3 over 2 and 1, which add, to 0: four routers, three links, two adders.
  EXPECT_EQ(send({{3}, {2}, {1}}).back(), 4 * 2 + 3 + 2 + flits);
  EXPECT_EQ(count(action::flit_hop), 3U * flits) << "once on every link";
  EXPECT_EQ(count(action::router_arbitration), 4U);
  EXPECT_EQ(count(action::router_add), 2U * words);
  EXPECT_EQ(account.busy[static_cast<std::size_t>(phase::transfer)].count, 4 * flits * cycle);
  EXPECT_EQ(network.bookings().delayed, 0U);
}

TEST_F(reduction_test, adds_three_packets_in_one_router_in_one_go) {
  // 5 and 8 meet in 4 with what 4 has: 5 comes from the east, 8 from the south.
  EXPECT_EQ(send({{4}, {5}, {8}}).back(), 3 * 2 + 2 + 1 + flits);
  EXPECT_EQ(count(action::flit_hop), 3U * flits);
  EXPECT_EQ(count(action::router_add), 2U * words);
}

TEST_F(reduction_test, adders_take_the_time_that_the_machine_says) {
  auto slow = example;
  slow.reduction_latency_cycles = 7;
  calendar_network other(slow, account);
  other.transfer(part(1, 1, 2), {});
  EXPECT_EQ(other.transfer(part(2, 1, 2), {}).count, (3 * 2 + 2 + 7 + flits) * cycle);
}

TEST_F(reduction_test, takes_the_closed_form_whatever_the_members_and_the_order_of_calls) {
  std::mt19937 random(3);
  const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int k = 0; k < 300; ++k) {
    std::vector<std::uint32_t> nodes(12);
    std::iota(nodes.begin(), nodes.end(), 0U);
    std::ranges::shuffle(nodes, random);
    std::vector<member> members;
    const auto most = 1 + below(12);
    for (std::uint32_t m = 0; m < most; ++m)
      members.push_back({nodes[m], below(40)});
    network.drain();
    account.counts = {};
    ASSERT_EQ(send(members).back(), closed_form(members)) << k;
    const auto counts = account.counts;
    std::set<std::uint32_t> routers;
    for (const auto& m : members)
      for (const auto node : way_of(m.node))
        routers.insert(node);
    EXPECT_EQ(count(action::flit_hop), flits * (routers.size() - 1));
    EXPECT_EQ(count(action::router_add), words * (members.size() - 1));
    std::ranges::shuffle(members, random);
    network.drain();
    account.counts = {};
    ASSERT_EQ(send(members).back(), closed_form(members)) << k;
    EXPECT_EQ(account.counts, counts);
  }
  EXPECT_EQ(network.bookings().delayed, 0U);
}

TEST_F(reduction_test, waits_for_the_slowest_and_lets_the_others_go) {
  const auto together = send({{3}, {2}, {1}}).back();
  network.drain();
  const auto answers = send({{3}, {2, 5}, {1, 100}});
  EXPECT_EQ(answers[0], flits) << "the tail has left the source";
  EXPECT_EQ(answers[1], 5 + flits);
  EXPECT_EQ(answers[2], 100 + 2 * 2 + 1 + 1 + flits); // 1's own way, with its adder
  network.drain();
  EXPECT_EQ(send({{1, 100}, {2, 5}, {3, 100}}).back(), 100 + together);
}

TEST_F(reduction_test, holds_no_link_before_its_members_are_there) {
  const auto alone = arrival(2, 0, 8);
  network.drain();
  network.transfer(part(3, 1, 2), {});
  EXPECT_EQ(arrival(2, 0, 8), alone);
  EXPECT_EQ(network.transfer(part(1, 1, 2), {100 * cycle}).count, (100 + 2 * 2 + 1 + 1 + flits) * cycle);
}

TEST_F(reduction_test, waits_on_a_link_that_another_packet_holds) {
  const auto free = send({{2}, {1}}).back();
  network.drain();
  network.transfer({1, 0, 8 * 50, phase::forward}, {});
  EXPECT_GT(send({{2}, {1}}).back(), free);
  EXPECT_GT(network.bookings().delayed, 0U);
}

TEST_F(reduction_test, sums_under_way_at_the_same_time_do_not_mix) {
  network.transfer(part(1, 1, 2), {});
  network.transfer(part(6, 2, 2), {});
  EXPECT_EQ(network.transfer(part(2, 1, 2), {}).count / cycle, closed_form({{1}, {2}}));
  EXPECT_EQ(network.transfer(part(7, 2, 2), {500 * cycle}).count / cycle, closed_form({{6}, {7, 500}}));
}

TEST_F(reduction_test, is_forgotten_by_a_drain) {
  network.transfer(part(11, 1, 2), {900 * cycle});
  network.drain();
  EXPECT_EQ(send({{1}, {2}}).back(), closed_form({{1}, {2}}));
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
  EXPECT_GT(network.bookings().delayed, 0U);
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
  EXPECT_EQ(network.bookings().delayed, 0U);
}

} // namespace
} // namespace tilework::hardware
