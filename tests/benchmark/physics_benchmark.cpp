// SPDX-License-Identifier: Apache-2.0
// Products and pulsed updates of one array on one thread. Operands A and B are dense, C and D like images (19 % of the
// inputs, small errors); A and C with learning rate 0.1, B and D with 0.01. Times per cross-point are per vector.
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/cells/vector_cell.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/exp_step.h>
#include <tilework/physics/devices/ideal.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/piecewise_step.h>
#include <tilework/physics/devices/pow_step.h>
#include <tilework/physics/devices/soft_bounds.h>
#include <tilework/physics/devices/soft_bounds_reference.h>

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace tilework::physics {
namespace {

constexpr std::uint32_t burst = 16;

struct operands {
  std::vector<float> x;
  std::vector<float> d;
  float learning_rate;
};

operands make_operands(char which, array_shape shape) {
  const bool dense = which == 'A' || which == 'B';
  operands o{std::vector<float>(std::size_t{burst} * shape.inputs),
             std::vector<float>(std::size_t{burst} * shape.outputs), which == 'A' || which == 'C' ? .1F : .01F};
  const noise_stream random(1, purpose::dataset, {});
  random.fill_normals(0, 0, o.d);
  for (auto& v : o.d)
    v *= dense ? .1F : .01F;
  if (dense) {
    random.fill_normals(1, 0, o.x);
    for (auto& v : o.x)
      v *= .5F;
  } else {
    std::vector<float> keep(o.x.size());
    random.fill_uniforms(1, 0, keep);
    random.fill_uniforms(2, 0, o.x);
    for (std::size_t i = 0; i < keep.size(); ++i)
      o.x[i] = keep[i] < .19F ? 1 - o.x[i] : 0;
  }
  return o;
}

void run_blocks(analog_array& array) {
  for (std::uint32_t b = 0; b < array.blocks(); ++b)
    array.run_block(b);
}

/// Many lines fire, few of them together: operands B with 31 slots at a twentieth of their learning rate.
constexpr char rare = 'R';

void update(benchmark::State& state, const device_spec& device, char which,
            pulse_type type = pulse_type::stochastic_compressed) {
  constexpr array_shape shape{512, 512};
  array_parameters p;
  p.device = device;
  p.update.pulse_type = type;
  p.update.update_bl_management = which != rare;
  analog_array array(shape, p, 1, {}, burst);
  auto o = make_operands(which == rare ? 'B' : which, shape);
  if (which == rare)
    o.learning_rate /= 20;
  std::uint64_t vector = 0;
  std::uint64_t pulses = 0;
  for (auto _ : state) {
    array.begin_update({o.x.data(), burst, shape.inputs, shape.inputs},
                       {o.d.data(), burst, shape.outputs, shape.outputs}, o.learning_rate, vector);
    run_blocks(array);
    pulses += array.end().coincidences;
    vector += burst;
  }
  state.counters["vectors/s"] = benchmark::Counter(static_cast<double>(vector), benchmark::Counter::kIsRate);
  state.counters["cross-point"] = benchmark::Counter(static_cast<double>(vector) * static_cast<double>(shape.cells()),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["pulses/s"] = benchmark::Counter(static_cast<double>(pulses), benchmark::Counter::kIsRate);
}

/// One vector per iteration, default input and output.
void product(benchmark::State& state, mvm_direction direction, instruction_set isa) {
  if (!is_supported(isa))
    return state.SkipWithError("not supported by this processor");
  constexpr array_shape shape{512, 512};
  array_parameters p;
  p.isa = isa;
  analog_array array(shape, p, 1, {}, 1);
  const auto o = make_operands('A', shape);
  std::vector<float> weights(shape.cells());
  const noise_stream random(1, purpose::initial_weights, {});
  random.fill_normals(0, 0, weights);
  for (auto& w : weights)
    w *= .1F;
  array.set_weights(weights);
  std::vector<float> out(512);
  std::uint64_t vector = 0;
  for (auto _ : state) {
    const float* in = o.x.data() + vector % burst * 512;
    array.begin_mvm(direction, {in, 1, 512, 512}, {out.data(), 1, 512, 512}, vector, false);
    run_blocks(array);
    benchmark::DoNotOptimize(array.end());
    ++vector;
  }
}

/// Shape of one step of batch-1 training on 28 x 28 images: 784-256-128-10; no backward product of the first layer.
void image_step(benchmark::State& state) {
  const std::vector<array_shape> shapes{{784, 256}, {256, 128}, {128, 10}};
  const std::vector<float> error_scale{.005F, .02F, .1F};
  std::vector<std::unique_ptr<analog_array>> arrays;
  std::vector<operands> data;
  std::vector<std::vector<float>> out;
  for (std::size_t l = 0; l < shapes.size(); ++l) {
    arrays.push_back(std::make_unique<analog_array>(shapes[l], array_parameters{}, 1,
                                                    logical_array{.layer = static_cast<std::uint16_t>(l)}, burst));
    data.push_back(make_operands('C', shapes[l]));
    if (l > 0)
      for (std::size_t i = 0; i < data[l].x.size(); ++i)
        data[l].x[i] = .3F + .4F * static_cast<float>(i % 7) / 6;
    for (auto& v : data[l].d)
      v *= error_scale[l] / .01F;
    out.emplace_back(std::max(shapes[l].inputs, shapes[l].outputs));
  }
  std::uint64_t vector = 0;
  for (auto _ : state) {
    const auto v = vector++ % burst;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
      const auto [inputs, outputs] = shapes[l];
      const const_burst x{data[l].x.data() + v * inputs, 1, inputs, inputs};
      const const_burst d{data[l].d.data() + v * outputs, 1, outputs, outputs};
      arrays[l]->begin_mvm(mvm_direction::forward, x, {out[l].data(), 1, outputs, outputs}, vector, false);
      run_blocks(*arrays[l]);
      arrays[l]->end();
      if (l > 0) {
        arrays[l]->begin_mvm(mvm_direction::backward, d, {out[l].data(), 1, inputs, inputs}, vector, false);
        run_blocks(*arrays[l]);
        arrays[l]->end();
      }
      arrays[l]->begin_update(x, d, .05F, vector);
      run_blocks(*arrays[l]);
      arrays[l]->end();
    }
  }
  state.counters["epoch_s"] = benchmark::Counter(static_cast<double>(vector) / 60'000,
                                                 benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// A device with the benchmark's step and write noise.
template <typename P>
P writing_noisily(P p) {
  p.write_noise_std = 50;
  return p;
}

/// Every kind of device with dw_min 0.001, on all operands.
const std::vector<std::pair<std::string, device_spec>>& devices() {
  static const std::vector<std::pair<std::string, device_spec>> all{
      {"ConstantStep", constant_step{}},
      {"LinearStep", linear_step{}},
      {"SoftBounds", soft_bounds{}},
      {"SoftBoundsReference", soft_bounds_reference{}},
      {"SoftBoundsReference_write_noise", writing_noisily(soft_bounds_reference{})},
      {"ExpStep", exp_step{}},
      {"ExpStep_write_noise", writing_noisily(exp_step{})},
      {"PowStep", pow_step{}},
      {"PowStepReference", pow_step_reference{}},
      {"PiecewiseStep", piecewise_step{}},
      {"Vector", vector_cell{}},
      {"OneSided", one_sided_cell{}},
      {"Ideal", ideal{}}};
  return all;
}

void register_updates() {
  for (const auto& [name, device] : devices())
    for (const char which : {'A', 'B', 'C', 'D', rare})
      benchmark::RegisterBenchmark(("update/" + name + "/" + which).c_str(),
                                   [device = device, which](benchmark::State& state) { update(state, device, which); });
  for (const auto& [name, type] : names_of(pulse_type{}))
    if (type != pulse_type::none)
      benchmark::RegisterBenchmark(
          ("pulse_type/" + std::string(name) + "/B").c_str(),
          [type = type](benchmark::State& state) { update(state, constant_step{}, 'B', type); });
}

BENCHMARK_CAPTURE(product, forward, mvm_direction::forward, best_instruction_set());
BENCHMARK_CAPTURE(product, backward, mvm_direction::backward, best_instruction_set());
BENCHMARK_CAPTURE(product, forward_baseline, mvm_direction::forward, instruction_set::baseline);
BENCHMARK_CAPTURE(product, backward_baseline, mvm_direction::backward, instruction_set::baseline);
BENCHMARK_CAPTURE(product, forward_v3, mvm_direction::forward, instruction_set::x86_64_v3);
BENCHMARK_CAPTURE(product, backward_v3, mvm_direction::backward, instruction_set::x86_64_v3);
BENCHMARK(image_step);

} // namespace
} // namespace tilework::physics

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  tilework::physics::register_updates();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
