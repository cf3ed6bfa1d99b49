// SPDX-License-Identifier: Apache-2.0
// Random numbers in the cache, and trains drawn with them for both sides of 512 x 512, per instruction set.
#include "support/workload.h"

#include <tilework/physics/crossbar/pulse_trains.h>
#include <tilework/physics/random/number_kernels.h>

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace tilework::physics {
namespace {

using fill = void (*)(const block_address&, std::span<float>);

void numbers(benchmark::State& state, fill f) {
  std::vector<float> out(1U << 16U);
  std::uint64_t vector = 0;
  for (auto _ : state) {
    f({{1, 2}, vector++, 0, 0}, out);
    benchmark::ClobberMemory();
  }
  const auto count = static_cast<double>(vector) * static_cast<double>(out.size());
  state.counters["number"] =
      benchmark::Counter(count, benchmark::Counter::kIsRate | benchmark::Counter::kInvert); // seconds
}

void trains(benchmark::State& state, operand_kind kind, instruction_set isa) {
  constexpr array_shape shape{512, 512};
  const auto o = make_operands(kind, shape);
  pulse_trains drawn({}, .001F, shape, distinct_vectors, noise_stream(1, purpose::pulse_trains, {}), isa);
  std::uint64_t vector = 0;
  for (auto _ : state) {
    drawn.draw({o.x.data(), distinct_vectors, shape.inputs, shape.inputs},
               {o.d.data(), distinct_vectors, shape.outputs, shape.outputs}, o.learning_rate, vector);
    vector += distinct_vectors;
  }
  state.counters["vector_pair"] = benchmark::Counter(
      static_cast<double>(vector), benchmark::Counter::kIsRate | benchmark::Counter::kInvert); // seconds
}

[[maybe_unused]] const bool registered = [] {
  for (const auto& [name, isa] : names_of(instruction_set{})) {
    if (!is_supported(isa))
      continue;
    const auto kernels = number_kernels_of(isa);
    benchmark::RegisterBenchmark(("numbers/normals/" + std::string(name)).c_str(), numbers, kernels.normals);
    benchmark::RegisterBenchmark(("numbers/uniforms/" + std::string(name)).c_str(), numbers, kernels.uniforms);
    for (const auto kind : {operand_kind::a, operand_kind::b, operand_kind::c, operand_kind::d})
      benchmark::RegisterBenchmark((std::string("trains/") + static_cast<char>(kind) + "/" + std::string(name)).c_str(),
                                   [kind, isa = isa](benchmark::State& state) { trains(state, kind, isa); });
  }
  return true;
}();

} // namespace
} // namespace tilework::physics
