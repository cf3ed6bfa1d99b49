// SPDX-License-Identifier: Apache-2.0
// Differences between devices, as they are drawn. Statistical comparisons use 4.5 standard errors: false alarm 7e-6
// per number.
#include "device_populations.h"

#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

void expect_spread(const sample& s, double mean, double deviation) {
  EXPECT_NEAR(s.mean(), mean, 4.5 * s.error_of_mean());
  EXPECT_NEAR(s.variance(), deviation * deviation, 4.5 * s.error_of_variance());
}

/// Binomial count within 4.5 standard deviations.
void expect_share(int count, double trials, double share) {
  EXPECT_NEAR(count, trials * share, 4.5 * std::sqrt(trials * share * (1 - share)));
}

double normal_distribution(double x) {
  return std::erfc(-x / std::sqrt(2.0)) / 2;
}

constexpr std::uint32_t many = 100'000;

TEST(device_to_device, normal_spread) {
  // 10 sigma from 0: nothing folds
  const auto devices =
      population(test::device("ConstantStep", "dw_min_dtod: 0.1, w_max_dtod: 0.1, w_min_dtod: 0.1, w_min: -0.4"), many);
  const auto up = property(*devices, "dwmin_up");
  const auto down = property(*devices, "dwmin_down");
  sample asymmetry;
  for (std::size_t c = 0; c < many; ++c)
    asymmetry.add(static_cast<double>(up[c]) - static_cast<double>(down[c]));
  const double both = std::sqrt(.1 * .1 + .01 * .01) * .001;
  expect_spread(sample_of(up), .001, both);
  expect_spread(sample_of(down), .001, both);
  expect_spread(asymmetry, 0, 2 * .01 * .001);
  expect_spread(sample_of(property(*devices, "max_bound")), .6, .06);
  expect_spread(sample_of(property(*devices, "min_bound")), -.4, .04);
}

TEST(device_to_device, log_normal_spread) {
  const auto devices =
      population(test::device("ConstantStep", "dw_min_dtod: 0.7, dw_min_dtod_log_normal: true, up_down_dtod: 0"), many);
  const double mean = std::exp(.49 / 2);
  const auto up = property(*devices, "dwmin_up");
  expect_spread(sample_of(up), .001 * mean, .001 * mean * std::sqrt(std::exp(.49) - 1));
  EXPECT_EQ(up, property(*devices, "dwmin_down"));
}

TEST(device_to_device, consistency_folds_the_tails) {
  const std::string wide = "dw_min_dtod: 1, up_down_dtod: 0, w_max_dtod: 2, w_min_dtod: 2, ";
  const auto folded = population(test::device("ConstantStep", wide), many);
  // |N(1, 1)|: mean 1.166631, second moment 2
  expect_spread(sample_of(property(*folded, "dwmin_up")), .001166631, .001 * std::sqrt(2 - 1.166631 * 1.166631));
  EXPECT_GE(std::ranges::min(property(*folded, "max_bound")), 0);
  EXPECT_LE(std::ranges::max(property(*folded, "min_bound")), 0);
  const auto free = population(test::device("ConstantStep", wide + "enforce_consistency: false"), many);
  const auto up = property(*free, "dwmin_up");
  expect_spread(sample_of(up), .001, .001);
  expect_share(static_cast<int>(std::ranges::count_if(up, [](float v) { return v < 0; })), many,
               normal_distribution(-1));
}

// Lower bound above upper bound: both become their midpoint, and the device is frozen there.
TEST(device_to_device, without_consistency_crossed_bounds_freeze_a_device) {
  const auto devices = population(
      test::device("ConstantStep", "w_max_dtod: 2, w_min_dtod: 2, dw_min_std: 0, enforce_consistency: false"), many);
  const auto max = property(*devices, "max_bound");
  const auto min = property(*devices, "min_bound");
  const auto before = weights_of(*devices);
  pulse_all(*devices, 3, 0);
  int frozen = 0;
  for (std::size_t c = 0; c < many; ++c) {
    ASSERT_LE(min[c], max[c]);
    if (min[c] < max[c])
      continue;
    ++frozen;
    ASSERT_EQ(before[c], min[c]);
    ASSERT_EQ(devices->weights()[c], min[c]);
  }
  expect_share(frozen, many, normal_distribution(-1.2 / (1.2 * std::sqrt(2.0))));
}

