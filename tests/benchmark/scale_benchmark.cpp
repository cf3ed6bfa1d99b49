// SPDX-License-Identifier: Apache-2.0
// How elaboration and operations grow with the tiles of a machine: the same two arrays on meshes of 4 x 4 to 64 x 64.
#include <tilework/physics/devices/constant_step.h>
#include <tilework/platforms/machine.h>

#include <benchmark/benchmark.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace tilework {
namespace {

constexpr std::uint32_t lines = 4;
constexpr std::uint64_t steps = 20'000;

struct no_samples final : sample_memory {
  [[nodiscard]] std::uint32_t bytes_per_sample() const override { return 0; }
  void load(const step_context& /*context*/, mutable_burst /*x*/, mutable_burst /*labels*/) const override {}
  void load_weights(std::uint32_t /*array*/, mutable_burst /*weights*/) const override {}
};

/// Forward and backward through two arrays, again and again.
class products final : public step_source {
public:
  explicit products(operand_arena& arena) {
    std::array<std::uint32_t, 3> slots{};
    for (auto& slot : slots)
      slot = arena.add(1, lines);
    arena.allocate();
    for (std::uint32_t a = 0; a < 2; ++a)
      append(operation_kind::forward_mvm, a, slots.at(a), slots.at(a + 1));
    for (std::uint32_t a = 2; a-- > 0;)
      append(operation_kind::backward_mvm, a, slots.at(a + 1), slots.at(a));
  }
  std::optional<step> next() override {
    return done_ == steps ? std::nullopt : std::optional(step{&program_, {.step = done_, .first_vector = done_}});
  }
  void finished(const step& /*done*/) override { ++done_; }
  [[nodiscard]] std::size_t operations() const { return program_.size(); }

private:
  void append(operation_kind kind, std::uint32_t array, std::uint32_t from, std::uint32_t to) {
    operation op{.kind = kind, .phase = phase::forward, .array = array, .vectors = 1};
    op.inputs[0] = {from, 0, lines};
    op.outputs[0] = {to, 0, lines};
    program_.append(op);
  }
  step_program program_;
  std::uint64_t done_ = 0;
};

struct figures {
  double elaboration_s = 0;
  double operation_s = 0;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

figures measure(std::uint32_t side) {
  platform::machine_configuration configuration;
  configuration.tile.inputs = configuration.tile.outputs = lines;
  configuration.tile.dac.slot = configuration.tile.adc.cycle = {1'000'000};
  configuration.interconnect = hardware::routed_network_configuration{.shape = hardware::mesh_shape{side, side}};
  operand_arena arena;
  products source(arena);
  const no_samples samples;
  worker_pool pool(1);
  const physics::array_parameters parameters{.device = physics::constant_step{}};
  const std::array regions{array_region{.id = {.layer = 0}, .inputs = lines, .outputs = lines, .tile = 1},
                           array_region{.id = {.layer = 1}, .inputs = lines, .outputs = lines, .tile = 6}};
  const auto begin = std::chrono::steady_clock::now();
  platform::machine machine(configuration, {.arrays = regions,
                                            .parameters = {&parameters, 1},
                                            .source = source,
                                            .samples = samples,
                                            .arena = arena,
                                            .pool = pool});
  figures f;
  f.elaboration_s = seconds_since(begin);
  const auto started = std::chrono::steady_clock::now();
  machine.run();
  f.operation_s = seconds_since(started) / static_cast<double>(steps * source.operations());
  return f;
}

/// The kernel elaborates once per process.
figures in_child(std::uint32_t side) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0)
    throw std::runtime_error("no pipe");
  const auto child = ::fork();
  if (child == 0) {
    const auto f = measure(side);
    ::_exit(::write(ends[1], &f, sizeof f) == sizeof f ? 0 : 1);
  }
  ::close(ends[1]);
  figures f;
  const bool complete = ::read(ends[0], &f, sizeof f) == sizeof f;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (!complete)
    throw std::runtime_error("a machine could not be measured");
  return f;
}

void add_benchmark(const std::string& what, std::uint32_t side, double figures::*member) {
  benchmark::RegisterBenchmark((what + "/tiles:" + std::to_string(side * side)).c_str(),
                               [side, member](benchmark::State& state) {
                                 for (auto _ : state)
                                   state.SetIterationTime(in_child(side).*member);
                               })
      ->UseManualTime()
      ->Iterations(3)
      ->Unit(benchmark::kNanosecond);
}

void register_scales() {
  for (const std::uint32_t side : {4U, 16U, 64U}) {
    add_benchmark("elaboration", side, &figures::elaboration_s);
    add_benchmark("operation", side, &figures::operation_s);
  }
}

} // namespace
} // namespace tilework

int sc_main(int /*argc*/, char* /*argv*/[]) {
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  tilework::register_scales();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

int main(int argc, char* argv[]) {
  benchmark::Initialize(&argc, argv);
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
  return sc_core::sc_elab_and_sim(argc, argv);
}
