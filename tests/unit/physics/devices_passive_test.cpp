// SPDX-License-Identifier: Apache-2.0
// What happens to devices apart from pulses: setting with write noise, decay, diffusion, resets, drift, broken lines.
// Statistical comparisons use 4.5 standard errors: false alarm 7e-6 per number.
#include "device_populations.h"

#include <tilework/physics/devices/pulsed_array.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

void expect_spread(const sample& s, double mean, double deviation) {
  EXPECT_NEAR(s.mean(), mean, 4.5 * s.error_of_mean() + 1e-7);
  EXPECT_NEAR(s.variance(), deviation * deviation, 4.5 * s.error_of_variance() + 1e-12);
}

/// No spread, no pulse noise, step .01, window -.8 to 1.
device_spec plain(std::string_view model, const std::string& more = "") {
  return test::device(model, alike + "dw_min: 0.01, dw_min_std: 0, w_max: 1, w_min: -0.8, " + more);
}

std::vector<std::uint32_t> every_cell(const device_array& devices) {
  std::vector<std::uint32_t> cells(devices.weights().size());
  std::iota(cells.begin(), cells.end(), 0U);
  return cells;
}

constexpr std::uint32_t many = 50'000;
/// Models with write noise.
constexpr std::array<const char*, 6> noisy_models{"LinearStep", "SoftBounds",          "ExpStep",
                                                  "PowStep",    "SoftBoundsReference", "PiecewiseStep"};

std::string with_write_noise(std::string_view model) { // .05 in weight
  return std::string("write_noise_std: 5, ") + (model == "LinearStep" ? "gamma_up_dtod: 0, gamma_down_dtod: 0, " : "") +
         (model == "PowStep" ? "pow_gamma_dtod: 0, " : "");
}

TEST(write_noise, shows_but_does_not_accumulate) {
  for (const std::string model : noisy_models) {
    const auto spec = plain(model, with_write_noise(model));
    EXPECT_TRUE(spec.writes_noisily());
    const auto devices = population(spec, many);
    program_all(*devices, .2F);
    expect_spread(sample_of(devices->weights()), .2, .05);
    EXPECT_TRUE(std::ranges::all_of(devices->persistent_weights(), [](float w) { return w == .2F; }));
    std::vector<pulse_run> runs;
    for (std::uint32_t c = 0; c < many; c += 2)
      runs.push_back({c, 1});
    const auto before = weights_of(*devices);
    for (std::uint64_t v = 0; v < 10; ++v)
      devices->apply_pulses(0, runs, v);
    const float moved = devices->persistent_weights()[0];
    EXPECT_GT(moved, .2F);
    sample error;
    for (std::uint32_t c = 0; c < many; ++c)
      if (c % 2 == 0)
        error.add(devices->weights()[c]);
      else
        ASSERT_EQ(devices->weights()[c], before[c]); // untouched
    expect_spread(error, static_cast<double>(moved), .05);
  }
}

TEST(write_noise, is_drawn_anew_for_every_device_after_passive_changes) {
  for (const auto* how : {"lifetime: 10", "diffusion: 0.001", "drift: {nu: 0.1}"}) {
    const auto devices = population(plain("SoftBounds", "write_noise_std: 5, " + std::string(how)), many);
    program_all(*devices, .4F);
    const auto error = [&] {
      std::vector<float> errors = weights_of(*devices);
      for (std::size_t c = 0; c < errors.size(); ++c)
        errors[c] -= devices->persistent_weights()[c];
      return errors;
    };
    const auto before = error();
    devices->relax(0, 4, 1);
    devices->drift(10, 4);
    const auto after = error();
    sample product;
    for (std::size_t c = 0; c < before.size(); ++c)
      product.add(static_cast<double>(before[c]) * static_cast<double>(after[c]));
    expect_spread(sample_of(after), 0, .05);
    EXPECT_NEAR(product.mean(), 0, 4.5 * product.error_of_mean()) << how; // independent errors
    EXPECT_NE(devices->persistent_weights()[0], .4F) << how;
  }
}

TEST(write_noise, of_setting_can_be_left_out) {
  const auto devices = population(plain("SoftBounds", "write_noise_std: 5, apply_write_noise_on_set: false"), 2);
  devices->program(std::vector<float>{.2F, .3F}, 0);
  EXPECT_EQ(weights_of(*devices), (std::vector<float>{.2F, .3F}));
  pulse_all(*devices, 1, 0);
  EXPECT_NE(devices->weights()[0], devices->persistent_weights()[0]);
}

