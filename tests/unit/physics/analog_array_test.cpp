// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include <tilework/core/error.h>
#include <tilework/core/worker_pool.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/ideal.h>
#include <tilework/physics/devices/soft_bounds.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

namespace tilework::physics {
namespace {

constexpr array_shape shape{301, 67}; // several update blocks, odd lengths
constexpr std::uint32_t samples = 64;
constexpr std::uint64_t seed = 5;

std::vector<float> random_values(std::size_t count, std::uint64_t which, float scale, float kept = 1) {
  std::vector<float> values(count);
  std::vector<float> keep(count);
  noise_stream(99, purpose::dataset, {}).fill_normals(which, 0, values);
  noise_stream(99, purpose::dataset, {}).fill_uniforms(which, 1, keep);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = keep[i] < kept ? values[i] * scale : 0;
  return values;
}

void run_in_order(analog_array& array) {
  run_inline(array);
}

void run_backwards(analog_array& array) {
  do
    for (std::uint32_t b = array.blocks(); b-- > 0;)
      array.run_block(b);
  while (array.advance());
}

struct trace {
  std::vector<float> outputs; ///< of all products
  std::vector<float> weights;
  operation_activity activity; ///< sum
  friend bool operator==(const trace&, const trace&) = default;
};

void add(operation_activity& sum, const operation_activity& more) {
  for (std::size_t r = 0; r < max_mvm_rounds; ++r)
    sum.vectors_in_round[r] += more.vectors_in_round[r];
  sum.active_inputs += more.active_inputs;
  sum.saturations += more.saturations;
  sum.pulse_slots += more.pulse_slots;
  sum.input_line_pulses += more.input_line_pulses;
  sum.output_line_pulses += more.output_line_pulses;
  sum.coincidences += more.coincidences;
  sum.half_selected += more.half_selected;
  sum.random_bits += more.random_bits;
}

/// Forward and backward of 64 vectors, then 64 updates, then forward again; in bursts of `burst`.
template <typename Run>
trace train(const array_parameters& parameters, std::uint32_t burst, Run run) {
  analog_array array(shape, parameters, seed, {1, 0, 0, 0, 0}, burst);
  array.set_weights(random_values(shape.cells(), 1, .2F));
  const auto x = random_values(std::size_t{samples} * shape.inputs, 2, .5F, .4F);
  const auto d = random_values(std::size_t{samples} * shape.outputs, 3, .02F);
  std::vector<float> y(std::size_t{samples} * shape.outputs);
  std::vector<float> z(std::size_t{samples} * shape.inputs);
  trace result;
  const auto finish = [&] {
    run(array);
    add(result.activity, array.end());
  };
  const auto products = [&](std::uint64_t first) {
    for (std::uint32_t v = 0; v < samples; v += burst) {
      const const_burst in{x.data() + v * shape.inputs, burst, shape.inputs, shape.inputs};
      const const_burst errors{d.data() + v * shape.outputs, burst, shape.outputs, shape.outputs};
      array.begin_mvm(mvm_direction::forward, in, {y.data() + v * shape.outputs, burst, shape.outputs, shape.outputs},
                      first + v, false);
      finish();
      array.begin_mvm(mvm_direction::backward, errors, {z.data() + v * shape.inputs, burst, shape.inputs, shape.inputs},
                      first + v, false);
      finish();
    }
    result.outputs.insert(result.outputs.end(), y.begin(), y.end());
    result.outputs.insert(result.outputs.end(), z.begin(), z.end());
  };
  products(0);
  for (std::uint32_t v = 0; v < samples; v += burst) {
    array.begin_update({x.data() + v * shape.inputs, burst, shape.inputs, shape.inputs},
                       {d.data() + v * shape.outputs, burst, shape.outputs, shape.outputs}, .1F, v);
    finish();
  }
  products(samples);
  result.weights.assign(array.weights().begin(), array.weights().end());
  return result;
}

array_parameters noisy() {
  array_parameters p;
  soft_bounds device;
  device.write_noise_std = 2;
  p.device = device;
  p.forward.inp_noise = .01F;
  p.forward.out_bound = 2; // makes bound management work
  p.forward.w_noise = .01F;
  p.forward.w_noise_type = weight_noise::pcm_read;
  p.forward.out_sto_round = p.backward.inp_sto_round = true;
  p.backward.noise_management = noise_management::average_abs_max;
  return p;
}

class independence : public testing::TestWithParam<int> {
protected:
  static array_parameters parameters() {
    auto p = noisy();
    if (GetParam() == 1)
      p.device = constant_step{};
    if (GetParam() == 2)
      p.device = ideal{};
    if (GetParam() == 3)
      p.update.pulse_type = pulse_type::none_with_device;
    if (GetParam() >= 4) { // trains of two words, for every type
      p.update.desired_bl = 100;
      p.update.update_bl_management = false;
      p.update.res = .01F;
      p.update.sto_round = true;
    }
    if (GetParam() == 5)
      p.update.pulse_type = pulse_type::stochastic;
    if (GetParam() == 6)
      p.update.pulse_type = pulse_type::mean_count;
    if (GetParam() == 7)
      p.update.pulse_type = pulse_type::deterministic_implicit;
    return p;
  }
};

TEST_P(independence, of_the_burst_size) {
  const auto whole = train(parameters(), 64, run_in_order);
  EXPECT_EQ(whole, train(parameters(), 1, run_in_order));
  EXPECT_EQ(whole, train(parameters(), 16, run_in_order));
}

TEST_P(independence, of_the_order_of_blocks) {
  EXPECT_EQ(train(parameters(), 64, run_in_order), train(parameters(), 64, run_backwards));
}

TEST_P(independence, of_threads) {
  const auto expected = train(parameters(), 64, run_in_order);
  for (const unsigned threads : {1U, 2U, 3U}) {
    worker_pool pool(threads);
    EXPECT_EQ(expected, train(parameters(), 64,
                              [&](analog_array& array) {
                                std::array<kernel*, 1> kernels{&array};
                                pool.run(kernels);
                              }))
        << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(devices_and_updates, independence, testing::Range(0, 8));

TEST(analog_array, seed_and_place_decide) {
  const auto output = [](std::uint64_t run_seed, logical_array id, bool evaluation) {
    analog_array array({10, 10}, {}, run_seed, id, 1);
    const std::vector<float> x(10, 1);
    std::vector<float> y(10);
    array.begin_mvm(mvm_direction::forward, {x.data(), 1, 10, 10}, {y.data(), 1, 10, 10}, 3, evaluation);
    run_in_order(array);
    array.end();
    return y;
  };
  EXPECT_EQ(output(1, {}, false), output(1, {}, false));
  EXPECT_NE(output(1, {}, false), output(2, {}, false));
  EXPECT_NE(output(1, {}, false), output(1, {.copy = 1}, false));
  EXPECT_NE(output(1, {}, false), output(1, {}, true));
}

TEST(analog_array, evaluation_leaves_the_running_mean_alone) {
  array_parameters p;
  p.forward.noise_management = noise_management::average_abs_max;
  p.forward.out_noise = 0;
  analog_array array({2, 1}, p, 1, {}, 1);
  array.set_weights(std::vector<float>{.5F, .5F});
  const auto state = [&] {
    std::ostringstream out;
    array.save(out);
    return out.str();
  };
  const auto forward = [&](float value, bool evaluation) {
    const std::vector<float> x{value, 0};
    std::vector<float> y(1);
    array.begin_mvm(mvm_direction::forward, {x.data(), 1, 2, 2}, {y.data(), 1, 1, 1}, 0, evaluation);
    run_in_order(array);
    array.end();
    return y[0];
  };
  const auto fresh = state();
  forward(1, true);
  EXPECT_EQ(state(), fresh);
  forward(1, false);
  const auto trained = state();
  EXPECT_NE(trained, fresh);
  EXPECT_NEAR(forward(4, true), .5, .05); // clipped at the scale 1
  EXPECT_EQ(state(), trained);
}

TEST(analog_array, zero_learning_rate_does_nothing) {
  analog_array array(shape, noisy(), 1, {}, 1);
  const std::vector<float> before(array.weights().begin(), array.weights().end());
  const auto x = random_values(shape.inputs, 2, 1);
  const auto d = random_values(shape.outputs, 3, 1);
  array.begin_update({x.data(), 1, shape.inputs, shape.inputs}, {d.data(), 1, shape.outputs, shape.outputs}, 0, 0);
  EXPECT_EQ(array.blocks(), 0U);
  run_in_order(array);
  EXPECT_EQ(array.end(), operation_activity{});
  EXPECT_TRUE(std::ranges::equal(before, array.weights()));
}

/// Identical devices, whose steps up and down are equal at 0.
soft_bounds identical_devices() {
  soft_bounds device;
  device.dw_min_dtod = device.up_down_dtod = device.w_max_dtod = device.w_min_dtod = 0;
  return device;
}

TEST(analog_array, stochastic_types_are_one) {
  auto p = noisy();
  const auto compressed = train(p, 16, run_in_order);
  p.update.pulse_type = pulse_type::stochastic;
  EXPECT_EQ(compressed, train(p, 16, run_in_order));
}

TEST(analog_array, a_negative_learning_rate_reverses_every_type) {
  const auto x = random_values(shape.inputs, 2, .5F);
  const auto d = random_values(shape.outputs, 3, .02F);
  for (const auto& [name, type] : names_of(pulse_type{})) {
    array_parameters p;
    auto device = identical_devices();
    device.dw_min_std = 0;
    p.device = device;
    p.update.pulse_type = type;
    const auto change = [&](float learning_rate) {
      analog_array array(shape, p, seed, {}, 1);
      array.begin_update({x.data(), 1, shape.inputs, shape.inputs}, {d.data(), 1, shape.outputs, shape.outputs},
                         learning_rate, 0);
      run_in_order(array);
      const auto activity = array.end();
      return std::pair(std::vector<float>(array.weights().begin(), array.weights().end()), activity);
    };
    const auto [descent, activity] = change(.1F);
    auto [ascent, same] = change(-.1F);
    EXPECT_EQ(activity, same) << name;
    EXPECT_GT(std::ranges::count_if(ascent, [](float w) { return w != 0; }), 100) << name;
    for (float& w : ascent)
      w = -w;
    EXPECT_EQ(ascent, descent) << name;
  }
}

// A cross-point's pulses come one after the other, so a device near its bound makes smaller and smaller steps.
TEST(analog_array, dense_pulses_are_single_steps_in_a_row) {
  for (const auto type : {pulse_type::mean_count, pulse_type::deterministic_implicit}) {
    array_parameters p;
    auto device = identical_devices();
    device.dw_min = .05F; // of a window of 0.6
    device.dw_min_std = .1F;
    p.device = device;
    p.update.pulse_type = type;
    analog_array array({2, 1}, p, seed, {}, 1);
    const std::vector<float> x{1, .5F};
    const std::vector<float> d{-1};
    array.begin_update({x.data(), 1, 2, 2}, {d.data(), 1, 1, 1}, .4F, 7); // 8 pulses, and 4
    run_in_order(array);
    EXPECT_EQ(array.end().coincidences, 12U);
    const auto devices = p.device.make({{2, 1}, seed, {}});
    const std::vector<pulse_run> in_a_row{{0, 8}, {1, 4}};
    devices->apply_pulses(0, in_a_row, 7);
    EXPECT_TRUE(std::ranges::equal(array.weights(), devices->weights()));
    EXPECT_LT(array.weights()[0], 2 * array.weights()[1]);
  }
}

TEST(analog_array, lines_that_pulse_noise_cannot_number_are_refused) {
  EXPECT_THROW(analog_array({static_cast<std::uint32_t>(longest_pulse_list) + 1, 1}, {}, seed, {}, 1), input_error);
}

TEST(analog_array, exact_updates) {
  for (const bool with_device : {false, true}) {
    array_parameters p;
    p.update.pulse_type = with_device ? pulse_type::none_with_device : pulse_type::none;
    constant_step device;
    device.w_max_dtod = device.w_min_dtod = 0;
    p.device = device;
    analog_array array({2, 2}, p, 1, {}, 1);
    const std::vector<float> x{1, -2};
    const std::vector<float> d{3, .25F};
    array.begin_update({x.data(), 1, 2, 2}, {d.data(), 1, 2, 2}, .5F, 0);
    run_in_order(array);
    EXPECT_EQ(array.end(), operation_activity{});
    const std::vector<float> unbounded{-1.5F, 3, -.125F, .25F};
    for (std::size_t c = 0; c < 4; ++c)
      EXPECT_EQ(array.weights()[c], with_device ? std::clamp(unbounded[c], -.6F, .6F) : unbounded[c]);
  }
}

void rest(analog_array& array, std::uint64_t event) {
  array.begin_rest(event);
  run_in_order(array);
  EXPECT_EQ(array.end(), operation_activity{});
}

// Devices relax once per mini-batch, after its last vector, with a learning rate of 0 too.
TEST(analog_array, devices_relax_at_the_end_of_a_mini_batch) {
  const std::vector<float> x{1, 1, 1};
  const std::vector<float> d{-.01F, -.01F, -.01F};
  for (const bool exact : {false, true}) {
    array_parameters p;
    constant_step device;
    device.dw_min_dtod = device.up_down_dtod = device.w_max_dtod = device.w_min_dtod = device.dw_min_std = 0;
    device.dw_min = .01F;
    device.lifetime = 2;
    p.device = device;
    p.update.pulse_type = exact ? pulse_type::none_with_device : pulse_type::deterministic_implicit;
    for (const float learning_rate : {1.0F, 0.0F})
      for (const bool ends : {false, true}) {
        analog_array array({1, 1}, p, 1, {}, 3);
        array.set_weights(std::vector<float>{.4F});
        array.begin_update({x.data(), 3, 1, 1}, {d.data(), 3, 1, 1}, learning_rate, 0);
        run_in_order(array);
        array.end();
        if (ends)
          rest(array, 3);
        const float updated = learning_rate > 0 ? .43F : .4F;
        EXPECT_FLOAT_EQ(array.weights()[0], ends ? updated / 2 : updated);
      }
  }
}

TEST(analog_array, devices_drift_at_the_end_of_a_mini_batch) {
  array_parameters p;
  constant_step device;
  device.dw_min_dtod = device.w_max_dtod = device.w_min_dtod = 0;
  device.drift.nu = .5F;
  p.device = device;
  p.drift_per_mini_batch = 4;
  analog_array array({1, 1}, p, 1, {}, 1);
  array.set_weights(std::vector<float>{.4F});
  EXPECT_TRUE(array.rests());
  EXPECT_TRUE(devices_rest(p));
  rest(array, 1);
  EXPECT_FLOAT_EQ(array.weights()[0], .2F); // 4^-.5
  p.drift_per_mini_batch = 0;
  analog_array still({1, 1}, p, 1, {}, 1);
  still.set_weights(std::vector<float>{.4F});
  EXPECT_FALSE(still.rests());
  EXPECT_FALSE(devices_rest(p));
  rest(still, 1);
  EXPECT_EQ(still.weights()[0], .4F);
}

// With a period, what happens depends on the time that has passed; without one it is a mini-batch whatever the time.
TEST(analog_array, devices_rest_for_the_time_that_has_passed) {
  array_parameters p;
  constant_step device;
  device.dw_min_dtod = device.w_max_dtod = device.w_min_dtod = 0;
  device.lifetime = 2;
  device.drift.nu = .5F;
  p.device = device;
  p.drift_per_mini_batch = 1;
  const auto weight_after = [&](double period_s, double elapsed_s) {
    p.device_period_s = period_s;
    analog_array array({1, 1}, p, 1, {}, 1);
    array.set_weights(std::vector<float>{.4F});
    array.begin_rest(1, elapsed_s);
    run_in_order(array);
    array.end();
    return array.weights()[0];
  };
  EXPECT_FLOAT_EQ(weight_after(0, 5), .2F); // t_0 has just passed: no drift yet
  EXPECT_FLOAT_EQ(weight_after(1e-6, 1e-6), .2F);
  EXPECT_FLOAT_EQ(weight_after(1e-6, 2e-6), .1F / std::sqrt(2.0F));
  EXPECT_FLOAT_EQ(weight_after(1e-6, 0), .4F);
  EXPECT_FLOAT_EQ(weight_after(2e-6, 1e-6), .4F * std::sqrt(.5F));
  EXPECT_THROW(weight_after(1e-6, -1e-6), std::invalid_argument);
}

TEST(analog_array, relaxation_is_independent_of_bursts_and_blocks) {
  const auto x = random_values(std::size_t{samples} * shape.inputs, 2, .5F, .4F);
  const auto d = random_values(std::size_t{samples} * shape.outputs, 3, .02F);
  soft_bounds device;
  device.write_noise_std = 2;
  device.diffusion = .01F;
  device.lifetime = 30;
  array_parameters p;
  p.device = device;
  const auto weights = [&](std::uint32_t burst, bool backwards) {
    analog_array array(shape, p, seed, {}, burst);
    for (std::uint32_t v = 0; v < samples; v += burst) {
      array.begin_update({x.data() + v * shape.inputs, burst, shape.inputs, shape.inputs},
                         {d.data() + v * shape.outputs, burst, shape.outputs, shape.outputs}, .1F, v);
      backwards ? run_backwards(array) : run_in_order(array);
      array.end();
    }
    array.begin_rest(samples);
    backwards ? run_backwards(array) : run_in_order(array);
    array.end();
    return std::vector<float>(array.weights().begin(), array.weights().end());
  };
  const auto whole = weights(samples, false);
  EXPECT_EQ(whole, weights(samples, true));
  EXPECT_EQ(whole, weights(16, false));
  EXPECT_EQ(whole, weights(1, false));
}

/// Weights and activity of one burst of updates.
std::pair<std::vector<float>, operation_activity> updated(const array_parameters& p, const std::vector<float>& x,
                                                          const std::vector<float>& d, const update_options& options) {
  const auto burst = static_cast<std::uint32_t>(x.size() / shape.inputs);
  analog_array array(shape, p, seed, {}, burst);
  array.begin_update({x.data(), burst, shape.inputs, shape.inputs}, {d.data(), burst, shape.outputs, shape.outputs},
                     options, 0);
  run_in_order(array);
  const auto activity = array.end();
  return {{array.weights().begin(), array.weights().end()}, activity};
}

// With a small dw_min the largest rate needs trains of several words if nothing limits them.
TEST(analog_array, every_vector_has_its_rate) {
  constexpr std::uint32_t burst = 5;
  const auto x = random_values(std::size_t{burst} * shape.inputs, 2, .5F, .4F);
  const auto d = random_values(std::size_t{burst} * shape.outputs, 3, .02F);
  const std::vector<float> rates{.1F, 0, -.3F, .02F, .15F};
  for (const bool managed : {true, false})
    for (const auto& [name, type] : names_of(pulse_type{})) {
      array_parameters p;
      p.update.pulse_type = type;
      p.update.update_management = p.update.update_bl_management = managed;
      p.update.fixed_bl = managed;
      analog_array array(shape, p, seed, {}, 1);
      operation_activity sum;
      for (std::uint32_t v = 0; v < burst; ++v) {
        array.begin_update({x.data() + v * shape.inputs, 1, shape.inputs, shape.inputs},
                           {d.data() + v * shape.outputs, 1, shape.outputs, shape.outputs}, rates[v], v);
        run_in_order(array);
        sum += array.end();
      }
      const auto [weights, activity] = updated(p, x, d, {.learning_rate = 7, .rates = rates});
      EXPECT_TRUE(std::ranges::equal(weights, array.weights())) << name;
      EXPECT_EQ(activity, sum) << name;
      EXPECT_EQ(activity.update_vectors, p.update.is_exact() ? 0U : 4U) << name;
    }
}

TEST(analog_array, choppers_flip_the_signs_of_operands) {
  constexpr std::uint32_t burst = 5;
  auto x = random_values(std::size_t{burst} * shape.inputs, 2, .5F, .9F);
  auto d = random_values(std::size_t{burst} * shape.outputs, 3, .02F, .9F);
  const auto signs = [](std::size_t count, std::uint64_t which) {
    auto values = random_values(count, which, 1);
    for (auto& v : values)
      v = std::copysign(1.0F, v);
    return values;
  };
  const auto in = signs(shape.inputs, 4);
  const auto out = signs(shape.outputs, 5);
  const auto chopped = [](std::vector<float> values, const std::vector<float>& by) {
    for (std::size_t k = 0; k < values.size(); ++k)
      values[k] *= by[k % by.size()];
    return values;
  };
  for (const auto& [name, type] : names_of(pulse_type{})) {
    array_parameters p;
    p.update.pulse_type = type;
    const auto plain = updated(p, x, d, {.learning_rate = .1F});
    const auto both = updated(p, x, d, {.learning_rate = .1F, .input_signs = in, .output_signs = out});
    EXPECT_EQ(both, updated(p, chopped(x, in), chopped(d, out), {.learning_rate = .1F})) << name;
    EXPECT_NE(both.first, plain.first) << name;
    EXPECT_EQ(updated(p, x, d, {.learning_rate = .1F, .input_signs = in}),
              updated(p, chopped(x, in), d, {.learning_rate = .1F}))
        << name;
    EXPECT_EQ(updated(p, x, d, {.learning_rate = .1F, .output_signs = out}),
              updated(p, x, chopped(d, out), {.learning_rate = .1F}))
        << name;
  }
}

// Pulses are counted for another granularity than that of the device, so the change is the ratio of both times as
// large.
TEST(analog_array, update_granularity_decides_the_number_of_pulses) {
  array_parameters p;
  auto device = identical_devices();
  device.dw_min = .001F;
  device.dw_min_std = 0;
  device.w_max = 1e6F;
  device.w_min = -1e6F; // the same step everywhere
  p.device = device;
  p.update.pulse_type = pulse_type::mean_count;
  p.update_granularity = .002F;
  analog_array array({1, 1}, p, seed, {}, 1);
  const std::vector<float> one{1};
  const std::vector<float> error{-.02F};
  array.begin_update({one.data(), 1, 1, 1}, {error.data(), 1, 1, 1}, 1, 0);
  run_in_order(array);
  EXPECT_EQ(array.end().coincidences, 10U);
  EXPECT_NEAR(array.weights()[0], .01, 1e-6);
}

TEST(analog_array, options_must_fit) {
  analog_array array({3, 2}, {}, 1, {}, 2);
  const std::vector<float> v(6);
  const std::vector<float> one{1};
  const std::vector<float> infinite(2, std::numeric_limits<float>::infinity());
  const auto begin = [&](const update_options& options) {
    array.begin_update({v.data(), 2, 3, 3}, {v.data(), 2, 2, 2}, options, 0);
  };
  EXPECT_THROW(begin({.rates = one}), std::invalid_argument);
  EXPECT_THROW(begin({.rates = infinite}), std::invalid_argument);
  EXPECT_THROW(begin({.learning_rate = 1, .input_signs = one}), std::invalid_argument);
  EXPECT_THROW(begin({.learning_rate = 1, .output_signs = one}), std::invalid_argument);
}

TEST(analog_array, a_probe_measures_the_error_of_products_and_changes_nothing) {
  array_parameters p;
  p.forward.inp_res = p.forward.out_res = 0;
  p.forward.out_noise = .05F;
  p.forward.noise_management = noise_management::none;
  constexpr array_shape small{16, 1000};
  analog_array array(small, p, seed, {}, 2);
  array.set_weights(random_values(small.cells(), 1, .1F));
  const auto x = random_values(std::size_t{2} * small.inputs, 2, .3F);
  const auto product = [&](bool probe) {
    std::vector<float> y(std::size_t{2} * small.outputs);
    array.begin_mvm(mvm_direction::forward, {x.data(), 2, small.inputs, small.inputs},
                    {y.data(), 2, small.outputs, small.outputs}, 0, true, probe);
    run_backwards(array);
    array.end();
    return y;
  };
  const auto plain = product(false);
  EXPECT_EQ(array.take_mvm_quality(mvm_direction::forward), signal_noise{});
  EXPECT_EQ(product(true), plain);
  EXPECT_EQ(array.take_mvm_quality(mvm_direction::backward), signal_noise{});
  const auto quality = array.take_mvm_quality(mvm_direction::forward);
  EXPECT_EQ(array.take_mvm_quality(mvm_direction::forward), signal_noise{});
  // Of 1000 elements: error of a variance sqrt(2 / 1000), so 4 of them; false alarm 6e-5.
  EXPECT_NEAR(quality.noise / 1000 / (.05 * .05), 1, .18);
  double signal = 0;
  for (std::uint32_t i = 0; i < small.outputs; ++i) {
    double y = 0;
    for (std::uint32_t j = 0; j < small.inputs; ++j)
      y += double{array.weights()[i * small.inputs + j]} * x[j];
    signal += y * y;
  }
  EXPECT_NEAR(quality.signal / signal, 1, 1e-5);
}

TEST(analog_array, devices_at_their_bounds) {
  array_parameters p;
  p.device = constant_step{};
  analog_array array(shape, p, seed, {}, 1);
  EXPECT_LT(array.share_at_bounds(), .01F); // a bound at 0 is 3.3 sigma away, on either side
  array.set_weights(std::vector<float>(shape.cells(), -100.0F));
  EXPECT_EQ(array.share_at_bounds(), 1);
  std::vector<float> half(shape.cells());
  for (std::size_t c = 0; c < half.size(); c += 2)
    half[c] = 100;
  array.set_weights(half);
  EXPECT_NEAR(array.share_at_bounds(), .5, .01);
  p.device = ideal{};
  EXPECT_EQ(analog_array(shape, p, seed, {}, 1).share_at_bounds(), 0);
  p.device = one_sided_cell{};
  analog_array pairs(shape, p, seed, {}, 1);
  EXPECT_LT(pairs.share_at_bounds(), .01F); // both sides begin at 0, which may be a lower bound
  pairs.set_weights(std::vector<float>(shape.cells(), 100.0F));
  EXPECT_NEAR(pairs.share_at_bounds(), .5, .01);
}

TEST(analog_array, updates_of_very_long_lines_are_independent_of_bursts_and_threads) {
  constexpr array_shape wide{5000, 300};
  constexpr std::uint32_t vectors = 4;
  const auto x = random_values(std::size_t{vectors} * wide.inputs, 2, .5F);
  const auto d = random_values(std::size_t{vectors} * wide.outputs, 3, .2F);
  array_parameters p;
  p.device = constant_step{};
  std::uint64_t coincidences = 0;
  const auto weights = [&](std::uint32_t burst, unsigned threads) {
    worker_pool pool(threads);
    analog_array array(wide, p, seed, {}, burst);
    coincidences = 0;
    for (std::uint32_t v = 0; v < vectors; v += burst) {
      array.begin_update({x.data() + v * wide.inputs, burst, wide.inputs, wide.inputs},
                         {d.data() + v * wide.outputs, burst, wide.outputs, wide.outputs}, .1F, v);
      EXPECT_LE(array.blocks(), 256U);
      std::array<kernel*, 1> kernels{&array};
      pool.run(kernels);
      coincidences += array.end().coincidences;
    }
    return std::vector<float>(array.weights().begin(), array.weights().end());
  };
  const auto single = weights(1, 1);
  EXPECT_GT(coincidences, wide.cells());
  EXPECT_EQ(weights(vectors, 2), single);
}

TEST(analog_array, broken_lines_stay_silent) {
  array_parameters p = noisy();
  p.faults.open_inputs = .3F;
  p.forward.out_noise = 0;
  analog_array array({40, 1}, p, 1, {}, 1);
  array.set_weights(std::vector<float>(40, .3F));
  const auto open = std::ranges::count(array.weights(), 0.0F);
  EXPECT_GT(open, 4);
  EXPECT_LT(open, 24);
}

TEST(analog_array, groups_of_vectors_are_blocks) {
  // Enough for several threads, and for any burst the same results as for single vectors.
  constexpr std::uint32_t most = 65;
  array_parameters p;
  p.forward.out_bound = 1;
  constexpr array_shape small{37, 21};
  analog_array array(small, p, 1, {}, most);
  array.set_weights(random_values(small.cells(), 1, .2F));
  const auto x = random_values(std::size_t{most} * small.inputs, 2, .5F);
  const auto products = [&](std::uint32_t burst) {
    std::vector<float> y(std::size_t{most} * small.outputs);
    for (std::uint32_t v = 0; v < most; v += burst) {
      const auto count = std::min(burst, most - v);
      array.begin_mvm(mvm_direction::forward, {x.data() + v * small.inputs, count, small.inputs, small.inputs},
                      {y.data() + v * small.outputs, count, small.outputs, small.outputs}, v, false);
      EXPECT_GE(array.blocks(), std::min(count == 64 ? 4U : 3U, (count + 3) / 4)) << count;
      EXPECT_LE(array.blocks(), std::max(4U, (count + 15) / 16)) << count;
      run_in_order(array);
      array.end();
    }
    return y;
  };
  const auto single = products(1);
  for (std::uint32_t burst = 2; burst <= most; ++burst)
    EXPECT_EQ(products(burst), single) << burst;
}

TEST(analog_array, activity_of_products) {
  array_parameters p;
  p.forward.out_bound = .5F;
  p.forward.out_noise = 0;
  analog_array array({2, 1}, p, 1, {}, 3);
  array.set_weights(std::vector<float>{.4F, .4F});
  const std::vector<float> x{1, 0, 1, 1, 0, 0}; // .4; .8: two rounds; nothing
  std::vector<float> y(3);
  array.begin_mvm(mvm_direction::forward, {x.data(), 3, 2, 2}, {y.data(), 3, 1, 1}, 0, false);
  EXPECT_EQ(array.blocks(), 1U);
  run_in_order(array);
  const auto a = array.end();
  EXPECT_EQ(a.vectors_in_round[0], 2U);
  EXPECT_EQ(a.vectors_in_round[1], 1U);
  EXPECT_EQ(a.vectors_in_round[2], 0U);
  EXPECT_EQ(a.passes(), 3U);
  EXPECT_EQ(a.active_inputs, 1U + 2U + 2U);
  EXPECT_EQ(a.saturations, 1U);
}

TEST(analog_array, silenced_vectors_are_counted) {
  array_parameters p;
  p.forward.noise_management = noise_management::max;
  analog_array array({2, 1}, p, 1, {}, 2);
  const std::vector<float> x{-1, -2, 0, 0};
  std::vector<float> y(2);
  array.begin_mvm(mvm_direction::forward, {x.data(), 2, 2, 2}, {y.data(), 2, 1, 1}, 0, false);
  run_inline(array);
  array.end();
  EXPECT_EQ(array.silenced_vectors(), 1U);
}

// Drawing is a stage of its own once there is enough of it; until then it happens when the update begins.
TEST(analog_array, pulsed_updates_of_bursts_have_two_stages) {
  analog_array array(shape, {}, seed, {}, samples);
  const auto x = random_values(std::size_t{samples} * shape.inputs, 2, .5F);
  const auto d = random_values(std::size_t{samples} * shape.outputs, 3, .02F);
  const auto begin = [&](std::uint32_t burst) {
    array.begin_update({x.data(), burst, shape.inputs, shape.inputs}, {d.data(), burst, shape.outputs, shape.outputs},
                       .1F, 0);
  };
  const auto run_stage = [&array] {
    for (std::uint32_t b = 0; b < array.blocks(); ++b)
      array.run_block(b);
  };
  begin(1);
  const auto update_blocks = array.blocks();
  run_stage();
  EXPECT_FALSE(array.advance());
  array.end();

  begin(samples);
  EXPECT_EQ(array.blocks(), samples / pulse_trains::group_vectors);
  run_stage();
  EXPECT_TRUE(array.advance());
  EXPECT_EQ(array.blocks(), update_blocks);
  run_stage();
  EXPECT_FALSE(array.advance());
  EXPECT_GT(array.end().coincidences, 0U);

  begin(samples);
  EXPECT_THROW(array.advance(), run_error);
  begin(samples);
  run_stage();
  EXPECT_THROW(array.end(), run_error);
}

// The mean of a non-saturated update is exact gradient descent. 4.5 standard errors: false alarm 7e-6 per cross-point.
TEST(analog_array, mean_update_is_gradient_descent) {
  array_parameters p;
  constant_step device;
  device.dw_min_dtod = device.up_down_dtod = 0;
  device.w_max = 1e4F;
  device.w_min = -1e4F;
  p.device = device;
  const std::vector<float> x{1, .5F, -.3F, 0, .01F};
  const std::vector<float> d{.1F, -.3F, .02F};
  analog_array array({5, 3}, p, 1, {}, 1);
  std::array<sample, 15> changes;
  std::vector<float> before(15);
  for (std::uint64_t v = 0; v < 20'000; ++v) {
    array.set_weights(std::vector<float>(15, 0));
    array.begin_update({x.data(), 1, 5, 5}, {d.data(), 1, 3, 3}, .1F, v);
    run_in_order(array);
    array.end();
    for (std::size_t c = 0; c < 15; ++c)
      changes[c].add(array.weights()[c]);
  }
  for (std::size_t c = 0; c < 15; ++c)
    EXPECT_NEAR(changes[c].mean(), -.1 * static_cast<double>(d[c / 5]) * static_cast<double>(x[c % 5]),
                4.5 * changes[c].error_of_mean() + 1e-8)
        << c;
}

TEST(analog_array, state_can_be_saved_and_restored) {
  const auto p = noisy();
  const auto x = random_values(shape.inputs, 2, .5F);
  const auto d = random_values(shape.outputs, 3, .02F);
  const auto update = [&](analog_array& array, std::uint64_t v) {
    array.begin_update({x.data(), 1, shape.inputs, shape.inputs}, {d.data(), 1, shape.outputs, shape.outputs}, .1F, v);
    run_in_order(array);
    array.end();
  };
  analog_array original(shape, p, seed, {}, 1);
  original.set_weights(random_values(shape.cells(), 1, .2F));
  update(original, 0);
  std::stringstream file;
  original.save(file);
  analog_array copy(shape, p, seed, {}, 1);
  copy.restore(file);
  EXPECT_TRUE(std::ranges::equal(original.weights(), copy.weights()));
  update(original, 1);
  update(copy, 1);
  EXPECT_TRUE(std::ranges::equal(original.weights(), copy.weights()));
  original.set_weights(random_values(shape.cells(), 1, .2F));
  copy.set_weights(random_values(shape.cells(), 1, .2F));
  EXPECT_TRUE(std::ranges::equal(original.weights(), copy.weights()));

  std::stringstream again;
  original.save(again);
  analog_array other({3, 2}, p, seed, {}, 1);
  EXPECT_THROW(other.restore(again), input_error);
}

TEST(analog_array, misfits_are_refused) {
  EXPECT_THROW(analog_array({0, 3}, {}, 1, {}, 1), input_error);
  analog_array array({3, 2}, {}, 1, {}, 1);
  std::vector<float> v(6);
  EXPECT_THROW(array.begin_mvm(mvm_direction::forward, {v.data(), 1, 2, 2}, {v.data(), 1, 2, 2}, 0, false),
               std::invalid_argument);
  EXPECT_THROW(array.begin_mvm(mvm_direction::forward, {v.data(), 2, 3, 3}, {v.data(), 2, 2, 2}, 0, false),
               std::invalid_argument);
  EXPECT_THROW(array.begin_update({v.data(), 1, 3, 3}, {v.data(), 1, 3, 3}, 1, 0), std::invalid_argument);
  EXPECT_THROW(array.begin_update({v.data(), 1, 3, 3}, {v.data(), 1, 2, 2}, std::numeric_limits<float>::infinity(), 0),
               std::invalid_argument);
  EXPECT_THROW(array.set_weights(v = std::vector<float>(5)), std::invalid_argument);
}

} // namespace
} // namespace tilework::physics
