// SPDX-License-Identifier: Apache-2.0
// Analog products against the plain products of OpenBLAS. Both read the same weights, so they find them in the same
// state of the caches; they take turns in one benchmark, and the ratio of their shortest rounds is reported, because
// only the shortest is free of the machine's other work. Times are per vector. For a comparison at AVX2 filter for
// x86-64-v3 and set OPENBLAS_CORETYPE=Haswell.
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/ideal.h>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

extern "C" {
void sgemv_(const char* transposed, const int* m, const int* n, const float* alpha, const float* a, const int* lda,
            const float* x, const int* incx, const float* beta, float* y, const int* incy);
void sgemm_(const char* a_transposed, const char* b_transposed, const int* m, const int* n, const int* k,
            const float* alpha, const float* a, const int* lda, const float* b, const int* ldb, const float* beta,
            float* c, const int* ldc);
void openblas_set_num_threads(int threads);
}

namespace tilework::physics {
namespace {

/// Plain products with row-major weights, outputs x inputs: to Fortran they are the transposed matrix.
void plain_product(mvm_direction direction, std::span<const float> weights, array_shape shape, const_burst in,
                   mutable_burst out) {
  const auto inputs = static_cast<int>(shape.inputs);
  const auto outputs = static_cast<int>(shape.outputs);
  const auto vectors = static_cast<int>(in.vectors);
  const auto in_length = static_cast<int>(in.length);
  const auto out_length = static_cast<int>(out.length);
  const char* transposed = direction == mvm_direction::forward ? "T" : "N";
  const float one = 1;
  const float zero = 0;
  const int step = 1;
  if (vectors == 1)
    sgemv_(transposed, &inputs, &outputs, &one, weights.data(), &inputs, in.data, &step, &zero, out.data, &step);
  else
    sgemm_(transposed, "N", &out_length, &vectors, &in_length, &one, weights.data(), &inputs, in.data, &in_length,
           &zero, out.data, &out_length);
}

/// Shortest time of one call of f in a row of them, in seconds.
template <typename F>
double round_of(std::uint32_t calls, F f) {
  const auto start = std::chrono::steady_clock::now();
  for (std::uint32_t c = 0; c < calls; ++c)
    f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / calls;
}

void product(benchmark::State& state, mvm_direction direction, array_shape shape, std::uint32_t burst,
             instruction_set isa) {
  if (!is_supported(isa))
    return state.SkipWithError("not supported by this processor");
  array_parameters p;
  p.isa = isa;
  p.device = ideal{};
  analog_array array(shape, p, 1, {}, burst);
  const noise_stream random(1, purpose::initial_weights, {});
  std::vector<float> weights(shape.cells());
  random.fill_normals(0, 0, weights);
  for (auto& w : weights)
    w *= .1F / std::sqrt(static_cast<float>(shape.inputs) / 512); // outputs of all sizes within the ADC: one round
  array.set_weights(weights);
  const auto in_length = direction == mvm_direction::forward ? shape.inputs : shape.outputs;
  const auto out_length = direction == mvm_direction::forward ? shape.outputs : shape.inputs;
  std::vector<float> x(std::size_t{burst} * in_length);
  random.fill_normals(1, 0, x);
  std::vector<float> y(std::size_t{burst} * out_length);
  const const_burst in{x.data(), burst, in_length, in_length};
  const mutable_burst out{y.data(), burst, out_length, out_length};
  constexpr double cells_per_round = 5e6;
  const auto calls = static_cast<std::uint32_t>(
      std::max(1.0, cells_per_round / (static_cast<double>(shape.cells()) * burst + 5000.0)));
  std::uint64_t vector = 0;
  std::uint64_t rounds = 0;
  double analog = std::numeric_limits<double>::infinity();
  double plain = analog;
  for (auto _ : state) {
    analog = std::min(analog, round_of(calls, [&] {
                        array.begin_mvm(direction, in, out, vector, false);
                        run_inline(array);
                        const auto activity = array.end();
                        for (const auto v : activity.vectors_in_round)
                          rounds += v;
                        vector += burst;
                      }));
    benchmark::DoNotOptimize(y.data());
    plain = std::min(plain, round_of(calls, [&] { plain_product(direction, array.weights(), shape, in, out); }));
    benchmark::DoNotOptimize(y.data());
  }
  constexpr double microseconds = 1e6;
  state.counters["analog_us"] = analog / burst * microseconds;
  state.counters["plain_us"] = plain / burst * microseconds;
  state.counters["ratio"] = analog / plain;
  state.counters["rounds"] = static_cast<double>(rounds) / static_cast<double>(vector);
}

void register_products() {
  struct size {
    array_shape shape;
    std::uint32_t burst;
  };
  const std::vector<size> sizes{{{512, 512}, 1},    {{512, 512}, 64},  {{784, 256}, 1},  {{256, 128}, 1},
                                {{128, 10}, 1},     {{784, 256}, 64},  {{256, 128}, 64}, {{128, 10}, 64},
                                {{64, 64}, 1},      {{128, 128}, 1},   {{256, 256}, 1},  {{1024, 1024}, 1},
                                {{2048, 2048}, 1},  {{4096, 4096}, 1}, {{64, 64}, 64},   {{1024, 1024}, 64},
                                {{2048, 2048}, 64}, {{4096, 4096}, 64}};
  for (const auto& [shape, burst] : sizes)
    for (const auto& [isa_name, isa] : names_of(instruction_set{}))
      for (const bool forward : {true, false})
        benchmark::RegisterBenchmark(
            (std::string(forward ? "forward/" : "backward/") + std::to_string(shape.inputs) + 'x' +
             std::to_string(shape.outputs) + "/burst:" + std::to_string(burst) + '/' + std::string(isa_name))
                .c_str(),
            [=, shape = shape, burst = burst, isa = isa](benchmark::State& state) {
              product(state, forward ? mvm_direction::forward : mvm_direction::backward, shape, burst, isa);
            });
}

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  openblas_set_num_threads(1);
  tilework::physics::register_products();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
