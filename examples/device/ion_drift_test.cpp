// SPDX-License-Identifier: Apache-2.0
#include "ion_drift.h"

#include <tilework/catalog/device_registry.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace oxide {
namespace {

using tilework::physics::pulse_run;

/// No spread, no noise, weights from -1 to 1.
ion_drift plain(int p) {
  ion_drift d;
  d.p = p;
  d.w_max = 1;
  d.w_min = -1;
  d.dw_min_dtod = d.dw_min_std = d.w_max_dtod = d.w_min_dtod = d.up_down_dtod = 0;
  return d;
}

/// Weights of two devices that start at `from`, after so many pulses up and down.
std::pair<float, float> pulsed(const ion_drift& d, float from, unsigned pulses) {
  const auto devices = make_devices(d, {.shape = {2, 1}, .seed = 1});
  devices->program(std::vector<float>{from, from}, 0);
  const std::vector<pulse_run> runs{{0, 1}, {1, -1}};
  for (unsigned n = 0; n < pulses; ++n)
    devices->apply_pulses(0, runs, n);
  return {devices->weights()[0], devices->weights()[1]};
}

TEST(ion_drift, one_step_follows_the_window) {
  auto d = plain(2);
  d.dw_min = 0.01F;
  const auto [up, down] = pulsed(d, 0.5F, 1); // x = 3/4
  EXPECT_NEAR(up - 0.5F, 0.01 * (1 - 0.31640625), 1e-7);
  EXPECT_NEAR(down - 0.5F, -0.01 * (1 - 0.00390625), 1e-7);
  EXPECT_NEAR(d.granularity(), 0.01 * (1 - 0.0625), 1e-7);
}

TEST(ion_drift, a_border_at_an_electrode_comes_back_with_a_full_step) {
  auto d = plain(3);
  d.dw_min = 0.01F;
  EXPECT_EQ(pulsed(d, 1, 1).first, 1);
  EXPECT_NEAR(pulsed(d, 1, 1).second, 0.99, 1e-7);
  EXPECT_EQ(pulsed(d, -1, 1).second, -1);
  EXPECT_NEAR(pulsed(d, -1, 1).first, -0.99, 1e-7);
}

TEST(ion_drift, pulse_response_is_a_hyperbolic_tangent_for_p_1) {
  auto d = plain(1);
  d.dw_min = 0.001F;
  // Pulses are Euler steps s of dx/dn = s (1 - x^2); their error stays below s, 2 s in w. Rounding adds less.
  const double s = 0.0005;
  for (const unsigned n : {100U, 1000U, 3000U, 10000U}) {
    const double x = std::tanh(s * n + std::atanh(0.5));
    EXPECT_NEAR(pulsed(d, 0, n).first, 2 * x - 1, 2 * s) << n;
    EXPECT_NEAR(pulsed(d, 0, n).second, 1 - 2 * x, 2 * s) << n;
  }
}

TEST(ion_drift, noise_scales_with_the_step) {
  auto d = plain(2);
  d.dw_min = 0.01F;
  d.dw_min_std = 0.3F;
  constexpr std::uint32_t count = 100'000;
  const auto devices = make_devices(d, {.shape = {count, 1}, .seed = 1});
  std::vector<pulse_run> runs;
  for (std::uint32_t c = 0; c < count; ++c)
    runs.push_back({c, 1});
  devices->apply_pulses(0, runs, 0);
  double sum = 0;
  double squares = 0;
  for (const float w : devices->weights()) {
    sum += static_cast<double>(w);
    squares += static_cast<double>(w) * static_cast<double>(w);
  }
  const double mean = sum / count;
  const double deviation = std::sqrt(squares / count - mean * mean);
  // 4.5 standard errors each: false alarm 7e-6.
  const double step = 0.01 * (1 - 0.0625);
  EXPECT_NEAR(mean, step, 4.5 * 0.3 * step / std::sqrt(count));
  EXPECT_NEAR(deviation, 0.3 * step, 4.5 * 0.3 * step / std::sqrt(2.0 * count));
}

TEST(ion_drift, is_known_by_name_with_its_preset) {
  tilework::catalog::device_registry devices;
  devices.add_model<ion_drift>();
  devices.add_presets(presets());
  const auto preset = devices.named("OxideDrift");
  EXPECT_EQ(preset.model(), "IonDrift");
  ASSERT_NE(preset.get_if<ion_drift>(), nullptr);
  EXPECT_EQ(preset.get_if<ion_drift>()->dw_min, 0.002F);
  EXPECT_EQ(devices.named("IonDrift"), tilework::physics::device_spec(ion_drift{}));
}

} // namespace
} // namespace oxide
