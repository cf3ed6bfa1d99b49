// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include <tilework/core/error.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/cells/vector_cell.h>
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
#include <stdexcept>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr array_shape shape{53, 37};
constexpr std::uint64_t seed = 5;
constexpr std::array both_sides{line_side::inputs, line_side::outputs};

std::vector<float> some_weights() {
  std::vector<float> weights(shape.cells());
  noise_stream(99, purpose::dataset, {}).fill_normals(0, 0, weights);
  for (auto& w : weights)
    w *= .1F;
  return weights;
}

/// The cell where line l of a side crosses line k of the other one.
std::size_t cell(line_side side, std::uint32_t l, std::uint32_t k) {
  return side == line_side::inputs ? std::size_t{k} * shape.inputs + l : std::size_t{l} * shape.inputs + k;
}

/// ConstantStep that makes every step as it should be.
constant_step exact_steps(float dw_min = .001F) {
  constant_step device;
  device.dw_min = dw_min;
  device.dw_min_dtod = device.dw_min_std = device.up_down_dtod = device.w_max_dtod = device.w_min_dtod = 0;
  device.w_max = 100;
  device.w_min = -100;
  return device;
}

operation_activity finish(analog_array& array) {
  run_inline(array);
  return array.end();
}

/// `count` lines, one after the other.
std::vector<float> read(analog_array& array, line_side side, std::uint32_t line, std::uint32_t count,
                        std::uint64_t first, operation_activity* activity = nullptr) {
  const std::uint32_t length = length_of(shape, side);
  std::vector<float> out(std::size_t{count} * length);
  array.begin_read_line(side, line, {out.data(), count, length, length}, first);
  const auto done = finish(array);
  if (activity != nullptr)
    *activity = done;
  return out;
}

operation_activity write(analog_array& array, line_side side, std::uint32_t line, const std::vector<float>& counts,
                         float rate, std::uint64_t first) {
  const std::uint32_t length = length_of(shape, side);
  array.begin_write_line(
      side, line, {counts.data(), static_cast<std::uint32_t>(counts.size() / length), length, length}, rate, first);
  return finish(array);
}

std::vector<float> weights_of(const analog_array& array) {
  return {array.weights().begin(), array.weights().end()};
}

TEST(line_read, of_perfect_peripheries_are_the_weights) {
  constexpr std::uint64_t full_code = 63; // 7 bits
  array_parameters p;
  p.device = ideal{};
  p.line_read.is_perfect = true;
  analog_array array(shape, p, seed, {}, 1);
  array.set_weights(some_weights());
  for (const auto side : both_sides) {
    const std::uint32_t lines = lines_of(shape, side);
    const std::uint32_t length = length_of(shape, side);
    operation_activity activity;
    const auto seen = read(array, side, lines - 2, 5, 0, &activity); // wraps
    for (std::uint32_t v = 0; v < 5; ++v)
      for (std::uint32_t k = 0; k < length; ++k)
        EXPECT_EQ(seen[v * length + k], array.weights()[cell(side, (lines - 2 + v) % lines, k)]);
    operation_activity expected;
    expected.vectors_in_round[0] = 5;
    expected.active_inputs = 5;
    expected.code_sum = 5 * full_code;
    expected.code_squares = 5 * full_code * full_code;
    EXPECT_EQ(activity, expected);
  }
  const auto quality = array.take_line_read_quality();
  EXPECT_GT(quality.signal, 0);
  EXPECT_EQ(quality.noise, 0);
}

