// SPDX-License-Identifier: Apache-2.0
// What other figures are compared with: memory copies in and out of the cache, and the dense products that a training
// step needs in floating point (forward, backward but for the first layer, gradient into the
// weights).
#include "support/run_benchmarks.h"
#include "support/workload.h"

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

/// Both buffers start at a cache line, half a page apart: how fast a copy is depends on both.
void copy(benchmark::State& state) {
  constexpr std::size_t line = 64;
  constexpr std::size_t page = 4096;
  const auto bytes = static_cast<std::size_t>(state.range(0));
  std::vector<char> room(2 * bytes + 2 * page, 1);
  void* start = room.data();
  std::size_t space = room.size();
  const char* from = static_cast<char*>(std::align(line, 2 * bytes + page, start, space));
  char* to = static_cast<char*>(start) + bytes + page / 2;
  for (auto _ : state) {
    std::memcpy(to, from, bytes);
    benchmark::DoNotOptimize(to);
    benchmark::ClobberMemory();
  }
  state.counters["byte"] = benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(bytes),
                                              benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

struct layer {
  int inputs;
  int outputs;
  std::vector<float> weights;
  std::vector<float> x; ///< batch x inputs
  std::vector<float> d; ///< batch x outputs
};

std::vector<layer> make_layers(std::span<const int> neurons, int batch) {
  std::vector<layer> layers;
  for (std::size_t l = 0; l + 1 < neurons.size(); ++l) {
    const int inputs = neurons[l];
    const int outputs = neurons[l + 1];
    const array_shape shape{static_cast<std::uint32_t>(inputs), static_cast<std::uint32_t>(outputs)};
    auto o = make_operands(operand_kind::c, shape);
    layers.push_back({inputs, outputs, bulk_weights(shape), std::move(o.x), std::move(o.d)});
    layers.back().x.resize(static_cast<std::size_t>(batch) * shape.inputs);
    layers.back().d.resize(static_cast<std::size_t>(batch) * shape.outputs);
  }
  return layers;
}

void step_of_one(layer& l, bool first) {
  cblas_sgemv(CblasRowMajor, CblasNoTrans, l.outputs, l.inputs, 1, l.weights.data(), l.inputs, l.x.data(), 1, 0,
              l.d.data(), 1);
  if (!first)
    cblas_sgemv(CblasRowMajor, CblasTrans, l.outputs, l.inputs, 1, l.weights.data(), l.inputs, l.d.data(), 1, 0,
                l.x.data(), 1);
  cblas_sger(CblasRowMajor, l.outputs, l.inputs, -1e-9F, l.d.data(), 1, l.x.data(), 1, l.weights.data(), l.inputs);
}

void step_of_batch(layer& l, bool first, int batch) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, batch, l.outputs, l.inputs, 1, l.x.data(), l.inputs,
              l.weights.data(), l.inputs, 0, l.d.data(), l.outputs);
  if (!first)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, batch, l.inputs, l.outputs, 1, l.d.data(), l.outputs,
                l.weights.data(), l.inputs, 0, l.x.data(), l.inputs);
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, l.outputs, l.inputs, batch, -1e-9F, l.d.data(), l.outputs,
              l.x.data(), l.inputs, 1, l.weights.data(), l.inputs);
}

void training_step(benchmark::State& state, std::span<const int> neurons, int batch) {
  const auto fresh = make_layers(neurons, batch);
  auto layers = fresh;
  for (auto _ : state)
    for (std::size_t l = 0; l < layers.size(); ++l) {
      std::memcpy(layers[l].x.data(), fresh[l].x.data(), fresh[l].x.size() * sizeof(float)); // as an activation would
      if (batch == 1)
        step_of_one(layers[l], l == 0);
      else
        step_of_batch(layers[l], l == 0, batch);
    }
  benchmark::DoNotOptimize(layers.data());
  state.counters["sample"] = benchmark::Counter(static_cast<double>(state.iterations()) * batch,
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void register_yardsticks() {
  benchmark::AddCustomContext("openblas", openblas_get_config());
  benchmark::RegisterBenchmark("copy", copy)->ArgName("bytes")->Arg(4 << 10)->Arg(256 << 10)->Arg(256 << 20);
  static constexpr std::array<int, 4> usual{784, 256, 128, 10};
  static constexpr std::array<int, 3> wide{784, 1024, 10};
  for (const int batch : {1, 4, 16, 64, 256})
    benchmark::RegisterBenchmark(("training_step/batch:" + std::to_string(batch)).c_str(),
                                 [=](benchmark::State& state) { training_step(state, usual, batch); });
  benchmark::RegisterBenchmark("training_step_wide/batch:1",
                               [](benchmark::State& state) { training_step(state, wide, 1); });
}

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  return tilework::run_benchmarks(argc, argv, tilework::physics::register_yardsticks);
}
