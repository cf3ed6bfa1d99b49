// SPDX-License-Identifier: Apache-2.0
// What a transfer between arrays costs per vector: one line of a 784 x 256 array read, one written, on one thread.
// "epoch_s" is the time of one read and one write for each of 180,000 vectors and layers.
#include "support/run_benchmarks.h"
#include "support/workload.h"

#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/soft_bounds_reference.h>

#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

namespace tilework::physics {
namespace {

constexpr array_shape shape{784, 256};
constexpr double transfers = 180'000;

array_parameters parameters() {
  array_parameters p;
  p.device = soft_bounds_reference{};
  p.isa = chosen_instruction_set();
  return p;
}

void read_line(benchmark::State& state, line_side side) {
  analog_array array(shape, parameters(), 1, {}, 1);
  array.set_weights(bulk_weights(shape));
  const std::uint32_t length = length_of(shape, side);
  std::vector<float> out(length);
  std::uint32_t n = 0;
  for (auto _ : state) {
    array.begin_read_line(side, n, {out.data(), 1, length, length}, n);
    finish(array);
    ++n;
  }
  state.counters["epoch_s"] =
      benchmark::Counter(n / transfers, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// \param every how many elements there are for one that gets a pulse
void write_line(benchmark::State& state, line_side side, std::uint32_t every) {
  analog_array array(shape, parameters(), 1, {}, 1);
  const std::uint32_t length = length_of(shape, side);
  std::vector<float> counts(length);
  for (std::uint32_t k = 0; k < length; k += every)
    counts[k] = k % 3 == 0 ? 1.0F : -1.0F;
  std::uint32_t n = 0;
  for (auto _ : state) {
    const float rate = n / lines_of(shape, side) % 2 == 0 ? array.granularity() : -array.granularity();
    array.begin_write_line(side, n, {counts.data(), 1, length, length}, rate, n);
    finish(array);
    ++n;
  }
  state.counters["epoch_s"] =
      benchmark::Counter(n / transfers, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void register_lines() {
  for (const auto& [name, side] : {std::pair{"inputs", line_side::inputs}, {"outputs", line_side::outputs}}) {
    benchmark::RegisterBenchmark((std::string("read_line/") + name).c_str(), read_line, side);
    for (const std::uint32_t every : {1U, 20U})
      benchmark::RegisterBenchmark((std::string("write_line/") + name + "/one_of:" + std::to_string(every)).c_str(),
                                   write_line, side, every);
  }
}

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  return tilework::run_benchmarks(argc, argv, tilework::physics::register_lines);
}