TEST(line_read, mean_and_noise) {
  constexpr std::uint32_t repeats = 3000;
  array_parameters p;
  p.device = ideal{};
  p.line_read.out_noise = .05F;
  p.line_read.out_res = 0;
  analog_array array(shape, p, seed, {}, 1);
  array.set_weights(some_weights());
  for (const auto side : both_sides) {
    const std::uint32_t length = length_of(shape, side);
    std::vector<sample> samples(length);
    array.take_line_read_quality();
    for (std::uint64_t n = 0; n < repeats; ++n) {
      const auto seen = read(array, side, 3, 1, n);
      for (std::uint32_t k = 0; k < length; ++k)
        samples[k].add(seen[k]);
    }
    double signal = 0;
    for (std::uint32_t k = 0; k < length; ++k) { // 90 elements, two tests each: false alarm 2 * 90 * 7e-6 = 1e-3
      const double w = array.weights()[cell(side, 3, k)];
      signal += w * w;
      EXPECT_NEAR(samples[k].mean(), w, 4.5 * samples[k].error_of_mean());
      EXPECT_NEAR(samples[k].variance(), .0025, 4.5 * samples[k].error_of_variance());
    }
    const auto quality = array.take_line_read_quality();
    EXPECT_NEAR(quality.signal / (repeats * signal), 1, 1e-9);
    // Of at least 37 * 3000 elements: 4 errors of a variance sqrt(2 / 111000); false alarm 6e-5.
    EXPECT_NEAR(quality.noise / (double{repeats} * length) / .0025, 1, .017);
    EXPECT_EQ(array.take_line_read_quality(), signal_noise{});
  }
}

TEST(line_read, converters_quantise_and_clip) {
  array_parameters p;
  p.device = ideal{};
  p.line_read.out_noise = 0;
  p.line_read.out_bound = .16F;
  p.line_read.out_res = 1.0F / 8; // of the full range: steps of 0.04
  analog_array array(shape, p, seed, {}, 1);
  array.set_weights(some_weights());
  for (const auto side : both_sides) {
    operation_activity activity;
    const auto seen = read(array, side, 0, 1, 0, &activity);
    std::uint64_t clipped = 0;
    for (std::uint32_t k = 0; k < seen.size(); ++k) {
      const float w = array.weights()[cell(side, 0, k)];
      EXPECT_NEAR(seen[k], std::clamp(.04F * std::rint(w / .04F), -.16F, .16F), 1e-6) << w;
      clipped += std::abs(.04F * std::rint(w / .04F)) > .1601F;
    }
    EXPECT_EQ(activity.saturations, clipped);
    EXPECT_GT(clipped, 0U);
  }
}

/// Everything that reads can have.
io_parameters many_effects() {
  auto io = line_read_defaults();
  io.out_noise_std = .1F;
  io.w_noise = .01F;
  io.w_noise_type = weight_noise::pcm_read;
  io.ir_drop = 1;
  io.v_offset_std = .01F;
  io.out_nonlinearity = .1F;
  io.out_sto_round = true;
  return io;
}

// A read costs one line; as a product with a unit vector it would cost all of them, and give the same.
TEST(line_read, equals_a_product_with_a_unit_vector) {
  for (const bool inputs_are_noisy : {false, true}) {
    array_parameters p;
    p.line_read = many_effects();
    p.line_read.inp_noise = inputs_are_noisy ? .01F : 0;
    analog_array array(shape, p, seed, {}, 1);
    array.set_weights(some_weights());
    for (const auto side : both_sides) {
      const bool forward = side == line_side::inputs;
      const auto direction = forward ? mvm_direction::forward : mvm_direction::backward;
      const analog_mvm mvm(p.line_read, shape, direction,
                           {seed, forward ? purpose::forward_lines : purpose::backward_lines, {}, 2});
      const noise_stream noise(seed, purpose::line_read, {}, forward ? 0 : 1);
      std::vector<float> unit(lines_of(shape, side));
      std::vector<float> expected(length_of(shape, side));
      std::vector<float> scratch(mvm.scratch_size());
      unit[7] = 1;
      mvm.run({array.weights().data(), shape, direction}, unit, expected, 0, noise, 12, scratch);
      EXPECT_EQ(read(array, side, 7, 1, 12), expected);
    }
  }
}

