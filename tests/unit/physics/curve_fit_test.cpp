// SPDX-License-Identifier: Apache-2.0
// Curves are simulated with known parameters and fitted; seeds are fixed.
#include <tilework/core/error.h>
#include <tilework/physics/devices/curve_fit.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/piecewise_step.h>
#include <tilework/physics/devices/soft_bounds.h>

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

/// How a measurement goes: from a start weight `cycles` times up, then down.
struct protocol {
  std::uint32_t devices = 1;
  float start = -1;
  int cycles = 1;
  std::uint32_t pulses = 400;
  std::uint32_t pulses_per_reading = 1;
  float reading_noise = 0;
};

std::vector<measured_device> measure(const device_spec& spec, const protocol& p) {
  const auto array = spec.make({.shape = {p.devices, 1}, .seed = 5});
  array->program(std::vector<float>(p.devices, p.start), 0);
  std::vector<measured_device> curves(p.devices);
  const noise_stream reading(6, purpose::cycle_to_cycle, {});
  std::uint64_t readings = 0;
  const auto read = [&](std::uint32_t pulses, bool down) {
    normal_sequence noise(reading, readings++, 0);
    for (std::uint32_t d = 0; d < p.devices; ++d)
      curves[d].push_back({static_cast<double>(array->weights()[d] + p.reading_noise * noise.next()), pulses, down});
  };
  read(0, false);
  std::uint64_t vector = 0;
  for (int cycle = 0; cycle < p.cycles; ++cycle)
    for (const bool down : {false, true})
      for (std::uint32_t n = 0; n < p.pulses; n += p.pulses_per_reading) {
        std::vector<pulse_run> runs;
        for (std::uint32_t d = 0; d < p.devices; ++d)
          runs.push_back({d, down ? -1 : 1});
        for (std::uint32_t k = 0; k < p.pulses_per_reading; ++k)
          array->apply_pulses(0, runs, vector++);
        read(p.pulses_per_reading, down);
      }
  return curves;
}

/// All spreads and noises off.
template <typename Device>
Device plain(float dw_min) {
  Device p;
  p.dw_min = dw_min;
  p.dw_min_dtod = p.dw_min_std = p.w_max_dtod = p.w_min_dtod = p.up_down_dtod = 0;
  p.w_max = 1;
  p.w_min = -1;
  return p;
}

template <typename Device>
Device fitted(const curve_fit& fit) {
  const auto* p = fit.device.get_if<Device>();
  EXPECT_NE(p, nullptr) << fit.device.model();
  return p == nullptr ? Device{} : *p;
}

TEST(curve_fit, recovers_soft_bounds_exactly_from_a_curve_without_noise) {
  auto truth = plain<soft_bounds>(.008F);
  truth.up_down = .25F; // down steps are smaller
  truth.w_max = .7F;
  const auto curve = measure(truth, {});
  const auto fit = fit_curve(curve, {.model = curve_model::soft_bounds});
  const auto p = fitted<soft_bounds>(fit);
  EXPECT_NEAR(p.dw_min, truth.dw_min, 1e-5);
  EXPECT_NEAR(p.up_down, truth.up_down, 1e-3);
  EXPECT_NEAR(p.w_max, truth.w_max, 1e-3);
  EXPECT_NEAR(p.w_min, truth.w_min, 1e-3);
  EXPECT_LT(p.dw_min_std, .01);
  EXPECT_EQ(p.dw_min_dtod, 0); // one device shows no spread
  EXPECT_EQ(p.w_max_dtod, 0);
  EXPECT_LT(fit.rms, 1e-4);
  EXPECT_EQ(fit.gain, 1);
  EXPECT_EQ(fit.offset, 0);
}