TEST(device_to_device, fresh_devices_are_as_near_to_zero_as_they_can) {
  const auto devices =
      population(test::device("ConstantStep", "w_max_dtod: 2, w_min_dtod: 2, enforce_consistency: false"), 1000);
  const auto max = property(*devices, "max_bound");
  const auto min = property(*devices, "min_bound");
  for (std::size_t c = 0; c < 1000; ++c)
    EXPECT_EQ(devices->weights()[c], clipped(0, min[c], max[c]));
}

TEST(device_to_device, half_of_the_devices_are_stuck) {
  for (const auto* model : {"ConstantStep", "SoftBounds", "SoftBoundsReference", "ExpStep", "PowStep",
                            "PowStepReference", "PiecewiseStep"}) {
    constexpr std::uint32_t count = 10'000;
    const auto devices = population(test::device(model, "corrupt_devices_prob: 0.5"), count);
    const auto before = weights_of(*devices);
    pulse_all(*devices, 5, 0);
    int stuck = 0;
    sample where;
    for (std::size_t c = 0; c < count; ++c) {
      if (devices->weights()[c] != before[c])
        continue;
      ++stuck;
      ASSERT_LE(std::abs(before[c]), .1F) << model;
      where.add(before[c]);
    }
    expect_share(stuck, count, .5);
    // Uniform within +-.1, but for the 1 % of devices whose own bounds are nearer.
    EXPECT_NEAR(where.mean(), 0, 4.5 * where.error_of_mean()) << model;
    EXPECT_NEAR(where.deviation(), .2 / std::sqrt(12), .01 * .2 / std::sqrt(12) + 4.5 * where.error_of_variance() / .1)
        << model;
  }
}

TEST(device_to_device, stuck_devices_stay_where_they_are_whatever_happens) {
  const auto devices = population(test::device("ConstantStep", "corrupt_devices_prob: 1, corrupt_devices_range: 5, "
                                                               "lifetime: 3, diffusion: 0.1, reset: 0.3"),
                                  200);
  const auto before = weights_of(*devices);
  const auto max = property(*devices, "max_bound");
  EXPECT_GT(std::ranges::max(before), .3F); // the range of the device, not that of the parameter
  program_all(*devices, .5F);
  devices->relax(0, 1, 1);
  devices->reset(std::vector<std::uint32_t>{0, 1, 2}, 2);
  EXPECT_EQ(weights_of(*devices), before);
  EXPECT_EQ(max, before);
}

TEST(device_to_device, perfect_bias_is_the_last_input) {
  for (const auto* model : {"ConstantStep", "LinearStep"}) {
    const auto devices = test::device(model, "perfect_bias: true, dw_min_std: 0, w_min: -0.5").make({{3, 50}, 1, {}});
    const auto up = property(*devices, "dwmin_up");
    const auto down = property(*devices, "dwmin_down");
    const auto max = property(*devices, "max_bound");
    const auto min = property(*devices, "min_bound");
    EXPECT_EQ(std::ranges::count(up, .001F), 50);
    for (std::size_t c = 2; c < 150; c += 3) {
      EXPECT_EQ(up[c], .001F);
      EXPECT_EQ(down[c], .001F);
      EXPECT_FLOAT_EQ(max[c], 60) << model;
      EXPECT_FLOAT_EQ(min[c], -50) << model;
    }
  }
}

TEST(device_to_device, same_seed_same_devices) {
  const auto bounds = [](std::uint64_t seed, logical_array id, std::uint32_t part) {
    const auto devices =
        test::device("SoftBounds").make({.shape = {20, 20}, .seed = seed, .id = id, .part = part, .spread_part = part});
    program_all(*devices, 10);
    return weights_of(*devices);
  };
  EXPECT_EQ(bounds(1, {}, 0), bounds(1, {}, 0));
  EXPECT_NE(bounds(1, {}, 0), bounds(2, {}, 0));
  EXPECT_NE(bounds(1, {}, 0), bounds(1, {.layer = 1}, 0));
  EXPECT_NE(bounds(1, {}, 0), bounds(1, {}, 1));
}