TEST(line_read, is_independent_of_bursts_and_leaves_the_array_alone) {
  array_parameters p;
  p.line_read = many_effects();
  analog_array array(shape, p, seed, {}, 1);
  array.set_weights(some_weights());
  const auto before = weights_of(array);
  for (const auto side : both_sides) {
    const auto together = read(array, side, 30, 12, 100);
    std::vector<float> singly;
    for (std::uint32_t v = 0; v < 12; ++v) {
      const auto line = read(array, side, 30 + v, 1, 100 + v);
      singly.insert(singly.end(), line.begin(), line.end());
    }
    EXPECT_EQ(singly, together);
    EXPECT_NE(read(array, side, 30, 12, 101), together); // other noise
  }
  EXPECT_EQ(weights_of(array), before);
}

TEST(line_read, management_is_refused) {
  array_parameters p;
  p.line_read.noise_management = noise_management::abs_max;
  EXPECT_THROW(p.validate(), input_error);
  p.line_read = line_read_defaults();
  EXPECT_NO_THROW(p.validate());
  p.line_read.bound_management = bound_management::iterative;
  EXPECT_THROW(p.validate(), input_error);
}

TEST(line_write, one_sided_cells_need_pulses) {
  array_parameters p;
  p.device = one_sided_cell{};
  EXPECT_NO_THROW(p.validate());
  p.line_write.pulse_type = pulse_type::none_with_device;
  EXPECT_THROW(p.validate(), input_error);
}

// With one slot and a rate of one step, a count of 1 is one pulse for sure.
TEST(line_write, single_pulses_are_exact) {
  for (const auto type :
       {pulse_type::stochastic_compressed, pulse_type::mean_count, pulse_type::deterministic_implicit})
    for (const auto side : both_sides) {
      array_parameters p;
      p.device = exact_steps();
      p.line_write.pulse_type = type;
      analog_array array(shape, p, seed, {}, 1);
      const std::uint32_t lines = lines_of(shape, side);
      const std::uint32_t length = length_of(shape, side);
      std::vector<float> counts(2 * length);
      std::vector<float> expected(shape.cells());
      std::uint64_t pulses = 0;
      for (std::uint32_t v = 0; v < 2; ++v) // the last line, then the first one
        for (std::uint32_t k = v; k < length; k += 2 + v) {
          const float count = k % 3 == 0 ? -1 : 1;
          counts[v * length + k] = count;
          expected[cell(side, (lines - 1 + v) % lines, k)] = -count * .001F;
          ++pulses;
        }
      const auto activity = write(array, side, lines - 1, counts, .001F, 0);
      EXPECT_EQ(weights_of(array), expected);
      EXPECT_EQ(activity.coincidences, pulses);
      EXPECT_EQ(activity.pulse_slots, 2U);
      EXPECT_EQ(activity.input_line_pulses, side == line_side::inputs ? 2 : pulses);
      EXPECT_EQ(activity.output_line_pulses, side == line_side::inputs ? pulses : 2);
      // The pulses of a line pass all its cells, not only those of the line that is written.
      EXPECT_EQ(activity.half_selected, 2 * length + pulses * lines - 2 * pulses);
    }
}

TEST(line_write, several_counts_are_dense_pulses) {
  array_parameters p;
  p.device = exact_steps();
  p.line_write = {.pulse_type = pulse_type::mean_count}; // 31 slots, with management
  analog_array array(shape, p, seed, {}, 1);
  std::vector<float> counts(shape.inputs);
  counts[4] = 6;
  counts[9] = -3;
  EXPECT_EQ(write(array, line_side::outputs, 2, counts, .001F, 0).coincidences, 9U);
  EXPECT_NEAR(array.weights()[2 * shape.inputs + 4], -.006, 1e-6);
  EXPECT_NEAR(array.weights()[2 * shape.inputs + 9], .003, 1e-6);
  EXPECT_EQ(std::ranges::count(array.weights(), 0.0F), static_cast<std::ptrdiff_t>(shape.cells() - 2));
}