TEST(curve_fit, recovers_the_tables_of_a_piecewise_step_without_noise) {
  auto truth = plain<piecewise_step>(.008F);
  truth.piecewise_up = {1.6F, 1.3F, 1, .6F, .3F};
  truth.piecewise_down = {.4F, .9F, .7F, 1, 1.3F};
  const auto fit = fit_curve(measure(truth, {.cycles = 2, .pulses = 330}), {.nodes = 5});
  const auto p = fitted<piecewise_step>(fit);
  // The last pulse before a bound is cut, and the window ends at the last reading: 1 % of it.
  EXPECT_NEAR(p.w_max, 1, .01);
  EXPECT_NEAR(p.w_min, -1, .01);
  EXPECT_NEAR(p.dw_min, truth.dw_min, .02 * truth.dw_min);
  ASSERT_EQ(p.piecewise_up.size(), 5U);
  ASSERT_EQ(p.piecewise_down.size(), 5U);
  for (std::size_t k = 0; k < 5; ++k) {
    EXPECT_NEAR(p.piecewise_up[k], truth.piecewise_up[k], .05) << k;
    EXPECT_NEAR(p.piecewise_down[k], truth.piecewise_down[k], .05) << k;
  }
  EXPECT_FLOAT_EQ(p.granularity(), p.dw_min);
  EXPECT_LT(fit.rms_share, .01);
  EXPECT_NEAR(fit.rms_share, fit.rms / static_cast<double>(p.w_max - p.w_min), 1e-6);
}

TEST(curve_fit, recovers_a_linear_step_without_noise) {
  auto truth = plain<linear_step>(.005F);
  truth.gamma_up = .5F;
  truth.gamma_down = .3F;
  truth.gamma_up_dtod = truth.gamma_down_dtod = 0;
  // Stops short of the bounds, so the window of the curve is smaller than that of the device.
  const auto fit = fit_curve(measure(truth, {.start = -.9F, .pulses = 360}), {.model = curve_model::linear_step});
  const auto p = fitted<linear_step>(fit);
  EXPECT_NEAR(p.dw_min, truth.dw_min, .001 * truth.dw_min);
  EXPECT_NEAR(p.gamma_up / p.w_max, truth.gamma_up, .01);
  EXPECT_NEAR(p.gamma_down / -p.w_min, truth.gamma_down, .01);
  EXPECT_LT(fit.rms, 1e-3);
}

TEST(curve_fit, scales_conductances_to_the_window_that_is_asked_for) {
  const auto truth = plain<soft_bounds>(.01F);
  auto curves = measure(truth, {});
  for (auto& point : curves[0])
    point.value = 5e-6 + 4e-6 * point.value; // siemens
  const auto fit = fit_curve(curves, {.model = curve_model::soft_bounds, .w_min = -.5, .w_max = .5});
  const auto p = fitted<soft_bounds>(fit);
  EXPECT_FLOAT_EQ(p.w_min, -.5);
  EXPECT_FLOAT_EQ(p.w_max, .5);
  EXPECT_NEAR(p.dw_min, .005, 1e-5);
  EXPECT_NEAR(fit.gain * 9e-6 + fit.offset, .5, 1e-3);
}

TEST(curve_fit, readings_may_be_many_pulses_apart) {
  const auto truth = plain<soft_bounds>(.005F);
  const auto fit = fit_curve(measure(truth, {.pulses_per_reading = 10}), {.model = curve_model::soft_bounds});
  const auto p = fitted<soft_bounds>(fit);
  EXPECT_NEAR(p.dw_min, truth.dw_min, .01 * truth.dw_min);
  EXPECT_NEAR(p.w_max, 1, .01);
  EXPECT_LT(fit.rms, 2e-3);
}

TEST(curve_fit, separates_noise_of_pulses_from_noise_of_readings) {
  auto truth = plain<soft_bounds>(.008F);
  truth.dw_min_std = .4F;
  const auto fit = fit_curve(measure(truth, {.devices = 10, .cycles = 3, .reading_noise = .004F}),
                             {.model = curve_model::soft_bounds});
  const auto p = fitted<soft_bounds>(fit);
  // 24000 steps: the covariance of neighbours has a standard error of about 2.5e-7 beside 1.6e-5, hence 1 % of the
  // reading noise and 4 % of the variance of pulses. Five standard errors: a false alarm below 1e-6 each.
  EXPECT_NEAR(fit.reading_noise, .004, .05 * .004);
  EXPECT_NEAR(p.dw_min_std, .4, .1 * .4);
  EXPECT_NEAR(p.dw_min, truth.dw_min, .02 * truth.dw_min);
  EXPECT_NEAR(p.w_max, 1, .02);
  EXPECT_NEAR(p.w_min, -1, .02);
}