TEST(device_to_device, drawn_parameters_do_not_depend_on_other_parameters) {
  const auto base = population(test::device("PowStep"), 100);
  const auto other = population(test::device("PowStep", "corrupt_devices_prob: 0.5, lifetime: 10, reset_dtod: 0.1, "
                                                        "diffusion_dtod: 0.3, diffusion: 0.1"),
                                100);
  const auto max = property(*base, "max_bound");
  const auto other_max = property(*other, "max_bound");
  EXPECT_EQ(property(*base, "gamma_up"), property(*other, "gamma_up"));
  for (std::size_t c = 0; c < 100; ++c)
    EXPECT_TRUE(max[c] == other_max[c] || property(*other, "dwmin_up")[c] == 0);
}

TEST(device_to_device, passive_properties) {
  const auto devices = population(test::device("ConstantStep", "diffusion: 0.02, diffusion_dtod: 0.2, reset: 0.1, "
                                                               "reset_dtod: 0.03, lifetime: 100, lifetime_dtod: 0.2"),
                                  many);
  expect_spread(sample_of(property(*devices, "diffusion_rate")), .02, .004);
  expect_spread(sample_of(property(*devices, "reset_bias")), .1, .03);
  sample lifetime;
  for (const float keep : property(*devices, "decay_keep"))
    lifetime.add(1 / (1 - static_cast<double>(keep)));
  EXPECT_NEAR(lifetime.mean(), 100, 4.5 * lifetime.error_of_mean() + .05); // of a single-precision 1 - 1/t
  EXPECT_NEAR(lifetime.deviation(), 20, .5);
}

TEST(linear_step, devices_without_spread_are_exact) {
  for (const float w_min : {-.8276F, 0.0F, -50.0F, -.001F}) {
    linear_step p;
    p.w_max = 1.1724F;
    p.w_min = w_min;
    p.gamma_up = .1153F;
    p.gamma_down = .5085F;
    p.dw_min_dtod = p.up_down_dtod = p.w_max_dtod = p.w_min_dtod = p.gamma_up_dtod = p.gamma_down_dtod = 0;
    const auto devices = population(p, 1);
    EXPECT_EQ(property(*devices, "max_bound")[0], p.w_max);
    EXPECT_EQ(property(*devices, "min_bound")[0], p.w_min);
    EXPECT_FLOAT_EQ(property(*devices, "slope_up")[0], -p.gamma_up * p.dw_min / p.w_max);
    EXPECT_FLOAT_EQ(property(*devices, "slope_down")[0], w_min == 0 ? 0 : -p.gamma_down * p.dw_min / p.w_min);
  }
}

TEST(memory, bytes_per_cross_point) {
  const auto bytes = [](std::string_view model, const std::string& overrides) {
    return population(test::device(model, overrides), 4)->bytes_per_cross_point();
  };
  for (const auto* model : {"ConstantStep", "SoftBounds", "ExpStep", "PiecewiseStep"})
    EXPECT_EQ(bytes(model, ""), 12U) << model;
  for (const auto* model : {"LinearStep", "SoftBoundsReference", "PowStep"})
    EXPECT_EQ(bytes(model, ""), 16U) << model;
  EXPECT_EQ(bytes("PowStepReference", ""), 20U);
  EXPECT_EQ(bytes("SoftBounds", "write_noise_std: 1"), 16U);
  EXPECT_EQ(bytes("SoftBoundsReference", "write_noise_std: 1"), 20U);
  EXPECT_EQ(bytes("Ideal", ""), 4U);
  EXPECT_EQ(bytes("Vector", "devices: [ConstantStep, ConstantStep]"), 4 + 2 * bytes("ConstantStep", ""));
  EXPECT_GT(bytes("ConstantStep", "lifetime: 10, diffusion: 0.1"), bytes("ConstantStep", ""));
  EXPECT_EQ(bytes("ConstantStep", "drift: {nu: 0.1}"), 12U + 16);
  EXPECT_EQ(bytes("ConstantStep", "drift: {nu: 0.1, nu_dtod: 0.1}"), 12U + 16 + 4);
}

} // namespace
} // namespace tilework::physics