TEST(write_noise, exact_updates_are_writes_too) {
  const auto devices = population(plain("SoftBounds", "write_noise_std: 5"), many);
  devices->add_exactly(0, std::vector<float>(many, 2), .1F, 3);
  EXPECT_FLOAT_EQ(devices->persistent_weights()[7], .2F);
  expect_spread(sample_of(devices->weights()), .2, .05);
}

TEST(decay, shrinks_the_distance_to_the_reset_bias) {
  for (const auto* model : {"ConstantStep", "LinearStep", "SoftBounds", "SoftBoundsReference", "ExpStep", "PowStep",
                            "PowStepReference", "PiecewiseStep"}) {
    const auto devices = plain(model, "lifetime: 10, reset: 0.2").make({{2, 2}, 1, {}});
    EXPECT_TRUE(devices->relaxes());
    program_all(*devices, .5F);
    devices->relax(1, 0, 1); // one line only
    EXPECT_EQ(devices->weights()[0], .5F);
    EXPECT_NEAR(devices->weights()[2], .47, 1e-6) << model;
    devices->relax(1, 1, 1);
    EXPECT_NEAR(devices->weights()[3], .2 + .3 * .81, 1e-6) << model;
  }
}

TEST(decay, short_lifetimes_lead_to_the_bias_at_once) {
  const auto devices = population(plain("ConstantStep", "lifetime: 0.5, reset: 0.2"), 1);
  program_all(*devices, .5F);
  devices->relax(0, 0, 1);
  EXPECT_FLOAT_EQ(devices->weights()[0], .2F);
}

TEST(decay, keeps_to_the_bounds) {
  const auto devices = population(plain("ConstantStep", "lifetime: 2, reset: 3"), 1);
  program_all(*devices, .5F);
  devices->relax(0, 0, 1);
  EXPECT_EQ(devices->weights()[0], 1);
}

// Of devices that are read against a reference, too: what keeps to them is the visible weight.
TEST(decay, reference_devices_keep_the_visible_weight_within_the_bounds) {
  for (const auto* model : {"SoftBoundsReference", "PowStepReference"}) {
    const auto devices = population(plain(model, "reference_mean: 0.3, lifetime: 1, reset: 3"), 1);
    devices->relax(0, 0, 1);
    EXPECT_EQ(devices->weights()[0], 1) << model;
    const auto wild = population(plain(model, "reference_mean: 0.3, diffusion: 10"), 100);
    wild->relax(0, 0, 1);
    EXPECT_EQ(std::ranges::max(wild->weights()), 1) << model;
    EXPECT_EQ(std::ranges::min(wild->weights()), -.8F) << model;
  }
}

TEST(decay, every_device_has_its_own) {
  const auto devices =
      population(test::device("ConstantStep", "lifetime: 20, lifetime_dtod: 0.3, reset_dtod: 0.05"), 1000);
  program_all(*devices, .3F);
  const auto before = weights_of(*devices);
  const auto keep = property(*devices, "decay_keep");
  const auto bias = property(*devices, "reset_bias");
  const auto min = property(*devices, "min_bound");
  const auto max = property(*devices, "max_bound");
  devices->relax(0, 0, 1);
  for (std::size_t c = 0; c < 1000; ++c)
    EXPECT_FLOAT_EQ(devices->weights()[c], std::clamp((before[c] - bias[c]) * keep[c] + bias[c], min[c], max[c]));
  EXPECT_GT(sample_of(keep).deviation(), .005);
}

TEST(diffusion, is_a_random_walk_with_the_rate_of_the_device) {
  for (const auto* model : {"ConstantStep", "SoftBoundsReference"}) {
    const auto devices = population(plain(model, "diffusion: 0.02"), many);
    EXPECT_TRUE(devices->relaxes());
    program_all(*devices, .1F);
    devices->relax(0, 0, 1);
    expect_spread(sample_of(devices->weights()), .1, .02);
    for (std::uint64_t event = 1; event < 4; ++event)
      devices->relax(0, event, 1);
    expect_spread(sample_of(devices->weights()), .1, .04);
  }
  const auto devices = population(plain("ConstantStep", "diffusion: 0.02, diffusion_dtod: 0.3"), many);
  const auto rates = property(*devices, "diffusion_rate");
  devices->relax(0, 0, 1);
  sample normalised;
  for (std::size_t c = 0; c < many; ++c)
    normalised.add(static_cast<double>(devices->weights()[c]) / static_cast<double>(rates[c]));
  expect_spread(normalised, 0, 1);
}

