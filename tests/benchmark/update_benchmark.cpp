// SPDX-License-Identifier: Apache-2.0
// Pulsed updates of a 512 x 512 array on one thread: device x operands x burst, and the pulse types.
// "cross-point" is the time per cross-point and vector. Weights stay in the bulk, but for the case at_bounds.
#include "support/run_benchmarks.h"
#include "support/workload.h"

#include <tilework/catalog/device_registry.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/cells/vector_cell.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/exp_step.h>
#include <tilework/physics/devices/ideal.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/piecewise_step.h>
#include <tilework/physics/devices/pow_step.h>
#include <tilework/physics/devices/soft_bounds.h>
#include <tilework/physics/devices/soft_bounds_reference.h>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tilework::physics {
namespace {

constexpr array_shape shape{512, 512};
constexpr std::uint32_t usual_burst = 16;

struct update_case {
  operand_kind kind = operand_kind::b;
  std::uint32_t burst = usual_burst;
  bool at_bounds = false;
};

/// An array that benchmarks use in turn: drawing its devices takes longer than most of them.
class shared_array {
public:
  explicit shared_array(array_parameters parameters) : parameters_(std::move(parameters)) {}
  /// With weights in the bulk.
  analog_array& fresh() {
    if (!array_)
      array_ = std::make_unique<analog_array>(shape, parameters_, 1, logical_array{}, distinct_vectors);
    array_->set_weights(bulk_weights(shape));
    return *array_;
  }

private:
  array_parameters parameters_;
  std::unique_ptr<analog_array> array_;
};

void update(benchmark::State& state, shared_array& shared, update_case what) {
  auto& array = shared.fresh();
  update_sequence sequence(make_operands(what.kind, shape), shape, what.burst, what.at_bounds);
  if (what.at_bounds)
    while (sequence.vectors() < 512)
      sequence.advance(array);
  const auto untimed = sequence.vectors();
  std::uint64_t pulses = 0;
  for (auto _ : state)
    pulses += sequence.advance(array).coincidences;
  const auto cells = static_cast<double>(sequence.vectors() - untimed) * static_cast<double>(shape.cells());
  state.counters["cross-point"] = benchmark::Counter(cells, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["pulses"] = benchmark::Counter(static_cast<double>(pulses) / cells); // per cross-point and vector
}

/// The yardstick: a matrix-vector product of the same size.
void plain_product(benchmark::State& state) {
  const auto weights = bulk_weights(shape);
  const auto x = make_operands(operand_kind::a, shape).x;
  std::vector<float> y(shape.outputs);
  for (auto _ : state) {
    cblas_sgemv(CblasRowMajor, CblasNoTrans, 512, 512, 1, weights.data(), 512, x.data(), 1, 0, y.data(), 1);
    benchmark::DoNotOptimize(y.data());
  }
  state.counters["cross-point"] = benchmark::Counter(static_cast<double>(state.iterations()) * shape.cells(),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <typename P>
P writing_noisily(P p) {
  p.write_noise_std = 50;
  return p;
}

using named_device = std::pair<std::string, device_spec>;

/// Models with dw_min 0.001 and their other defaults, and one preset.
std::vector<named_device> devices() {
  return {{"ConstantStep", constant_step{}},
          {"LinearStep", linear_step{}},
          {"LinearStep+write_noise", writing_noisily(linear_step{})},
          {"SoftBounds", soft_bounds{}},
          {"SoftBounds+write_noise", writing_noisily(soft_bounds{})},
          {"SoftBoundsReference", soft_bounds_reference{}},
          {"SoftBoundsReference+write_noise", writing_noisily(soft_bounds_reference{})},
          {"ExpStep", exp_step{}},
          {"ExpStep+write_noise", writing_noisily(exp_step{})},
          {"PowStep", pow_step{}},
          {"PowStep+write_noise", writing_noisily(pow_step{})},
          {"PiecewiseStep", piecewise_step{}},
          {"Vector", vector_cell{}},
          {"OneSided", one_sided_cell{}},
          {"EcRam", catalog::device_registry().named("EcRam")},
          {"Ideal", ideal{}}};
}

class registration {
public:
  void add(const std::string& name, const array_parameters& parameters, update_case what) {
    auto& shared = arrays_.try_emplace(name.substr(0, name.find('/', name.find('/') + 1)), nullptr).first->second;
    if (!shared)
      shared = std::make_shared<shared_array>(parameters);
    benchmark::RegisterBenchmark(
        (name + "/" + static_cast<char>(what.kind) + "/burst:" + std::to_string(what.burst)).c_str(),
        [shared = shared, what](benchmark::State& state) { update(state, *shared, what); });
  }

private:
  std::map<std::string, std::shared_ptr<shared_array>> arrays_; ///< by kind of benchmark and device
};

array_parameters parameters_of(const device_spec& device) {
  array_parameters p;
  p.device = device;
  p.isa = chosen_instruction_set();
  return p;
}

void register_updates() {
  using enum operand_kind;
  registration all;
  for (const auto& [name, device] : devices())
    for (const auto kind : {a, b, c, d})
      all.add("update/" + name, parameters_of(device), {kind});
  const std::vector<named_device> some{
      {"ConstantStep", constant_step{}}, {"SoftBoundsReference", soft_bounds_reference{}}, {"ExpStep", exp_step{}}};
  for (const auto& [name, device] : some) {
    for (const auto kind : {a, b, c, d})
      for (const std::uint32_t burst : {1U, 64U})
        all.add("update/" + name, parameters_of(device), {kind, burst});
    all.add("at_bounds/" + name, parameters_of(device), {a, usual_burst, true});
    // Many lines fire, few of them together: as many slots as desired_bl says.
    auto rare = parameters_of(device);
    rare.update.update_bl_management = false;
    all.add("rare/" + name, rare, {d});
  }
  for (const auto& [name, type] : names_of(pulse_type{})) {
    auto p = parameters_of(constant_step{});
    p.update.pulse_type = type;
    all.add("pulse_type/" + std::string(name), p, {b});
  }
  benchmark::RegisterBenchmark("yardstick/sgemv", plain_product);
}

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  return tilework::run_benchmarks(argc, argv, tilework::physics::register_updates);
}
