// SPDX-License-Identifier: Apache-2.0
// What bound management costs: forward products of a 512 x 512 array whose largest output needs 0 to 3 repeats. An
// iterative round halves the inputs, so the output bound of every case lies between two halvings of that output.
#include "support/run_benchmarks.h"
#include "support/workload.h"

#include <tilework/physics/devices/ideal.h>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr array_shape shape{512, 512};
constexpr std::uint32_t most_vectors = 64;

/// Every vector of a burst is the same: an output bound then means one number of rounds for all.
std::vector<float> equal_inputs() {
  const auto o = make_operands(operand_kind::a, shape);
  std::vector<float> in;
  for (std::uint32_t v = 0; v < most_vectors; ++v)
    in.insert(in.end(), o.x.begin(), o.x.begin() + shape.inputs);
  return in;
}

/// Largest |W x| with x scaled to the range of the DAC, without noise and converters.
float largest_output(const std::vector<float>& weights, const float* x) {
  const float scale =
      std::abs(*std::max_element(x, x + shape.inputs, [](float p, float q) { return std::abs(p) < std::abs(q); }));
  float largest = 0;
  for (std::size_t o = 0; o < shape.outputs; ++o) {
    float sum = 0;
    for (std::size_t i = 0; i < shape.inputs; ++i)
      sum += weights[o * shape.inputs + i] * x[i] / scale;
    largest = std::max(largest, std::abs(sum));
  }
  return largest;
}

io_parameters io_for(float largest, int repeats) {
  io_parameters io;
  const float noise_per_bound = io.out_noise / io.out_bound;
  io.out_bound = .75F * largest * std::exp2(static_cast<float>(1 - repeats));
  io.out_noise = noise_per_bound * io.out_bound;
  return io;
}

void product(benchmark::State& state, int repeats, std::uint32_t burst) {
  const auto in = equal_inputs();
  const auto weights = bulk_weights(shape);
  array_parameters p;
  p.isa = chosen_instruction_set();
  p.forward = io_for(largest_output(weights, in.data()), repeats);
  p.device = ideal{};
  analog_array array(shape, p, 1, {}, burst);
  array.set_weights(weights);
  std::vector<float> out(std::size_t{burst} * shape.outputs);
  std::uint64_t vector = 0;
  std::uint64_t passes = 0;
  for (auto _ : state) {
    array.begin_mvm(mvm_direction::forward, {in.data(), burst, shape.inputs, shape.inputs},
                    {out.data(), burst, shape.outputs, shape.outputs}, vector, false);
    passes += finish(array).passes();
    vector += burst;
  }
  if (passes != vector * static_cast<std::uint64_t>(repeats + 1))
    state.SkipWithError("other rounds than the bound was chosen for");
  state.counters["vector"] =
      benchmark::Counter(static_cast<double>(vector), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void register_products() {
  for (const std::uint32_t burst : {1U, most_vectors})
    for (int repeats = 0; repeats <= 3; ++repeats)
      benchmark::RegisterBenchmark(
          ("forward/burst:" + std::to_string(burst) + "/repeats:" + std::to_string(repeats)).c_str(),
          [=](benchmark::State& state) { product(state, repeats, burst); });
}

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  return tilework::run_benchmarks(argc, argv, tilework::physics::register_products);
}
