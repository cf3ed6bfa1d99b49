// SPDX-License-Identifier: Apache-2.0
// Networks under load against queueing theory and published figures; all seeds are fixed.
#include "networks.h"
#include "support/offered_load.h"

#include <tilework/tlm/resource_calendar.h>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tilework::hardware {
namespace {

using test::load_result;
using test::network_books;
using test::offered_load;

/// Means of parts of a long run, which are nearly independent: 20 parts of 20,000 arrivals.
struct estimate {
  double mean = 0;
  double standard_error = 0;
};

estimate estimated(const std::vector<double>& parts) {
  estimate e;
  const auto n = static_cast<double>(parts.size());
  for (const auto part : parts)
    e.mean += part / n;
  double squares = 0;
  for (const auto part : parts)
    squares += (part - e.mean) * (part - e.mean);
  e.standard_error = std::sqrt(squares / (n - 1) / n);
  return e;
}

/// M/D/1: Poisson arrivals that one server works on for the same time each. Mean wait = load x service / (2 (1 -
/// load)). The test fails a right calendar if the mean of 20 parts is more than 5 standard errors off, two-sided
/// Student t with 19 degrees of freedom: once in 12,000, for any seed; the seed is fixed.
TEST(calendar, makes_poisson_arrivals_wait_as_long_as_theory_says) {
  constexpr std::int64_t service = 1'000'000;
  for (const double load : {0.2, 0.5, 0.8}) {
    std::mt19937_64 random(5);
    std::exponential_distribution<double> gap(load / static_cast<double>(service));
    transaction::resource_calendar unit;
    std::vector<double> parts;
    double now = 0;
    double whole_wait = 0;
    for (int part = 0; part < 20; ++part) {
      double waits = 0;
      constexpr int arrivals = 20'000;
      for (int k = 0; k < arrivals; ++k) {
        now += gap(random);
        const femtoseconds at{std::llround(now)};
        waits += static_cast<double>((unit.reserve(at, {service}) - at).count);
      }
      whole_wait += waits;
      parts.push_back(waits / arrivals);
    }
    const auto found = estimated(parts);
    const auto theory = load * service / (2 * (1 - load));
    EXPECT_NEAR(found.mean, theory, 5 * found.standard_error) << load;
    EXPECT_LT(found.standard_error, 0.03 * theory) << "the test must be able to fail";
  }
}

/// The same in the router model: one node of a crossbar sends packets of 20 flits to another one.
TEST(router_network, makes_poisson_arrivals_wait_as_long_as_theory_says) {
  constexpr std::int64_t flits = 400;
  for (const double load : {0.3, 0.7}) {
    std::mt19937_64 random(6);
    std::exponential_distribution<double> gap(load / static_cast<double>(flits));
    network_books books;
    router_network network({.shape = tree_shape{2, 2}, .router = {.virtual_channels = 1}}, books.network);
    const auto alone = empty_network_cycles(topology_of({.shape = tree_shape{2, 2}}), 2, 0, 1, flits);
    std::vector<double> parts;
    double now = 0;
    for (int part = 0; part < 20; ++part) {
      std::vector<test::timed_packet> all;
      for (int k = 0; k < 1'000; ++k) {
        now += gap(random);
        all.push_back({test::packet_of(0, 1, flits), static_cast<std::int64_t>(now)});
      }
      const auto arrivals = test::arrivals_of(network, all);
      double waits = 0;
      for (std::size_t k = 0; k < all.size(); ++k)
        waits += static_cast<double>(arrivals[k] - all[k].departure - alone);
      parts.push_back(waits / static_cast<double>(all.size()));
      now = std::max(now, static_cast<double>(arrivals.back())); // parts are apart
    }
    const auto found = estimated(parts);
    const auto theory = load * flits / (2 * (1 - load));
    EXPECT_NEAR(found.mean, theory, 5 * found.standard_error + 1) << load; // whole cycles
    EXPECT_LT(found.standard_error, 0.08 * theory);
  }
}

routed_network_configuration mesh_8x8(std::uint32_t virtual_channels) {
  return {.shape = mesh_shape{8, 8}, .router = {.virtual_channels = virtual_channels, .buffer_depth = 8}};
}

load_result loaded(std::uint32_t virtual_channels, double flits, std::int64_t measured = 2000) {
  network_books books;
  router_network network(mesh_8x8(virtual_channels), books.network);
  return test::run_load(network, {.flits = flits, .measured = measured});
}

/// Little's law: packets under way = rate x mean latency. Exact but for the packets at both ends of the measurement.
TEST(router_network, obeys_littles_law) {
  for (const double flits : {0.1, 0.25}) {
    const auto r = loaded(2, flits, 20'000);
    EXPECT_NEAR(r.mean_under_way, r.made * r.mean_latency, 0.01 * r.mean_under_way) << flits;
  }
}

/// Half of all packets cross the middle of the mesh, whose 8 links one way carry 8 flits per cycle: 64 nodes x load
/// x 32 / 63 / 2 <= 8. With dimension-ordered routing the links of the middle are the busiest.
constexpr double bound = 8 * 2 * 63.0 / (64 * 32);

TEST(router_network, saturates_an_8x8_mesh_where_published_routers_do) {
  // Packets of 4 flits, Bernoulli, uniform over the other nodes. Textbook and simulator papers (docs/timing-model.md)
  // have such routers between 60 and 90 % of the bound, more virtual channels being better.
  double less = 0.60 * bound;
  for (const std::uint32_t virtual_channels : {1U, 2U, 4U}) {
    const auto r = loaded(virtual_channels, 0.6);
    EXPECT_GT(r.accepted, less) << virtual_channels;
    EXPECT_LT(r.accepted, 0.90 * bound) << virtual_channels;
    less = r.accepted;
    const auto twice = loaded(virtual_channels, 0.9);
    EXPECT_NEAR(twice.accepted, r.accepted, 0.02) << "more offered load neither helps nor hurts";
  }
}

TEST(router_network, latency_rises_with_load_slowly_and_then_steeply) {
  const auto t = topology_of(mesh_8x8(2));
  double empty = 0;
  for (std::uint32_t to = 0; to < 64; ++to)
    for (std::uint32_t from = 0; from < 64; ++from)
      if (from != to)
        empty += static_cast<double>(empty_network_cycles(t, 2, from, to, 4)) / (64 * 63);
  struct point {
    double flits;
    double least; ///< mean latency, in that of the empty mesh
    double most;
  };
  double before = 0; // the lightest load differs from the empty mesh by which pairs are drawn
  for (const auto& [flits, least, most] :
       {point{0.02, 0.98, 1.02}, {0.1, 1, 1.1}, {0.2, 1, 1.3}, {0.3, 1.2, 2}, {0.36, 1.5, 6}, {0.45, 5, 100}}) {
    const auto r = loaded(2, flits);
    EXPECT_GT(r.mean_latency, before) << flits;
    EXPECT_GT(r.mean_latency, least * empty) << flits;
    EXPECT_LT(r.mean_latency, most * empty) << flits;
    before = r.mean_latency;
  }
}

} // namespace
} // namespace tilework::hardware
