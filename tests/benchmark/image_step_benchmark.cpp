// SPDX-License-Identifier: Apache-2.0
// The values of whole training steps without the simulation around them: useful under a profiler.
#include "support/run_benchmarks.h"
#include "support/workload.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace tilework::physics {
namespace {

/// Shape of one step of batch-1 training on 28 x 28 images: 784-256-128-10; no backward product of the first layer.
void image_step(benchmark::State& state) {
  array_parameters p;
  p.isa = chosen_instruction_set();
  const std::vector<array_shape> shapes{{784, 256}, {256, 128}, {128, 10}};
  const std::vector<float> error_scale{.005F, .02F, .1F};
  std::vector<std::unique_ptr<analog_array>> arrays;
  std::vector<update_operands> data;
  std::vector<std::vector<float>> out;
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    arrays.push_back(
        std::make_unique<analog_array>(shapes[l], p, 1, logical_array{.layer = static_cast<std::uint16_t>(l)}, 1));
    data.push_back(make_operands(operand_kind::c, shapes[l]));
    if (l > 0)
      for (std::size_t i = 0; i < data[l].x.size(); ++i)
        data[l].x[i] = .3F + .4F * static_cast<float>(i % 7) / 6;
    for (auto& v : data[l].d)
      v *= error_scale[l] / .01F;
    out.emplace_back(std::max(shapes[l].inputs, shapes[l].outputs));
  }
  std::uint64_t vector = 0;
  for (auto _ : state) {
    const float learning_rate = vector / distinct_vectors % 2 == 0 ? .05F : -.05F; // keeps weights in the bulk
    const auto v = vector++ % distinct_vectors;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
      const auto [inputs, outputs] = shapes[l];
      const const_burst x{data[l].x.data() + v * inputs, 1, inputs, inputs};
      const const_burst d{data[l].d.data() + v * outputs, 1, outputs, outputs};
      arrays[l]->begin_mvm(mvm_direction::forward, x, {out[l].data(), 1, outputs, outputs}, vector, false);
      finish(*arrays[l]);
      if (l > 0) {
        arrays[l]->begin_mvm(mvm_direction::backward, d, {out[l].data(), 1, inputs, inputs}, vector, false);
        finish(*arrays[l]);
      }
      arrays[l]->begin_update(x, d, learning_rate, vector);
      finish(*arrays[l]);
    }
  }
  state.counters["epoch_s"] = benchmark::Counter(static_cast<double>(vector) / 60'000,
                                                 benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void register_image_step() {
  benchmark::RegisterBenchmark("image_step", image_step);
}

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  return tilework::run_benchmarks(argc, argv, tilework::physics::register_image_step);
}
