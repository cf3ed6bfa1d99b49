// SPDX-License-Identifier: Apache-2.0
#include "networks.h"

#include <tilework/core/error.h>
#include <tilework/modules/interconnect/arbitrated_bus.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace tilework::hardware {
namespace {

using test::all_networks;
using test::arrivals_of;
using test::network_books;
using test::packet_of;
using test::timed_packet;

/// Counts and busy times of both models.
void expect_equal_books(const network_books& a, const network_books& b, const std::string& what) {
  EXPECT_EQ(a.network.counts, b.network.counts) << what;
  EXPECT_EQ(a.network.busy, b.network.busy) << what;
  EXPECT_EQ(a.chip_links.counts, b.chip_links.counts) << what;
  EXPECT_EQ(a.chip_links.busy, b.chip_links.busy) << what;
}

TEST(router_network, empty_network_takes_the_closed_form_in_both_models) {
  for (const auto& [name, configuration] : all_networks()) {
    network_books of_calendar;
    network_books of_routers;
    calendar_network calendar(configuration, of_calendar.network, &of_calendar.chip_links);
    router_network routers(configuration, of_routers.network, &of_routers.chip_links);
    const auto t = topology_of(configuration);
    for (std::uint32_t from = 0; from < t.nodes; ++from)
      for (std::uint32_t to = 0; to < t.nodes; ++to)
        for (const std::uint64_t flits : {2U, 3U, 8U, 9U, 101U}) {
          calendar.drain();
          routers.drain();
          const std::vector<timed_packet> one{{packet_of(from, to, flits), 5}};
          const auto expected = 5 + empty_network_cycles(t, configuration.router_latency_cycles, from, to, flits);
          ASSERT_EQ(arrivals_of(routers, one).front(), expected) << name << " " << from << " to " << to;
          ASSERT_EQ(arrivals_of(calendar, one).front(), expected) << name << " " << from << " to " << to;
        }
    expect_equal_books(of_calendar, of_routers, name);
    EXPECT_EQ(routers.delayed(), 0U) << name;
    EXPECT_EQ(calendar.bookings().delayed, 0U) << name;
  }
}

TEST(router_network, latencies_are_those_of_the_configuration) {
  for (const std::uint32_t router : {0U, 1U, 3U})
    for (const std::uint32_t link : {0U, 1U, 4U}) {
      if (router + link == 0)
        continue;
      const routed_network_configuration c{.shape = mesh_shape{4, 1},
                                           .router_latency_cycles = router,
                                           .link_latency_cycles = link,
                                           .router = {.virtual_channels = 1, .buffer_depth = 16}};
      network_books books;
      router_network network(c, books.network);
      EXPECT_EQ(arrivals_of(network, {{packet_of(0, 3, 5), 0}}).front(), 4 * router + 3 * link + 5);
    }
}

/// One virtual channel, so that a packet can only follow another one.
struct stage_test : testing::Test {
  network_books books;
  static routed_network_configuration line(std::uint32_t buffer_depth, std::uint32_t credit_latency = 1) {
    return {.shape = mesh_shape{3, 1},
            .router = {.virtual_channels = 1, .buffer_depth = buffer_depth, .credit_latency_cycles = credit_latency}};
  }
};

TEST_F(stage_test, a_packet_behind_another_one_waits_for_exactly_its_flits) {
  router_network network(line(8), books.network);
  const auto both = arrivals_of(network, {{packet_of(0, 2, 6), 0}, {packet_of(0, 2, 6), 0}});
  EXPECT_EQ(both[1], both[0] + 6);
}

TEST_F(stage_test, an_exit_takes_one_flit_per_cycle_and_the_second_input_waits_one_cycle_too_few_or_enough) {
  // The head of 0 -> 2 is ready at router 1 from cycle 0 + 2 + 1 + 2 = 5 on. Node 1 sends 4 flits at cycle d, ready
  // from d + 2 on, which hold the one virtual channel of the link until their tail has left at d + 5.
  for (const auto& [d, delay] : {std::pair{-1, 0}, {0, 1}, {1, 2}, {2, 3}}) {
    router_network network(line(8), books.network);
    const auto alone = 3 * 2 + 2 + 4 + 10;
    const auto both = arrivals_of(network, {{packet_of(1, 2, 4), 10 + d}, {packet_of(0, 2, 4), 10}});
    EXPECT_EQ(both[1], alone + delay) << d;
  }
}

TEST_F(stage_test, credits_limit_the_throughput_exactly_as_computed) {
  // A place is used again after link, router and credit latency: 1 + 2 + credit.
  for (const std::uint32_t credit : {1U, 2U, 5U})
    for (std::uint32_t depth = 1; depth <= 10; ++depth) {
      router_network network(line(depth, credit), books.network);
      constexpr std::int64_t flits = 1 + 1000;
      const auto took = arrivals_of(network, {{packet_of(0, 2, flits), 0}}).front();
      const std::int64_t round_trip = 1 + 2 + credit;
      const auto alone = 3 * 2 + 2 + flits;
      if (depth >= round_trip) {
        EXPECT_EQ(took, alone) << depth << ", credit " << credit;
        continue;
      }
      // Flit k leaves k / depth round trips later, and k mod depth cycles.
      const auto last = flits - 1;
      EXPECT_EQ(took, 3 * 2 + 2 + last / depth * round_trip + last % depth + 1) << depth << ", credit " << credit;
    }
}

TEST_F(stage_test, buffers_behind_a_chip_link_cover_its_round_trip) {
  const routed_network_configuration c{.shape = mesh_shape{1, 1},
                                       .chips = 2,
                                       .chip_link = {.latency_cycles = 50, .bandwidth_bytes_per_s = 8e9},
                                       .router = {.buffer_depth = 4}};
  router_network network(c, books.network);
  EXPECT_EQ(arrivals_of(network, {{packet_of(0, 1, 500), 0}}).front(), 2 * 2 + 50 + 500);
}

TEST_F(stage_test, arbitration_is_round_robin) {
  // Three nodes of a crossbar send two packets each to a fourth: every node gets its turn.
  router_network network({.shape = tree_shape{4, 4}, .router = {.virtual_channels = 1}}, books.network);
  std::vector<timed_packet> all;
  for (int k = 0; k < 2; ++k)
    for (std::uint32_t from = 0; from < 3; ++from)
      all.push_back({packet_of(from, 3, 5), 0});
  const auto arrivals = arrivals_of(network, all);
  EXPECT_EQ(arrivals, (std::vector<std::int64_t>{7, 12, 17, 22, 27, 32}));
}

TEST_F(stage_test, requests_do_not_hold_up_responses_on_virtual_channels_of_their_own) {
  const auto response_behind_requests = [&](std::uint32_t virtual_channels) {
    router_network network({.shape = mesh_shape{3, 1}, .router = {.virtual_channels = virtual_channels}},
                           books.network);
    auto response = packet_of(0, 2, 4);
    response.response = true;
    return arrivals_of(network, {{packet_of(0, 2, 100), 0}, {packet_of(0, 2, 100), 0}, {response, 1}}).back();
  };
  EXPECT_GT(response_behind_requests(1), 200);
  EXPECT_LT(response_behind_requests(2), 30) << "it shares the link flit by flit";
}

// --- trees --------------------------------------------------------------------------------------------------------

std::vector<std::uint32_t> some_nodes(std::mt19937& random, std::uint32_t nodes) {
  std::vector<std::uint32_t> all(nodes);
  std::iota(all.begin(), all.end(), 0U);
  std::ranges::shuffle(all, random);
  all.resize(1 + random() % nodes);
  return all;
}

TEST(router_network, multicasts_take_the_time_and_counts_of_the_calendar) {
  std::mt19937 random(1);
  for (const auto& [name, configuration] : all_networks()) {
    network_books of_calendar;
    network_books of_routers;
    calendar_network calendar(configuration, of_calendar.network, &of_calendar.chip_links);
    router_network routers(configuration, of_routers.network, &of_routers.chip_links);
    for (int k = 0; k < 60; ++k) {
      calendar.drain();
      routers.drain();
      const auto group = some_nodes(random, calendar.nodes());
      const auto source = static_cast<std::uint32_t>(random() % calendar.nodes());
      std::vector<timed_packet> all;
      for (const auto node : group) {
        auto p = packet_of(source, node, 2 + static_cast<std::uint64_t>(k) % 30);
        p.multicast = 7;
        p.group = group;
        all.push_back({p, 3});
      }
      ASSERT_EQ(arrivals_of(routers, all), arrivals_of(calendar, all)) << name << " " << k;
      EXPECT_EQ(routers.buffered(), 0U);
    }
    expect_equal_books(of_calendar, of_routers, name);
    EXPECT_EQ(routers.delayed(), 0U) << name;
  }
}

TEST(router_network, who_joins_a_multicast_late_finds_the_payload_at_its_destination) {
  network_books books;
  router_network network({.shape = mesh_shape{4, 3}}, books.network);
  const std::vector<std::uint32_t> group{3, 7, 11};
  std::vector<timed_packet> all;
  for (const auto node : group) {
    auto p = packet_of(0, node, 10);
    p.multicast = 1;
    p.group = group;
    all.push_back({p, node == 7 ? 400 : 0});
  }
  EXPECT_EQ(arrivals_of(network, all), (std::vector<std::int64_t>{4 * 2 + 3 + 10, 400, 6 * 2 + 5 + 10}));
  EXPECT_TRUE(network.join(all[1].p, 300, 0));
  EXPECT_EQ(network.arrivals().back().at, 300);
  EXPECT_EQ(books.network.counts.get(phase::forward, action::flit_hop), 10U * 5) << "3 east, 2 south";
}

TEST(router_network, reductions_take_the_time_and_counts_of_the_calendar) {
  std::mt19937 random(2);
  for (const auto& [name, configuration] : all_networks()) {
    network_books of_calendar;
    network_books of_routers;
    calendar_network calendar(configuration, of_calendar.network, &of_calendar.chip_links);
    router_network routers(configuration, of_routers.network, &of_routers.chip_links);
    for (int k = 0; k < 60; ++k) {
      calendar.drain();
      routers.drain();
      auto group = some_nodes(random, calendar.nodes());
      if (k % 3 == 0)
        group.push_back(group.front()); // two arrays of one node; their packets leave one after the other
      const auto root = static_cast<std::uint32_t>(random() % calendar.nodes());
      std::vector<timed_packet> all;
      for (const auto node : group) {
        packet p{node, root, 8 * (1 + static_cast<std::uint64_t>(k) % 30), phase::transfer};
        p.reduction = 9;
        p.members = static_cast<std::uint32_t>(group.size());
        p.elements = 5;
        p.group = group;
        all.push_back({p, static_cast<std::int64_t>(random() % 50)});
      }
      std::ranges::stable_sort(all, {}, &timed_packet::departure);
      const auto booked = arrivals_of(calendar, all);
      const auto routed = arrivals_of(routers, all);
      ASSERT_EQ(routed.back(), booked.back()) << name << " " << k << ": the sum";
      for (std::size_t m = 0; m + 1 < all.size(); ++m) // the tail of a member leaves later where buffers are full
        EXPECT_GE(routed[m], booked[m]) << name << " " << k;
      EXPECT_EQ(routers.buffered(), 0U);
    }
    expect_equal_books(of_calendar, of_routers, name);
  }
}

// --- everything at once -------------------------------------------------------------------------------------------

struct traffic {
  std::vector<std::vector<std::uint32_t>> groups; ///< of packets in `all`
  std::vector<timed_packet> all;
};

/// Single packets, multicasts and reductions, much more than fits at once.
traffic random_traffic(std::mt19937& random, std::uint32_t nodes, bool reductions) {
  traffic t;
  t.groups.reserve(400);
  const auto below = [&random](std::uint64_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (std::uint32_t k = 0; k < 150; ++k) {
    const std::int64_t departure = below(600);
    packet p{below(nodes), below(nodes), 8 * (1 + below(20)), phase::update};
    p.response = below(2) == 1;
    const auto kind = below(8);
    if (kind > 1 || (kind == 1 && !reductions)) {
      t.all.push_back({p, departure});
      continue;
    }
    const auto& group = t.groups.emplace_back(some_nodes(random, nodes));
    p.group = group;
    for (const auto node : group) {
      auto member = p;
      if (kind == 0) {
        member.multicast = k + 1;
        member.destination = node;
      } else {
        member.reduction = k + 1;
        member.source = node;
        member.members = static_cast<std::uint32_t>(group.size());
        member.elements = 3;
      }
      t.all.push_back({member, departure + below(40)});
    }
  }
  std::ranges::stable_sort(t.all, {}, &timed_packet::departure);
  return t;
}

TEST(router_network, random_networks_lose_duplicate_and_deadlock_nothing) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    routed_network_configuration c;
    if (below(2) == 0)
      c.shape = mesh_shape{1 + below(5), 1 + below(5)};
    else
      c.shape = tree_shape{1 + below(20), 2 + below(6)};
    c.chips = 1 + below(3);
    c.router_latency_cycles = below(4);
    c.link_latency_cycles = below(3) + (c.router_latency_cycles == 0 ? 1 : 0);
    c.reduction_latency_cycles = below(4);
    c.chip_link = {.latency_cycles = below(30), .bandwidth_bytes_per_s = 1e9 * (1 + below(10))};
    c.router = {.virtual_channels = 1 + below(5), .buffer_depth = 1 + below(6), .credit_latency_cycles = 1 + below(3)};
    network_books of_calendar;
    network_books of_routers;
    calendar_network calendar(c, of_calendar.network, &of_calendar.chip_links);
    router_network routers(c, of_routers.network, &of_routers.chip_links);
    const auto t = random_traffic(random, calendar.nodes(), true);
    const auto arrivals = arrivals_of(routers, t.all);
    const auto graph = topology_of(c);
    for (std::size_t k = 0; k < t.all.size(); ++k) {
      const auto& [p, departure] = t.all[k];
      const auto at_least = p.multicast + p.reduction != 0
                                ? departure
                                : departure + empty_network_cycles(graph, c.router_latency_cycles, p.source,
                                                                   p.destination, c.flits_of(p.bytes));
      ASSERT_GE(arrivals[k], at_least) << "seed " << seed << ", packet " << k;
    }
    EXPECT_EQ(routers.buffered(), 0U);
    arrivals_of(calendar, t.all);
    expect_equal_books(of_calendar, of_routers, "seed " + std::to_string(seed));
    routers.drain();
    ASSERT_EQ(arrivals_of(routers, t.all), arrivals) << "a drain forgets everything, seed " << seed;
  }
}