// Longer trains are random; on average the change is -rate times the counts.
TEST(line_write, mean_of_random_trains) {
  constexpr std::uint32_t repeats = 2000;
  for (const auto side : both_sides) {
    array_parameters p;
    p.device = exact_steps();
    p.line_write.desired_bl = 10;
    analog_array array(shape, p, seed, {}, 1);
    std::vector<float> counts(length_of(shape, side));
    for (std::size_t k = 0; k < counts.size(); ++k)
      counts[k] = k % 2 == 0 ? 1.0F : -2.0F;
    std::vector<float> last(counts.size());
    std::vector<sample> samples(counts.size());
    for (std::uint64_t n = 0; n < repeats; ++n) {
      write(array, side, 5, counts, .001F, n);
      for (std::uint32_t k = 0; k < counts.size(); ++k) {
        const float w = array.weights()[cell(side, 5, k)];
        samples[k].add((w - last[k]) / .001);
        last[k] = w;
      }
    }
    for (std::size_t k = 0; k < counts.size(); ++k) // 90 elements: false alarm 6e-4
      EXPECT_NEAR(samples[k].mean(), -counts[k], 4.5 * samples[k].error_of_mean()) << k;
  }
}

TEST(line_write, exact_updates) {
  for (const bool pulses_are_off : {false, true})
    for (const auto side : both_sides) {
      array_parameters p;
      p.device = pulses_are_off ? device_spec(exact_steps()) : device_spec(ideal{});
      if (pulses_are_off)
        p.line_write.pulse_type = pulse_type::none_with_device;
      analog_array array(shape, p, seed, {}, 1);
      array.set_weights(some_weights());
      auto expected = some_weights();
      std::vector<float> counts(length_of(shape, side));
      for (std::uint32_t k = 0; k < counts.size(); ++k) {
        counts[k] = .3F * static_cast<float>(k) - 2;
        expected[cell(side, 8, k)] += -.01F * counts[k];
      }
      EXPECT_EQ(write(array, side, 8, counts, .01F, 0), operation_activity{});
      EXPECT_EQ(weights_of(array), expected);
    }
}

TEST(line_write, nothing_to_write_does_nothing) {
  array_parameters p;
  soft_bounds device;
  device.write_noise_std = 2;
  p.device = device;
  analog_array array(shape, p, seed, {}, 1);
  const auto before = weights_of(array);
  for (const auto side : both_sides) {
    std::vector<float> counts(length_of(shape, side));
    EXPECT_EQ(write(array, side, 1, counts, .001F, 0), operation_activity{});
    counts[0] = 1;
    EXPECT_EQ(write(array, side, 1, counts, 0, 0), operation_activity{});
  }
  EXPECT_EQ(weights_of(array), before);
}

std::vector<device_spec> noisy_devices() {
  soft_bounds writing_noisily;
  writing_noisily.write_noise_std = 2;
  return {constant_step{}, writing_noisily, vector_cell{}, one_sided_cell{}};
}

TEST(line_write, is_independent_of_bursts_and_touches_its_lines_only) {
  constexpr std::uint32_t burst = 12;
  for (const auto& device : noisy_devices())
    for (const auto side : both_sides) {
      array_parameters p;
      p.device = device;
      p.line_write.desired_bl = 5;
      const std::uint32_t length = length_of(shape, side);
      const std::uint32_t lines = lines_of(shape, side);
      std::vector<float> counts(std::size_t{burst} * length);
      for (std::size_t k = 0; k < counts.size(); ++k)
        counts[k] = static_cast<float>(k % 7) - 3;
      const auto begin = [&](std::uint32_t v) {
        return std::vector<float>(counts.begin() + v * length, counts.begin() + (v + 1) * length);
      };
      analog_array together(shape, p, seed, {}, 1);
      analog_array singly(shape, p, seed, {}, 1);
      together.set_weights(some_weights());
      singly.set_weights(some_weights());
      const auto before = weights_of(together);
      const auto activity = write(together, side, lines - 2, counts, .002F, 50);
      operation_activity sum;
      for (std::uint32_t v = 0; v < burst; ++v)
        sum += write(singly, side, lines - 2 + v, begin(v), .002F, 50 + v);
      EXPECT_EQ(activity, sum) << device.model();
      EXPECT_EQ(weights_of(singly), weights_of(together)) << device.model();
      for (std::uint32_t l = burst - 2; l < lines - 2; ++l)
        for (std::uint32_t k = 0; k < length; ++k)
          EXPECT_EQ(together.weights()[cell(side, l, k)], before[cell(side, l, k)]) << device.model();
      EXPECT_NE(weights_of(together), before);
    }
}