TEST(passive_time, of_several_mini_batches_at_once_decays_as_much) {
  for (const auto* model : {"ConstantStep", "Ideal"}) {
    const auto spec =
        model == std::string("Ideal") ? test::device(model, "lifetime: 50") : plain(model, "lifetime: 50, reset: 0.1");
    const auto at_once = population(spec, 3);
    const auto one_by_one = population(spec, 3);
    const auto halves = population(spec, 3);
    for (auto* devices : {at_once.get(), one_by_one.get(), halves.get()})
      program_all(*devices, .4F);
    at_once->relax(0, 0, 10);
    for (std::uint64_t event = 0; event < 10; ++event)
      one_by_one->relax(0, event, 1);
    for (std::uint64_t event = 0; event < 20; ++event)
      halves->relax(0, event, .5F);
    EXPECT_NEAR(at_once->weights()[0], one_by_one->weights()[0], 1e-6);
    EXPECT_NEAR(halves->weights()[0], one_by_one->weights()[0], 1e-6);
    EXPECT_LT(at_once->weights()[0], .39F);
    const float before = halves->weights()[0];
    halves->relax(0, 20, 0);
    EXPECT_NEAR(halves->weights()[0], before, 1e-7);
  }
}

TEST(passive_time, widens_diffusion_with_its_root) {
  for (const std::string model : {"ConstantStep", "Ideal"}) {
    const auto spec = model == "Ideal" ? test::device(model, "diffusion: 0.02") : plain(model, "diffusion: 0.02");
    const auto devices = population(spec, many);
    program_all(*devices, .1F);
    devices->relax(0, 0, 6.25F);
    expect_spread(sample_of(devices->weights()), .1, .05);
  }
}

TEST(diffusion, comes_before_decay_and_keeps_to_the_bounds) {
  const auto devices = population(plain("ConstantStep", "diffusion: 0.02, lifetime: 2"), many);
  program_all(*devices, .4F);
  devices->relax(0, 0, 1);
  expect_spread(sample_of(devices->weights()), .2, .01); // half of the diffused weight
  const auto wild = population(plain("ConstantStep", "diffusion: 10"), 100);
  wild->relax(0, 0, 1);
  for (const float w : wild->weights())
    EXPECT_TRUE(w >= -.8F && w <= 1) << w;
}

TEST(diffusion, lines_can_be_done_in_any_order) {
  const auto spec = test::device("SoftBounds", "diffusion: 0.1, lifetime: 5, write_noise_std: 3");
  const auto upwards = spec.make({{10, 3}, 1, {}});
  const auto downwards = spec.make({{10, 3}, 1, {}});
  for (std::uint32_t i = 0; i < 3; ++i) {
    upwards->relax(i, 9, 1);
    downwards->relax(2 - i, 9, 1);
  }
  EXPECT_EQ(weights_of(*upwards), weights_of(*downwards));
}

TEST(devices, without_passive_laws_stand_still) {
  const auto devices = population(test::device("SoftBounds", "write_noise_std: 2"), 10);
  program_all(*devices, .1F);
  const auto before = weights_of(*devices);
  EXPECT_FALSE(devices->relaxes());
  EXPECT_FALSE(devices->drifts());
  devices->relax(0, 0, 1);
  devices->drift(100, 0);
  EXPECT_EQ(weights_of(*devices), before);
}

TEST(reset, of_some_devices) {
  const auto devices = population(plain("SoftBounds", "reset: 0.1, reset_dtod: 0.02, reset_std: 0.03"), many);
  program_all(*devices, .5F);
  std::vector<std::uint32_t> even;
  for (std::uint32_t c = 0; c < many; c += 2)
    even.push_back(c);
  devices->reset(even, 5);
  const auto bias = property(*devices, "reset_bias");
  sample noise;
  for (std::uint32_t c = 0; c < many; ++c)
    if (c % 2 == 0)
      noise.add(static_cast<double>(devices->weights()[c]) - static_cast<double>(bias[c]));
    else
      ASSERT_EQ(devices->weights()[c], .5F);
  expect_spread(noise, 0, .03);
  const auto first = weights_of(*devices);
  devices->reset(even, 6);
  EXPECT_NE(devices->weights()[0], first[0]); // fresh noise
  devices->reset(even, 5);
  EXPECT_EQ(weights_of(*devices), first); // of the event and the device only
}

TEST(reset, keeps_to_the_bounds_and_has_write_noise) {
  const auto wild = population(plain("ConstantStep", "reset_std: 10"), 100);
  wild->reset(every_cell(*wild), 0);
  for (const float w : wild->weights())
    EXPECT_TRUE(w >= -.8F && w <= 1) << w;
  const auto noisy = population(plain("SoftBounds", "reset: 0.1, reset_std: 0, write_noise_std: 5"), many);
  noisy->reset(every_cell(*noisy), 0);
  EXPECT_FLOAT_EQ(noisy->persistent_weights()[3], .1F);
  expect_spread(sample_of(noisy->weights()), .1, .05);
}