/// The same network with its routers and links in another order.
topology shuffled(const topology& t, std::mt19937& random) {
  std::vector<std::uint32_t> router(t.routers); // new number of each
  std::vector<std::uint32_t> link(t.channels.size());
  std::iota(router.begin(), router.end(), 0U);
  std::iota(link.begin(), link.end(), 0U);
  std::ranges::shuffle(router, random);
  topology s = t;
  std::vector<std::uint32_t> old_router(t.routers);
  for (std::uint32_t r = 0; r < t.routers; ++r)
    old_router[router[r]] = r;
  for (auto& r : s.router_of)
    r = router[r];
  for (auto& c : s.channels) {
    if (c.what != channel::kind::injection)
      c.from = router[c.from];
    if (c.what != channel::kind::ejection)
      c.to = router[c.to];
  }
  s.exit_towards = [exit = t.exit_towards, old_router](std::uint32_t r, std::uint32_t node) {
    return exit(old_router[r], node);
  };
  return s;
}

TEST(router_network, the_order_of_its_routers_never_matters) {
  for (const auto& [name, configuration] : all_networks()) {
    std::mt19937 random(3);
    network_books books;
    const auto graph = topology_of(configuration);
    const auto t = random_traffic(random, graph.nodes, true);
    router_network plain(configuration, graph, books.network, nullptr);
    const auto arrivals = arrivals_of(plain, t.all);
    for (int k = 0; k < 5; ++k) {
      router_network other(configuration, shuffled(graph, random), books.network, nullptr);
      EXPECT_EQ(arrivals_of(other, t.all), arrivals) << name;
    }
  }
}