TEST(curve_fit, finds_the_spread_between_devices) {
  auto truth = plain<soft_bounds>(.008F);
  truth.dw_min_std = .3F;
  truth.dw_min_dtod = .2F;
  truth.w_max_dtod = .1F;
  truth.w_min_dtod = .05F;
  truth.up_down_dtod = .05F;
  const auto fit = fit_curve(measure(truth, {.devices = 100}), {.model = curve_model::soft_bounds});
  const auto p = fitted<soft_bounds>(fit);
  // A spread from 100 devices has a standard error of 7 %; five of them. A mean has one of a tenth of the spread.
  EXPECT_NEAR(p.dw_min_dtod, .2, .35 * .2);
  EXPECT_NEAR(p.w_max_dtod, .1, .35 * .1);
  EXPECT_NEAR(p.w_min_dtod, .05, .35 * .05);
  EXPECT_NEAR(p.up_down_dtod, .05, .35 * .05);
  EXPECT_NEAR(p.dw_min, truth.dw_min, .1 * truth.dw_min);
  EXPECT_NEAR(p.w_max, 1, .05);
}

TEST(curve_fit, a_fitted_piecewise_step_responds_as_the_device_that_was_measured) {
  auto truth = plain<soft_bounds>(.01F);
  truth.dw_min_std = .2F;
  const protocol measurement{.devices = 20, .cycles = 2, .pulses = 300};
  const auto fit = fit_curve(measure(truth, measurement), {.nodes = 9});
  const auto mean_at_end = [](const std::vector<measured_device>& curves, std::size_t reading) {
    double sum = 0;
    for (const auto& curve : curves)
      sum += curve[reading].value / static_cast<double>(curves.size());
    return sum;
  };
  const auto before = measure(truth, measurement);
  const auto after = measure(fit.device, measurement);
  // Different noise, 20 devices: a standard error of .005 of the difference; and the fit's own error of 1 %.
  for (const std::size_t reading : {50U, 100U, 300U, 350U, 400U, 600U})
    EXPECT_NEAR(mean_at_end(after, reading), mean_at_end(before, reading), .04) << reading;
}

std::string refusal(const std::vector<measured_device>& curves, const curve_fit_options& options = {}) {
  try {
    fit_curve(curves, options);
  } catch (const input_error& error) {
    return error.what();
  }
  return "";
}

TEST(curve_fit, refuses_what_is_no_response) {
  const measured_device up_only{{0, 0, false}, {.1, 1, false}, {.2, 1, false}};
  measured_device there_and_back = up_only;
  there_and_back.push_back({.15, 1, true});
  there_and_back.push_back({.05, 1, true});
  EXPECT_NE(refusal({}), "");
  EXPECT_EQ(refusal({up_only}), "device 1: no down pulses were measured; a fit needs both directions");
  measured_device reversed = there_and_back;
  for (auto& point : reversed)
    point.value = -point.value;
  EXPECT_EQ(refusal({there_and_back, reversed}), "device 2: up pulses do not raise the readings");
  EXPECT_EQ(refusal({there_and_back}, {.w_min = .1, .w_max = .9}),
            "the weight window must contain 0: give w_min (at most 0) and w_max (at least 0)");
  const measured_device growing{{-1, 0, false}, {-.9, 1, false}, {-.6, 1, false}, {0, 1, false}, {1, 1, false},
                                {.5, 1, true},  {0, 1, true},    {-.5, 1, true},  {-1, 1, true}};
  EXPECT_EQ(refusal({growing}, {.model = curve_model::soft_bounds}),
            "device 1: up steps do not shrink towards a bound; fit PiecewiseStep or LinearStep instead");
}

} // namespace
} // namespace tilework::physics
