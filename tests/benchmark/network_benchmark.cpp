// SPDX-License-Identifier: Apache-2.0
// What a hop costs the simulator: uniform random traffic of 4-flit packets on an 8 x 8 mesh, by virtual channels and
// offered load in percent of a flit per node and cycle. "s_per_flit_hop" includes making the traffic of the routers.
#include "support/offered_load.h"

#include <tilework/modules/interconnect/calendar_network.h>

#include <benchmark/benchmark.h>

namespace tilework::hardware {
namespace {

void per_hop(benchmark::State& state, std::uint64_t flit_hops) {
  state.counters["s_per_flit_hop"] =
      benchmark::Counter(static_cast<double>(flit_hops), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void routers(benchmark::State& state) {
  const routed_network_configuration c{.shape = mesh_shape{8, 8},
                                       .router = {.virtual_channels = static_cast<std::uint32_t>(state.range(0))}};
  const test::offered_load load{.flits = static_cast<double>(state.range(1)) / 100};
  ledger books;
  auto& account = books.open("network", component_kind::network, 64);
  std::uint64_t flit_hops = 0;
  for (auto _ : state) {
    router_network network(c, account);
    flit_hops += test::run_load(network, load).flit_hops;
  }
  per_hop(state, flit_hops);
}
BENCHMARK(routers)->ArgsProduct({{1, 2, 4}, {10, 20, 30, 50}})->Unit(benchmark::kMillisecond);

void calendar(benchmark::State& state) {
  ledger books;
  auto& account = books.open("network", component_kind::network, 64);
  calendar_network network({.shape = mesh_shape{8, 8}}, account);
  std::uint32_t n = 0;
  std::int64_t now = 0;
  for (auto _ : state) {
    n = n * 1'664'525 + 1'013'904'223;
    benchmark::DoNotOptimize(network.transfer({n >> 26U, n >> 20U & 63U, 24, phase::forward}, {now += 312'500}));
    if (now > 1'000'000'000) { // as often as a step ends
      network.drain();
      now = 0;
    }
  }
  per_hop(state, account.counts.get(phase::forward, action::flit_hop));
}
BENCHMARK(calendar);

} // namespace
} // namespace tilework::hardware

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