/// Routers in a circle that only sends clockwise: each link waits for the next one.
topology circle(std::uint32_t nodes) {
  topology t;
  t.nodes = nodes;
  t.routers = nodes;
  for (std::uint32_t n = 0; n < nodes; ++n)
    t.channels.push_back({n, n, channel::kind::injection});
  for (std::uint32_t n = 0; n < nodes; ++n)
    t.channels.push_back({n, n, channel::kind::ejection});
  for (std::uint32_t n = 0; n < nodes; ++n) {
    t.channels.push_back({n, (n + 1) % nodes, channel::kind::link, 1});
    t.router_of.push_back(n);
  }
  t.exit_towards = [nodes](std::uint32_t router, std::uint32_t node) {
    return router == node ? nodes + node : 2 * nodes + router;
  };
  return t;
}

TEST(router_network, reports_who_waits_for_whom_in_a_deadlock) {
  network_books books;
  routed_network_configuration c{.router = {.virtual_channels = 1, .buffer_depth = 2}};
  router_network network(c, circle(4), books.network, nullptr);
  std::vector<timed_packet> all;
  for (std::uint32_t n = 0; n < 4; ++n)
    all.push_back({packet_of(n, (n + 2) % 4, 20), 0});
  try {
    arrivals_of(network, all);
    FAIL() << "a circle without a way out must deadlock";
  } catch (const run_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("the network is deadlocked at cycle"), std::string::npos) << text;
    for (const auto* line :
         {"router 1, input from router 0, virtual channel 0: packet to node 2 waits for a virtual "
          "channel to router 2",
          "router 0, input from router 3", "router 2, input from router 1", "router 3, input from router 2"})
      EXPECT_NE(text.find(line), std::string::npos) << text;
    EXPECT_EQ(std::ranges::count(text, '\n'), 8) << "every head, and the flits behind it: " << text;
  }
}