TEST(ideal, passive_laws) {
  const auto devices = population(test::device("Ideal", "lifetime: 4, diffusion: 0.02, reset_std: 0.05"), many);
  program_all(*devices, 4);
  devices->relax(0, 0, 1);
  expect_spread(sample_of(devices->weights()), 3, .015);
  devices->reset(every_cell(*devices), 0);
  expect_spread(sample_of(devices->weights()), 0, .05);
  EXPECT_FALSE(test::device("Ideal", "lifetime: 1").make({{2, 1}, 1, {}})->relaxes());
}

// Published: nu .05, w .5, four calls of 10 t_0.
TEST(drift, of_devices) {
  for (const auto* model : {"ConstantStep", "PowStepReference"}) {
    const auto devices = population(plain(model, "drift: {nu: 0.05}"), 3);
    EXPECT_TRUE(devices->drifts());
    program_all(*devices, .5F);
    std::uint64_t event = 0;
    for (const double expected : {.445625, .430446, .421807, .415783}) {
      devices->drift(10, event++);
      EXPECT_NEAR(devices->weights()[2], expected, 1e-6);
    }
    pulse_all(*devices, 1, 0); // written again: drift starts anew
    const float written = devices->weights()[0];
    devices->drift(10, event++);
    EXPECT_EQ(devices->weights()[0], written);
    devices->drift(10, event++);
    EXPECT_NEAR(devices->weights()[0], static_cast<double>(written) * std::pow(10, -.05), 1e-6);
  }
}

TEST(drift, keeps_to_the_bounds) {
  const auto devices = population(plain("ConstantStep", "drift: {nu: 0.05, w_noise_std: 10}"), 100);
  devices->drift(10, 0);
  for (const float w : devices->weights())
    EXPECT_TRUE(w >= -.8F && w <= 1) << w;
}

/// Every way to change a weight, once or more.
void disturb(device_array& devices, array_shape shape) {
  devices.program(std::vector<float>(shape.cells(), .3F), 1);
  std::vector<pulse_run> runs(shape.inputs);
  for (std::uint32_t i = 0; i < shape.outputs; ++i) {
    for (std::uint32_t j = 0; j < shape.inputs; ++j)
      runs[j] = {i * shape.inputs + j, j % 2 == 0 ? 3 : -3};
    if (!devices.is_ideal())
      devices.apply_pulses(i, runs, 2);
    devices.add_exactly(i, std::vector<float>(shape.inputs, .1F), 1, 3);
    devices.relax(i, 4, 1);
  }
  devices.drift(10, 5);
  std::vector<std::uint32_t> some;
  for (std::uint32_t c = 0; c < shape.cells(); c += 2)
    some.push_back(c);
  devices.reset(some, 6);
}

std::vector<std::pair<std::string, std::string>> all_models() {
  const std::string passive = "lifetime: 5, diffusion: 0.05, reset: 0.1, drift: {nu: 0.1, w_noise_std: 0.1}, ";
  std::vector<std::pair<std::string, std::string>> models{
      {"ConstantStep", passive},
      {"PowStepReference", passive + "reference_mean: 0.1, subtract_symmetry_point: true"},
      {"Ideal", "lifetime: 5, diffusion: 0.05"},
      {"Vector", "devices: [{extends: SoftBounds, write_noise_std: 5, diffusion: 0.1}, {extends: ConstantStep, " +
                     passive + "}], update_policy: SINGLE_SEQUENTIAL"},
      {"Reference", "devices: [{extends: ConstantStep, " + passive + "}]"},
      {"OneSided", "devices: [{extends: PCM, " + std::string("lifetime: 5, diffusion: 0.05, drift: {nu: 0.1}") + "}]"},
      {"OneSided", "devices: [{extends: ReRamES, lifetime: 5}], copy_inverted: true"}};
  for (const std::string model : noisy_models)
    models.emplace_back(model, passive + "write_noise_std: 5");
  return models;
}