// A write of a line and an update of the same number have noise of their own.
TEST(line_write, has_other_noise_than_updates) {
  array_parameters p;
  auto device = exact_steps();
  device.dw_min_std = .3F;
  p.device = device;
  p.update = p.line_write;
  const std::vector<float> unit{1};
  const std::vector<float> counts(200, 1);
  const auto changes = [&](bool as_update) {
    analog_array array({1, 200}, p, seed, {}, 1);
    if (as_update)
      array.begin_update({unit.data(), 1, 1, 1}, {counts.data(), 1, 200, 200}, .001F, 3);
    else
      array.begin_write_line(line_side::inputs, 0, {counts.data(), 1, 200, 200}, .001F, 3);
    finish(array);
    return weights_of(array);
  };
  const auto updated = changes(true);
  const auto written = changes(false);
  double product = 0;
  for (std::size_t k = 0; k < 200; ++k)
    product += (updated[k] / -.001 - 1) * (written[k] / -.001 - 1);
  EXPECT_NEAR(product / 200 / .09, 0, 4 / std::sqrt(200)); // no correlation; false alarm 6e-5
}

TEST(line_access, survives_a_restart) {
  for (const auto& device : noisy_devices()) {
    array_parameters p;
    p.device = device;
    p.line_read = many_effects();
    p.line_write.desired_bl = 5;
    const std::vector<float> counts(shape.outputs, -1.5F);
    const auto go_on = [&](analog_array& array, std::uint64_t first) {
      for (std::uint32_t v = 0; v < 5; ++v)
        write(array, line_side::inputs, 50 + v, counts, .002F, first + v);
      return read(array, line_side::inputs, 49, 4, first);
    };
    analog_array array(shape, p, seed, {}, 1);
    array.set_weights(some_weights());
    go_on(array, 0);
    std::stringstream state;
    array.save(state);
    const auto expected = go_on(array, 5);
    analog_array other(shape, p, seed, {}, 1);
    other.restore(state);
    EXPECT_EQ(go_on(other, 5), expected) << device.model();
    EXPECT_EQ(weights_of(other), weights_of(array)) << device.model();
  }
}

TEST(line_access, operands_must_fit) {
  analog_array array(shape, {}, seed, {}, 1);
  std::vector<float> v(shape.inputs);
  EXPECT_THROW(array.begin_read_line(line_side::inputs, 0, {v.data(), 1, shape.inputs, shape.inputs}, 0),
               std::invalid_argument);
  EXPECT_THROW(array.begin_read_line(line_side::outputs, 0, {v.data(), 1, shape.outputs, shape.outputs}, 0),
               std::invalid_argument);
  EXPECT_THROW(array.begin_write_line(line_side::inputs, 0, {v.data(), 1, shape.inputs, shape.inputs}, 1, 0),
               std::invalid_argument);
  EXPECT_THROW(array.begin_write_line(line_side::outputs, 0, {v.data(), 1, shape.inputs, shape.inputs},
                                      std::numeric_limits<float>::infinity(), 0),
               std::invalid_argument);
}