TEST(router_network, a_node_outside_the_group_is_an_error) {
  network_books books;
  router_network network({}, books.network);
  const std::vector<std::uint32_t> group{1, 2};
  auto p = packet_of(0, 1, 3);
  p.multicast = 1;
  p.group = group;
  network.send(p, 0, 0);
  p.destination = 3;
  EXPECT_THROW(network.send(p, 0, 1), run_error);
  auto q = packet_of(3, 0, 3);
  q.reduction = 1;
  q.group = group;
  EXPECT_THROW(network.send(q, 0, 2), run_error);
}

// --- bus ----------------------------------------------------------------------------------------------------------

TEST(arbitrated_bus, empty_bus_takes_the_time_and_counts_of_the_calendar) {
  for (const std::uint32_t arbitration : {0U, 1U, 5U}) {
    const bus_configuration c{.nodes = 4, .arbitration_cycles = arbitration};
    network_books of_calendar;
    network_books of_transfers;
    bus calendar(c, of_calendar.network);
    arbitrated_bus transfers(c, of_transfers.network);
    for (const std::uint64_t flits : {2U, 9U, 100U}) {
      calendar.drain();
      transfers.drain();
      const auto p = packet_of(1, 2, flits);
      const auto took = arrivals_of(transfers, {{p, 4}}).front();
      EXPECT_EQ(took, 4 + arbitration + flits);
      EXPECT_EQ(calendar.transfer(p, {4'000'000}).count, took * 1'000'000);
    }
    expect_equal_books(of_calendar, of_transfers, "bus");
  }
}

