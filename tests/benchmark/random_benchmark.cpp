// SPDX-License-Identifier: Apache-2.0
// Random numbers in the cache, per instruction set.
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

[[maybe_unused]] const bool registered = [] {
  for (const auto& [name, isa] : names_of(instruction_set{})) {
    if (!is_supported(isa))
      continue;
    const auto kernels = number_kernels_of(isa);
    benchmark::RegisterBenchmark(("numbers/normals/" + std::string(name)).c_str(), numbers, kernels.normals);
    benchmark::RegisterBenchmark(("numbers/uniforms/" + std::string(name)).c_str(), numbers, kernels.uniforms);
  }
  return true;
}();

} // namespace
} // namespace tilework::physics
