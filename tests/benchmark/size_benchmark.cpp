// SPDX-License-Identifier: Apache-2.0
// How cost grows with the size of an array: updates and products of 64 x 64 to 4096 x 4096, beside the dense products
// and the memory copy of the same size.
#include "support/run_benchmarks.h"
#include "support/workload.h"

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr std::uint32_t update_burst = 16;
constexpr std::uint32_t product_burst = 64;

/// One size: its array is drawn when it is first used and kept, since this takes longer than any benchmark of it.
class sized {
public:
  explicit sized(std::uint32_t lines) : shape_{lines, lines}, out_(std::size_t{product_burst} * lines) {}

  analog_array& array() {
    if (!array_) {
      array_parameters p;
      p.isa = chosen_instruction_set();
      array_ = std::make_unique<analog_array>(shape_, p, 1, logical_array{}, product_burst);
      array_->set_weights(bulk_weights(shape_));
    }
    return *array_;
  }

  void update(benchmark::State& state, operand_kind kind) {
    auto& a = array();
    update_sequence sequence(make_operands(kind, shape_), shape_, update_burst);
    for (auto _ : state)
      benchmark::DoNotOptimize(sequence.advance(a));
    count_vectors(state, update_burst);
  }

  void product(benchmark::State& state, mvm_direction direction, std::uint32_t burst) {
    auto& a = array();
    const auto in = make_operands(operand_kind::a, shape_).x;
    const auto n = shape_.inputs;
    std::uint64_t vector = 0;
    for (auto _ : state) {
      a.begin_mvm(direction, {in.data(), burst, n, n}, {out_.data(), burst, n, n}, vector, false);
      benchmark::DoNotOptimize(finish(a));
      vector += burst;
    }
    count_vectors(state, burst);
  }

  void plain_product(benchmark::State& state, std::uint32_t burst) {
    const auto in = make_operands(operand_kind::a, shape_).x;
    const auto n = static_cast<int>(shape_.inputs);
    const auto* w = array().weights().data();
    for (auto _ : state) {
      if (burst == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, n, n, 1, w, n, in.data(), 1, 0, out_.data(), 1);
      else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(burst), n, n, 1, in.data(), n, w, n, 0,
                    out_.data(), n);
      benchmark::DoNotOptimize(out_.data());
    }
    count_vectors(state, burst);
  }

  /// Copies the weights: reads and writes 4 bytes per cross-point.
  void copy(benchmark::State& state) {
    const auto weights = array().weights();
    std::vector<float> to(weights.size());
    for (auto _ : state) {
      std::memcpy(to.data(), weights.data(), weights.size_bytes());
      benchmark::DoNotOptimize(to.data());
      benchmark::ClobberMemory();
    }
    count_vectors(state, 1);
  }

private:
  static void count_vectors(benchmark::State& state, std::uint32_t burst) {
    state.counters["vector"] = benchmark::Counter(static_cast<double>(state.iterations()) * burst,
                                                  benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }

  array_shape shape_;
  std::vector<float> out_;
  std::unique_ptr<analog_array> array_;
};

void register_size(std::uint32_t lines) {
  const auto size = std::make_shared<sized>(lines);
  const auto add = [&](const std::string& name, auto run) {
    benchmark::RegisterBenchmark((name + "/size:" + std::to_string(lines)).c_str(),
                                 [size, run](benchmark::State& state) { run(*size, state); });
  };
  for (const auto kind : {operand_kind::b, operand_kind::c})
    add(std::string("update_") + static_cast<char>(kind),
        [kind](sized& s, benchmark::State& state) { s.update(state, kind); });
  for (const std::uint32_t burst : {1U, product_burst}) {
    const auto suffix = "/burst:" + std::to_string(burst);
    add("forward" + suffix,
        [burst](sized& s, benchmark::State& state) { s.product(state, mvm_direction::forward, burst); });
    add("backward" + suffix,
        [burst](sized& s, benchmark::State& state) { s.product(state, mvm_direction::backward, burst); });
    add((burst == 1 ? "sgemv" : "sgemm") + suffix,
        [burst](sized& s, benchmark::State& state) { s.plain_product(state, burst); });
  }
  add("memory_copy", [](sized& s, benchmark::State& state) { s.copy(state); });
}

void register_sizes() {
  for (std::uint32_t lines = 64; lines <= 4096; lines *= 2)
    register_size(lines);
}

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  return tilework::run_benchmarks(argc, argv, tilework::physics::register_sizes);
}
