// SPDX-License-Identifier: Apache-2.0
/// \file Uniform random traffic of a given load through a routed network, in the way that networks are usually
/// measured.
#pragma once

#include <tilework/modules/interconnect/router_network.h>

#include <cstdint>
#include <random>
#include <vector>

namespace tilework::test {

struct offered_load {
  double flits = 0.1; ///< per node and cycle
  std::uint32_t flits_per_packet = 4;
  std::int64_t warm_up = 1000;  ///< cycles, not measured
  std::int64_t measured = 3000; ///< cycles
  unsigned seed = 1;
};

struct load_result {
  double accepted = 0;       ///< flits that arrived, per node and cycle
  double mean_latency = 0;   ///< cycles from the making of a packet to its tail, of packets that arrived
  double mean_under_way = 0; ///< packets, over the measured cycles
  double made = 0;           ///< packets per cycle
  std::uint64_t flit_hops = 0;
};

/// In every cycle each node makes a packet with the same probability (Bernoulli), for any other node with equal
/// probability; half of them are responses. Source queues are unlimited. All is over when the measured cycles are.
inline load_result run_load(hardware::router_network& network, const offered_load& load) {
  std::mt19937_64 random(load.seed);
  std::bernoulli_distribution makes(load.flits / load.flits_per_packet);
  std::bernoulli_distribution responds(0.5);
  std::uniform_int_distribution<std::uint32_t> other(1, network.nodes() - 1);
  std::vector<std::int64_t> made_at;
  load_result result;
  std::uint64_t arrived = 0;
  double latencies = 0;
  std::int64_t under_way = 0;
  double under_way_sum = 0;
  std::uint64_t made = 0;
  const auto end = load.warm_up + load.measured;
  for (std::int64_t now = 0; now < end; ++now) {
    for (std::uint32_t n = 0; n < network.nodes(); ++n) {
      if (!makes(random))
        continue;
      hardware::packet p{n, (n + other(random)) % network.nodes(), 8 * (load.flits_per_packet - 1), phase::forward};
      p.response = responds(random);
      network.send(p, now, made_at.size());
      made_at.push_back(now);
      ++under_way;
      made += now >= load.warm_up ? 1 : 0;
    }
    if (network.next() == now)
      network.step();
    if (now >= load.warm_up) // arrivals of this step are at the end of this cycle or later
      under_way_sum += static_cast<double>(under_way);
    for (const auto& a : network.arrivals()) {
      --under_way;
      if (a.at <= load.warm_up)
        continue;
      ++arrived;
      latencies += static_cast<double>(a.at - made_at[a.ticket]);
    }
    network.arrivals().clear();
  }
  const auto cycles = static_cast<double>(load.measured);
  result.accepted = static_cast<double>(arrived) * load.flits_per_packet / cycles / network.nodes();
  result.mean_latency = latencies / static_cast<double>(arrived);
  result.mean_under_way = under_way_sum / cycles;
  result.made = static_cast<double>(made) / cycles;
  result.flit_hops = network.flit_hops();
  return result;
}

} // namespace tilework::test