TEST(arbitrated_bus, one_transfer_at_a_time_goes_round) {
  network_books books;
  arbitrated_bus network({.nodes = 4, .arbitration_cycles = 1}, books.network);
  std::vector<timed_packet> all;
  for (int k = 0; k < 2; ++k)
    for (std::uint32_t from = 0; from < 3; ++from)
      all.push_back({packet_of(from, 3, 5), 0});
  EXPECT_EQ(arrivals_of(network, all), (std::vector<std::int64_t>{6, 11, 16, 21, 26, 31}));
  EXPECT_EQ(network.delayed(), 5U);
}

TEST(arbitrated_bus, all_nodes_hear_a_multicast_that_is_counted_once) {
  network_books books;
  arbitrated_bus network({.nodes = 4, .arbitration_cycles = 1}, books.network);
  const std::vector<std::uint32_t> group{1, 2, 3};
  std::vector<timed_packet> all;
  for (const auto node : group) {
    auto p = packet_of(0, node, 5);
    p.multicast = 1;
    p.group = group;
    all.push_back({p, node == 3 ? 100 : 0});
  }
  EXPECT_EQ(arrivals_of(network, all), (std::vector<std::int64_t>{6, 6, 100}));
  EXPECT_EQ(books.network.counts.get(phase::forward, action::flit_hop), 5U);
}

} // namespace
} // namespace tilework::hardware