TEST(line_faults, open_lines_read_zero_whatever_happens) {
  const array_shape shape{20, 15};
  for (const auto& [model, overrides] : all_models()) {
    const device_context context{.shape = shape, .seed = 3, .faults = {.open_inputs = .2F, .open_outputs = .1F}};
    const auto open = open_cells(context);
    ASSERT_TRUE(std::ranges::count(open, true) > 50 && std::ranges::count(open, false) > 50);
    const auto devices = test::device(model, overrides).make(context);
    disturb(*devices, shape);
    int zeros = 0;
    for (std::size_t c = 0; c < open.size(); ++c) {
      if (open[c]) {
        EXPECT_EQ(devices->weights()[c], 0) << model << " " << c;
        EXPECT_EQ(devices->persistent_weights()[c], 0) << model << " " << c;
        for (const auto& part : devices->parts())
          EXPECT_EQ(part->weights()[c], 0) << model << " " << c;
      } else {
        zeros += devices->weights()[c] == 0;
      }
    }
    EXPECT_LT(zeros, 20) << model; // other devices work; both sides of a pair may be at 0
  }
}

TEST(line_faults, faults_leave_the_other_devices_alone) {
  const array_shape shape{20, 15};
  const device_context broken{.shape = shape, .seed = 3, .faults = {.open_inputs = .2F}};
  for (const auto& [model, overrides] : all_models()) {
    const auto spec = test::device(model, overrides);
    const auto with = spec.make(broken);
    const auto without = spec.make({.shape = shape, .seed = 3});
    disturb(*with, shape);
    disturb(*without, shape);
    const auto open = open_cells(broken);
    for (std::size_t c = 0; c < open.size(); ++c)
      EXPECT_EQ(with->weights()[c], open[c] ? 0 : without->weights()[c]) << model;
  }
}

TEST(line_faults, dead_tiles) {
  const device_context context{.shape = {5, 4}, .seed = 1, .faults = {.dead_tiles = 1}};
  for (const auto& [model, overrides] : all_models()) {
    const auto devices = test::device(model, overrides).make(context);
    disturb(*devices, context.shape);
    EXPECT_TRUE(std::ranges::all_of(devices->weights(), [](float w) { return w == 0; })) << model;
  }
}

// Binomial counts within 4.5 standard deviations.
TEST(line_faults, drawn_shares) {
  const auto expect_share = [](double count, double trials, double share) {
    EXPECT_NEAR(count, trials * share, 4.5 * std::sqrt(trials * share * (1 - share)));
  };
  const array_shape shape{100, 50};
  double inputs = 0;
  double outputs = 0;
  double dead = 0;
  constexpr std::uint16_t arrays = 200;
  for (std::uint16_t layer = 0; layer < arrays; ++layer) {
    const auto cells_of = [&](line_faults faults) {
      return open_cells({.shape = shape, .seed = 1, .id = {.layer = layer}, .faults = faults});
    };
    const auto by_input = cells_of({.open_inputs = .3F});
    const auto by_output = cells_of({.open_outputs = .2F});
    for (std::size_t j = 0; j < shape.inputs; ++j) {
      inputs += by_input[j];
      for (std::size_t i = 1; i < shape.outputs; ++i)
        ASSERT_EQ(by_input[i * shape.inputs + j], by_input[j]); // whole lines
    }
    for (std::size_t i = 0; i < shape.outputs; ++i)
      outputs += by_output[i * shape.inputs];
    dead += cells_of({.dead_tiles = .4F})[0];
  }
  expect_share(inputs, 100.0 * arrays, .3);
  expect_share(outputs, 50.0 * arrays, .2);
  expect_share(dead, arrays, .4);
  EXPECT_TRUE(open_cells({.shape = shape, .seed = 1}).empty());
}

TEST(checkpoints, continue_as_if_nothing_happened) {
  const array_shape shape{9, 7};
  for (const auto& [model, overrides] : all_models()) {
    const auto spec = test::device(model, overrides);
    const auto original = spec.make({.shape = shape, .seed = 2});
    disturb(*original, shape);
    std::stringstream file;
    byte_writer writer(file);
    original->save(writer);
    const auto copy = spec.make({.shape = shape, .seed = 2});
    byte_reader reader(file);
    copy->load(reader);
    EXPECT_EQ(weights_of(*copy), weights_of(*original)) << model;
    for (auto* devices : {original.get(), copy.get()}) {
      for (std::uint32_t i = 0; i < shape.outputs; ++i)
        devices->relax(i, 11, 1);
      devices->drift(100, 12);
      disturb(*devices, shape);
    }
    EXPECT_EQ(weights_of(*copy), weights_of(*original)) << model;
    std::stringstream again;
    byte_writer second(again);
    original->save(second);
    const auto other = spec.make({.shape = {3, 2}, .seed = 2});
    byte_reader misfit(again);
    EXPECT_THROW(other->load(misfit), input_error) << model;
  }
}

} // namespace
} // namespace tilework::physics