TEST(rest, of_devices) {
  const auto rests = [](const array_parameters& p) {
    EXPECT_EQ(devices_rest(p), analog_array({2, 2}, p, seed, {}, 1).rests());
    return devices_rest(p);
  };
  array_parameters p;
  EXPECT_FALSE(rests(p));
  constant_step device;
  device.diffusion = .1F;
  p.device = device;
  EXPECT_TRUE(rests(p));
  vector_cell pair;
  pair.devices = {constant_step{}, device};
  p.device = pair;
  EXPECT_TRUE(rests(p));
  p.update.pulse_type = pulse_type::none; // an ideal device instead
  EXPECT_FALSE(rests(p));
  p = {};
  ideal living;
  living.lifetime = 1; // up to 1: no decay
  p.device = living;
  EXPECT_FALSE(rests(p));
  living.lifetime = 2;
  p.device = living;
  EXPECT_TRUE(rests(p));
  p = {};
  p.drift_per_mini_batch = 1;
  EXPECT_FALSE(rests(p));
  device = {};
  device.drift.nu = .1F;
  p.device = device;
  EXPECT_TRUE(rests(p));
  p.drift_per_mini_batch = 0;
  EXPECT_FALSE(rests(p));
}

/// Every pulse changes a weight by the same step, and all pulses of a write go one way: weights count pulses.
void expect_pulses_of_weights(const analog_array& array, const std::vector<float>& before, float dw_min) {
  const pulse_sample sample(shape, {});
  std::uint64_t sum = 0;
  for (std::size_t l = 0; l < sample.lines().size(); ++l)
    for (std::uint32_t j = 0; j < shape.inputs; ++j) {
      const std::size_t c = std::size_t{sample.lines()[l]} * shape.inputs + j;
      const auto pulses = std::lround(std::abs(array.weights()[c] - before[c]) / dw_min);
      EXPECT_EQ(array.sampled_pulses()[l * shape.inputs + j], static_cast<std::uint64_t>(pulses)) << l << ' ' << j;
      sum += static_cast<std::uint64_t>(pulses);
    }
  EXPECT_GT(sum, 100U);
}

TEST(pulse_sample, counts_pulses_of_updates_and_of_line_writes) {
  constexpr float dw_min = .001F;
  array_parameters p;
  p.device = exact_steps(dw_min);
  p.line_write.desired_bl = 10;
  analog_array array(shape, p, seed, {}, 4);
  const auto before = weights_of(array);
  for (const auto side : both_sides) {
    const std::uint32_t lines = lines_of(shape, side);
    write(array, side, 0, std::vector<float>(std::size_t{lines} * length_of(shape, side), 1), .004F, lines);
  }
  const std::vector<float> x(4 * shape.inputs, .5F);
  const std::vector<float> d(4 * shape.outputs, .3F);
  array.begin_update({x.data(), 4, shape.inputs, shape.inputs}, {d.data(), 4, shape.outputs, shape.outputs}, .05F, 0);
  finish(array);
  expect_pulses_of_weights(array, before, dw_min);
}

TEST(pulse_sample, is_part_of_the_state) {
  array_parameters p;
  p.device = exact_steps();
  analog_array array(shape, p, seed, {}, 1);
  write(array, line_side::outputs, 0, std::vector<float>(shape.cells(), 1), .05F, 0);
  std::stringstream state;
  array.save(state);
  analog_array restored(shape, p, seed, {}, 1);
  restored.restore(state);
  EXPECT_TRUE(std::ranges::equal(restored.sampled_pulses(), array.sampled_pulses()));
  EXPECT_GT(std::ranges::max(array.sampled_pulses()), 0U);
}

TEST(pulse_sample, has_different_lines_of_any_array) {
  for (const std::uint32_t outputs : {1U, 2U, 3U, 4U, 5U, 128U})
    for (std::uint16_t layer = 0; layer < 20; ++layer) {
      const pulse_sample sample({7, outputs}, {.layer = layer});
      auto lines = std::vector(sample.lines().begin(), sample.lines().end());
      EXPECT_EQ(lines.size(), std::min(outputs, 4U));
      std::ranges::sort(lines);
      EXPECT_LT(lines.back(), outputs);
      EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());
    }
}

} // namespace
} // namespace tilework::physics
