// SPDX-License-Identifier: Apache-2.0
// How far the calendar is from the routers, by load: the table of docs/timing-model.md. Print it with
//     build/release/tests/unit/modules/modules_test --gtest_filter=error_band.*
#include "networks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

namespace tilework::hardware {
namespace {

using test::timed_packet;

constexpr int patterns = 200;
constexpr std::size_t packets = 300;

routed_network_configuration random_network(std::mt19937_64& random) {
  const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  routed_network_configuration c;
  const auto kind = below(4);
  if (kind < 2)
    c.shape = mesh_shape{2 + below(7), 2 + below(7)};
  else if (kind == 2)
    c.shape = tree_shape{4 + below(29), 2 + below(4)};
  else {
    const auto nodes = 3 + below(14);
    c.shape = tree_shape{nodes, nodes};
  }
  return c; // two virtual channels, buffers of 8 flits
}

/// Packets of one pattern, one after the other: everywhere, from and to a hub (what a machine does), to a few, or from
/// every node to one other.
std::vector<packet> random_packets(std::mt19937_64& random, std::uint32_t nodes) {
  const auto below = [&random](std::uint64_t n) { return static_cast<std::uint32_t>(random() % n); };
  const auto kind = below(4);
  const auto longest = 2 + below(64);
  const auto shift = 1 + below(nodes - 1);
  std::vector<packet> all;
  for (std::size_t k = 0; k < packets; ++k) {
    auto from = below(nodes);
    auto to = (from + 1 + below(nodes - 1)) % nodes;
    if (kind == 1 && below(2) == 0)
      from = 0;
    else if (kind == 1)
      to = 0;
    else if (kind == 2 && below(2) == 0)
      to = below(std::min(nodes, 3U));
    else if (kind == 3)
      to = (from + shift) % nodes;
    auto p = test::packet_of(from, to, 2 + below(longest));
    p.response = below(2) == 0;
    all.push_back(p);
  }
  return all;
}

/// Flits over the busiest channel.
double busiest(const topology& t, const routed_network_configuration& c, const std::vector<packet>& all) {
  std::vector<std::uint64_t> flits(t.channels.size());
  for (const auto& p : all) {
    flits[t.injection_port(p.source)] += c.flits_of(p.bytes);
    for (auto router = t.router_of[p.source];;) {
      const auto exit = t.exit_towards(router, p.destination);
      flits[exit] += c.flits_of(p.bytes);
      if (t.is_ejection(exit))
        break;
      router = t.channels[exit].to;
    }
  }
  return static_cast<double>(*std::ranges::max_element(flits));
}

/// Poisson departures, so many that the busiest channel has this load.
std::vector<timed_packet> timed(std::mt19937_64& random, const std::vector<packet>& all, double cycles) {
  std::exponential_distribution<double> gap(static_cast<double>(all.size()) / cycles);
  std::vector<timed_packet> result;
  double now = 0;
  for (const auto& p : all)
    result.push_back({p, static_cast<std::int64_t>(now += gap(random))});
  return result;
}

struct errors {
  std::vector<double> latency; ///< of the calendar's mean latency, relative to the routers'
  std::vector<double> end;     ///< same of the time of the last arrival
  [[nodiscard]] static double mean(const std::vector<double>& all) {
    double sum = 0;
    for (const auto e : all)
      sum += e;
    return sum / static_cast<double>(all.size());
  }
  /// Of the absolute values.
  [[nodiscard]] static double quantile(std::vector<double> all, double share) {
    for (auto& e : all)
      e = std::abs(e);
    std::ranges::sort(all);
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  }
};

errors errors_at(double load) {
  errors found;
  for (unsigned seed = 0; seed < patterns; ++seed) {
    std::mt19937_64 random(seed);
    const auto c = random_network(random);
    const auto t = topology_of(c);
    const auto all = random_packets(random, t.nodes);
    const auto traffic = timed(random, all, busiest(t, c, all) / load);
    test::network_books books;
    calendar_network calendar(c, books.network);
    router_network routers(c, books.network);
    const auto booked = test::arrivals_of(calendar, traffic);
    const auto routed = test::arrivals_of(routers, traffic);
    double booked_sum = 0;
    double routed_sum = 0;
    for (std::size_t k = 0; k < traffic.size(); ++k) {
      booked_sum += static_cast<double>(booked[k] - traffic[k].departure);
      routed_sum += static_cast<double>(routed[k] - traffic[k].departure);
    }
    found.latency.push_back(booked_sum / routed_sum - 1);
    found.end.push_back(static_cast<double>(*std::ranges::max_element(booked)) /
                            static_cast<double>(*std::ranges::max_element(routed)) -
                        1);
  }
  return found;
}

TEST(error_band, of_the_calendar_by_load) {
  std::puts("| load of the busiest channel | mean latency: mean error | median | 95 % within | worst | "
            "last arrival: 95 % within | worst |\n|---|---|---|---|---|---|---|");
  double before = 0;
  for (const double load : {0.1, 0.2, 0.3, 0.4, 0.6, 0.8}) {
    const auto e = errors_at(load);
    const auto mean = errors::mean(e.latency);
    EXPECT_LT(mean, before) << "the calendar is faster, and the more so the higher the load";
    before = mean;
    if (load < 0.4) {
      EXPECT_GT(mean, -0.05) << load;
      EXPECT_LT(errors::quantile(e.latency, 0.95), 0.1) << load;
      EXPECT_LT(errors::quantile(e.end, 1), 0.02) << load;
    }
    std::printf("| %.0f %% | %+.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% |\n", 100 * load, 100 * mean,
                100 * errors::quantile(e.latency, 0.5), 100 * errors::quantile(e.latency, 0.95),
                100 * errors::quantile(e.latency, 1), 100 * errors::quantile(e.end, 0.95),
                100 * errors::quantile(e.end, 1));
  }
}

} // namespace
} // namespace tilework::hardware
