// SPDX-License-Identifier: Apache-2.0
// What 16 bits per parameter change: half a unit of rounding. Statistical comparisons use 4.5 standard errors: false
// alarm 7e-6 per number.
#include "device_populations.h"

#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/packed_steps.h>

#include <gtest/gtest.h>

#include <cmath>

namespace tilework::physics {
namespace {

TEST(code_unit, nominal_values_are_exact_and_wide_ones_fit) {
  for (const float nominal : {.001F, .3F, 1.1724F, -.8276F})
    for (const float reach : {1.0F, 1.5F, 3.4F, 100.0F}) {
      const float unit = code_unit(nominal, reach);
      EXPECT_EQ(static_cast<float>(code_of(nominal, unit)) * unit, nominal);
      EXPECT_NEAR(static_cast<float>(code_of(reach * nominal, unit)) * unit, reach * nominal, std::abs(unit) * .501F);
      EXPECT_LE(std::abs(unit), std::abs(nominal) * reach / 16383);
      EXPECT_EQ(code_of(10 * reach * nominal, unit), 32767);
    }
}

TEST(step_units, devices_without_spread_are_exact) {
  for (const float up_down : {0.0F, .259359F, -.3F}) {
    constant_step p;
    p.up_down = up_down;
    p.w_max = 1.1724F;
    p.w_min = -.8276F;
    p.dw_min_dtod = p.up_down_dtod = p.w_max_dtod = p.w_min_dtod = 0;
    const noise_stream stream(1, purpose::device_to_device, {});
    draw_sequence random(stream, 0);
    const step_units units(p);
    const auto exact = draw_device(p, random, false).steps;
    const auto same = units.unpack(units.pack(exact));
    EXPECT_EQ(same.up, exact.up);
    EXPECT_EQ(same.down, exact.down);
    EXPECT_EQ(same.max, exact.max);
    EXPECT_EQ(same.min, exact.min);
  }
}

/// Every drawn property is within half a unit of what was drawn, and the spreads are those that were asked for.
TEST(step_units, rounding_is_far_below_the_spread) {
  constexpr std::uint32_t count = 20'000;
  constant_step p;
  const step_units units(p);
  EXPECT_LE(units.up, p.dw_min / 8192 * 1.001F);
  EXPECT_LE(units.max, p.w_max / 8192 * 1.001F);
  const auto devices = population(p, count);
  const auto up = property(*devices, "dwmin_up");
  const auto down = property(*devices, "dwmin_down");
  const auto max = property(*devices, "max_bound");
  const auto min = property(*devices, "min_bound");
  const noise_stream stream(1, purpose::device_to_device, {});
  sample steps;
  sample bounds;
  for (std::uint32_t c = 0; c < count; ++c) {
    draw_sequence random(stream, c);
    const auto exact = draw_device(p, random, false).steps;
    ASSERT_NEAR(up[c], exact.up, units.up / 2 * 1.01F);
    ASSERT_NEAR(down[c], exact.down, units.down / 2 * 1.01F);
    ASSERT_NEAR(max[c], exact.max, units.max / 2 * 1.01F);
    ASSERT_NEAR(min[c], exact.min, std::abs(units.min) / 2 * 1.01F);
    steps.add(up[c]);
    bounds.add(max[c]);
  }
  const double step_spread = .001 * std::hypot(.3, .01);
  EXPECT_NEAR(steps.mean(), .001, 4.5 * steps.error_of_mean());
  EXPECT_NEAR(steps.variance(), step_spread * step_spread, 4.5 * steps.error_of_variance());
  EXPECT_NEAR(bounds.mean(), .6, 4.5 * bounds.error_of_mean());
  EXPECT_NEAR(bounds.variance(), .18 * .18, 4.5 * bounds.error_of_variance());
}

TEST(linear_step, short_gammas_are_the_drawn_ones_up_to_rounding) {
  linear_step p;
  p.w_max = 1.1724F;
  p.w_min = -.8276F;
  p.gamma_up = .1153F;
  p.gamma_down = .5085F;
  p.mean_bound_reference = true;
  const auto devices = population(p, 20'000);
  const auto up = property(*devices, "dwmin_up");
  const auto down = property(*devices, "dwmin_down");
  const auto slope_up = property(*devices, "slope_up");
  const auto slope_down = property(*devices, "slope_down");
  const noise_stream stream(1, purpose::device_to_device, {});
  sample gamma;
  for (std::uint32_t c = 0; c < 20'000; ++c) {
    draw_sequence random(stream, c);
    draw_device(p, random, false);
    const float gamma_up = std::abs(p.gamma_up + p.gamma_up_dtod * random.normal());
    const float gamma_down = std::abs(p.gamma_down + p.gamma_down_dtod * random.normal());
    const float unit_up = (p.gamma_up + 8 * p.gamma_up_dtod) / 32767;
    const float unit_down = (p.gamma_down + 8 * p.gamma_down_dtod) / 32767;
    ASSERT_NEAR(-slope_up[c] / up[c] * p.w_max, gamma_up, unit_up / 2 + 1e-6F);
    ASSERT_NEAR(-slope_down[c] / down[c] * p.w_min, gamma_down, unit_down / 2 + 1e-6F);
    gamma.add(-slope_down[c] / down[c] * p.w_min);
  }
  EXPECT_NEAR(gamma.mean(), static_cast<double>(p.gamma_down), 4.5 * gamma.error_of_mean());
  EXPECT_NEAR(gamma.deviation(), static_cast<double>(p.gamma_down_dtod), .002);
}

} // namespace
} // namespace tilework::physics
