// SPDX-License-Identifier: Apache-2.0
// Several pulses of one vector pair against as many vector pairs with one pulse each: the weights must have the same
// distribution. Every preset, both directions, from the middle of the window and from a bound.
// Means and variances within 5.5 standard errors: false alarm 4e-8 per number, 552 x 2 numbers; distributions by the
// two-sample Kolmogorov-Smirnov statistic below 3.2 / sqrt(n/2): 2 exp(-2 3.2^2) = 3e-9 for each of 552.
#include "device_populations.h"

#include <tilework/core/error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

constexpr std::uint32_t many = 4000;

double largest_distance(std::vector<float> a, std::vector<float> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  double largest = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const float v = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= v)
      ++i;
    while (j < b.size() && b[j] <= v)
      ++j;
    const double difference =
        static_cast<double>(i) / static_cast<double>(a.size()) - static_cast<double>(j) / static_cast<double>(b.size());
    largest = std::max(largest, std::abs(difference));
  }
  return largest;
}

/// Weights after `n` pulses of one direction, in one vector pair or in as many as pulses.
std::vector<float> pulsed(const device_spec& spec, float from, std::int32_t direction, std::int32_t n, bool together) {
  const auto cells = population(spec, many);
  program_all(*cells, from);
  // The policy of a unit cell is a matter of vector pairs, so one of its devices is looked at.
  auto& devices = cells->parts().empty() ? *cells : *cells->parts().front();
  if (together) {
    pulse_all(devices, direction * n, 1'000'000);
  } else {
    for (std::int32_t k = 0; k < n; ++k)
      pulse_all(devices, direction, static_cast<std::uint64_t>(k));
  }
  return weights_of(devices);
}

void expect_alike(const std::vector<float>& a, const std::vector<float>& b, const std::string& what) {
  const auto sa = sample_of(a);
  const auto sb = sample_of(b);
  const double resolution = 1e-6; // of weights in single precision
  EXPECT_NEAR(sa.mean(), sb.mean(), 5.5 * std::hypot(sa.error_of_mean(), sb.error_of_mean()) + resolution) << what;
  EXPECT_NEAR(sa.variance(), sb.variance(),
              5.5 * std::hypot(sa.error_of_variance(), sb.error_of_variance()) + resolution * sa.deviation())
      << what;
  if (sa.deviation() > 100 * resolution) { // else all weights are equal but for rounding
    EXPECT_LE(largest_distance(a, b), 3.2 / std::sqrt(many / 2.0)) << what;
  }
}

class several_pulses : public testing::TestWithParam<std::string> {};

TEST_P(several_pulses, are_single_pulses_in_a_row) {
  // Without spread all of the deviation is pulse noise. Unit cells have no such parameters of their own.
  const auto spec = [&] {
    try {
      return test::device(GetParam(), alike);
    } catch (const input_error&) {
      return test::device(GetParam());
    }
  }();
  constexpr float at_bound = 100;
  for (const float from : {0.0F, at_bound})
    for (const std::int32_t direction : {1, -1})
      for (const std::int32_t n : {2, 3, 5, 10, 31, 100})
        expect_alike(pulsed(spec, from, direction, n, true), pulsed(spec, from, direction, n, false),
                     GetParam() + " from " + std::to_string(from) + ", " + std::to_string(direction * n) + " pulses");
}

INSTANTIATE_TEST_SUITE_P(presets, several_pulses,
                         testing::Values("Capacitor", "Capacitor2", "Capacitor4", "EcRam", "EcRam2", "EcRam4",
                                         "EcRamMO", "EcRamMO2", "EcRamMO4", "GokmenVlasov", "Idealized", "Idealized2",
                                         "Idealized4", "PCM", "PCMUnitCell", "ReRamArrayHfO2", "ReRamArrayOM",
                                         "ReRamES", "ReRamES2", "ReRamES4", "ReRamSB", "ReRamSB2", "ReRamSB4"),
                         [](const auto& preset) { return preset.param; });

// One random number stands for all pulses far from the bounds. There, a step of several pulses and the pulses one by
// one must agree to more digits than the test above resolves: half a million devices of each law, with a window so
// narrow that n steps are a noticeable part of it. 5.5 standard errors.
TEST(several_pulses_in_one_step, have_the_moments_of_single_pulses) {
  struct law {
    std::string device;
    std::string parameters;
    std::int32_t most; ///< pulses in one step
  };
  const std::string narrow = "dw_min: 0.01, w_max: 2, w_min: -2, dw_min_std: 0.5";
  const std::string gammas = ", gamma_up: 1, gamma_down: 1, gamma_up_dtod: 0, gamma_down_dtod: 0";
  const std::string exponents = ", pow_gamma: 1.5, pow_gamma_dtod: 0";
  const std::vector<law> laws{{"ConstantStep", narrow, 31},
                              {"LinearStep", narrow + gammas + ", mult_noise: true", 19}, // 9.5 % of the way
                              {"LinearStep", narrow + gammas + ", mult_noise: false", 19},
                              {"SoftBounds", narrow + ", mult_noise: true", 19},
                              {"SoftBounds", narrow + ", mult_noise: false", 19},
                              {"SoftBoundsReference", narrow + ", mult_noise: true", 19},
                              {"SoftBoundsReference", narrow + ", mult_noise: false", 19},
                              {"PowStep", narrow + exponents, 9},
                              {"PowStepReference", narrow + exponents, 9},
                              {"ExpStep", "dw_min_std: 0.3", 5}};
  constexpr std::uint32_t lines = 4;
  constexpr std::uint32_t count = lines * static_cast<std::uint32_t>(longest_pulse_list);
  const auto pulse_lines = [](device_array& devices, std::int32_t pulses, std::uint64_t vector) {
    std::vector<pulse_run> runs(longest_pulse_list);
    for (std::uint32_t line = 0; line < lines; ++line) {
      for (std::uint32_t j = 0; j < runs.size(); ++j)
        runs[j] = {line * static_cast<std::uint32_t>(longest_pulse_list) + j, pulses};
      devices.apply_pulses(line, runs, vector);
    }
  };
  for (const auto& [device, parameters, most] : laws) {
    const auto spec = test::device(device, alike + parameters);
    for (const std::int32_t n : {2, most}) {
      const device_context context{.shape = {static_cast<std::uint32_t>(longest_pulse_list), lines}, .seed = 1};
      const auto once = spec.make(context);
      const auto row = spec.make(context);
      pulse_lines(*once, n, 1'000'000);
      for (std::int32_t k = 0; k < n; ++k)
        pulse_lines(*row, 1, static_cast<std::uint64_t>(k));
      const auto a = sample_of(once->weights());
      const auto b = sample_of(row->weights());
      const auto what = device + ", " + parameters + ", " + std::to_string(n) + " pulses";
      EXPECT_NEAR(a.mean(), b.mean(), 5.5 * std::hypot(a.error_of_mean(), b.error_of_mean())) << what;
      EXPECT_NEAR(a.variance(), b.variance(), 5.5 * std::hypot(a.error_of_variance(), b.error_of_variance())) << what;
      EXPECT_LE(largest_distance(weights_of(*once), weights_of(*row)), 3.2 / std::sqrt(count / 2.0)) << what;
    }
  }
}

} // namespace
} // namespace tilework::physics
