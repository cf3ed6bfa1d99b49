// SPDX-License-Identifier: Apache-2.0
// What the transaction layer itself costs per operation. Targets: 60 ns loosely timed, 500 ns approximately timed on
// the kernel, 10 ns for a reservation at the end of a calendar. All timing is done around whole batches, in CPU time of
// this process.
#include <tilework/tlm/agenda.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/payload_pool.h>
#include <tilework/tlm/resource_calendar.h>
#include <tilework/tlm/time.h>

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace tilework::transaction {
namespace {

constexpr std::int64_t batch = 10'000;

/// A target that books one unit.
class one_unit final : public schedulable {
public:
  explicit one_unit(timeline& time) {
    time.on_drain([this] { unit_.clear(); });
  }
  booking schedule(::tlm::tlm_generic_payload& /*payload*/, femtoseconds arrival) override {
    const auto start = unit_.reserve(arrival, {700});
    return {start, start + femtoseconds{700}, start + femtoseconds{1500}};
  }

private:
  resource_calendar unit_;
};

/// One initiator, one target, no checker. Approximately timed it keeps `window` requests in flight.
class pair_of_modules {
public:
  explicit pair_of_modules(agenda* ahead = nullptr)
      : time_(ahead),
        model_(time_),
        initiator_(
            "initiator", [this](::tlm::tlm_generic_payload&) { send_next(); }, ahead),
        target_("target", time_, model_, 4) {
    initiator_.socket.bind(target_.socket);
  }

  void run_loosely_timed() {
    femtoseconds now = time_.now();
    for (std::int64_t i = 0; i < batch; ++i) {
      const auto t = pool_.acquire();
      initiator_.transport(t.payload(), now);
    }
    time_.drain({0});
  }
  void run_approximately_timed(std::int64_t window) {
    remaining_ = batch;
    for (std::int64_t i = 0; i < window; ++i)
      send_next();
    if (auto* const ahead = time_.ahead())
      while (ahead->advance())
        ;
    else
      sc_core::sc_start();
    time_.drain(time_.now());
  }

private:
  void send_next() {
    if (remaining_ == 0)
      return;
    --remaining_;
    initiator_.send(pool_.acquire().payload());
  }

  timeline time_;
  payload_pool pool_;
  one_unit model_;
  four_phase_initiator initiator_;
  four_phase_target target_;
  std::int64_t remaining_ = 0;
};

void calendar_append(benchmark::State& state) {
  resource_calendar unit;
  for (auto _ : state) {
    unit.clear();
    for (std::int64_t i = 0; i < batch; ++i)
      benchmark::DoNotOptimize(unit.reserve({i * 20}, {10 + (i & 1) * 10}));
  }
  state.SetItemsProcessed(state.iterations() * batch);
}

void calendar_gap(benchmark::State& state) {
  resource_calendar unit;
  for (auto _ : state) {
    state.PauseTiming();
    unit.clear();
    for (std::int64_t i = 0; i < 20; ++i)
      unit.reserve({i * 1000}, {500});
    state.ResumeTiming();
    for (std::int64_t i = 0; i < 100; ++i)
      benchmark::DoNotOptimize(unit.reserve({(i * 7919) % 19'000}, {3}));
  }
  state.SetItemsProcessed(state.iterations() * 100);
}

void pool(benchmark::State& state) {
  payload_pool payloads;
  for (auto _ : state)
    benchmark::DoNotOptimize(payloads.acquire());
  state.SetItemsProcessed(state.iterations());
}

} // namespace
} // namespace tilework::transaction

int sc_main(int /*argc*/, char* /*argv*/[]) {
  using namespace tilework::transaction;
  use_femtosecond_resolution();
  pair_of_modules modules;
  agenda ahead;
  pair_of_modules modules_ahead(&ahead);
  benchmark::RegisterBenchmark("calendar/append", calendar_append);
  benchmark::RegisterBenchmark("calendar/fill_gap_of_20", calendar_gap);
  benchmark::RegisterBenchmark("payload_pool/acquire_release", pool);
  benchmark::RegisterBenchmark("operation/loosely_timed", [&modules](benchmark::State& state) {
    for (auto _ : state)
      modules.run_loosely_timed();
    state.SetItemsProcessed(state.iterations() * batch);
  });
  benchmark::RegisterBenchmark("operation/approximately_timed",
                               [&modules](benchmark::State& state) {
                                 for (auto _ : state)
                                   modules.run_approximately_timed(state.range(0));
                                 state.SetItemsProcessed(state.iterations() * batch);
                               })
      ->ArgName("window")
      ->Arg(1)
      ->Arg(16)
      ->Arg(64)
      ->Arg(1000);
  benchmark::RegisterBenchmark("operation/ahead_of_the_kernel",
                               [&modules_ahead](benchmark::State& state) {
                                 for (auto _ : state)
                                   modules_ahead.run_approximately_timed(state.range(0));
                                 state.SetItemsProcessed(state.iterations() * batch);
                               })
      ->ArgName("window")
      ->Arg(1)
      ->Arg(64);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

int main(int argc, char* argv[]) {
  benchmark::Initialize(&argc, argv);
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
  return sc_core::sc_elab_and_sim(argc, argv);
}
