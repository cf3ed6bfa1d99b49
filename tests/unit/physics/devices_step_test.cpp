// SPDX-License-Identifier: Apache-2.0
// One pulse of every device model, against its formula. Statistical comparisons use 4.5 standard errors: false alarm
// 7e-6 per number.
#include "device_populations.h"

#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/soft_bounds.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

struct steps {
  float up;
  float down;
};

/// Change of one device at weight `from` by one pulse up, and by one pulse down.
steps one_step(const device_spec& spec, float from) {
  const auto devices = population(spec, 2);
  program_all(*devices, from);
  const std::array<pulse_run, 2> runs{{{0, 1}, {1, -1}}};
  devices->apply_pulses(0, runs, 0);
  return {devices->weights()[0] - from, devices->weights()[1] - from};
}

/// No spread, no noise, step .01.
device_spec without_noise(std::string_view model, const std::string& more) {
  return test::device(model, alike + "dw_min: 0.01, dw_min_std: 0, " + more);
}

/// The same, with the window -.8 to 1.
device_spec plain(std::string_view model, const std::string& more = "") {
  return without_noise(model, "w_max: 1, w_min: -0.8, " + more);
}

void expect_steps(const device_spec& spec, float from, double up, double down) {
  const auto s = one_step(spec, from);
  EXPECT_NEAR(s.up, up, 5e-7); // published to six decimals
  EXPECT_NEAR(s.down, down, 5e-7);
}

TEST(one_step, constant_step) {
  expect_steps(plain("ConstantStep"), .3F, .01, -.01);
  expect_steps(plain("ConstantStep", "up_down: 0.2"), 0, .01, -.008); // shrinks one direction only
  expect_steps(plain("ConstantStep", "up_down: -0.2"), 0, .008, -.01);
  expect_steps(plain("ConstantStep"), 1, 0, -.01); // hard bounds
  expect_steps(plain("ConstantStep"), -.8F, .01, 0);
}

TEST(one_step, linear_step) {
  const std::string gammas = "gamma_up: 0.4, gamma_down: 0.7, gamma_up_dtod: 0, gamma_down_dtod: 0, ";
  expect_steps(plain("LinearStep", gammas), .3F, .008800, -.012625);
  expect_steps(plain("LinearStep", gammas + "reverse_up: true"), .3F, .011481, -.012625);
  // reverse_down refers to w_max + reverse_offset
  expect_steps(plain("LinearStep", gammas + "reverse_down: true"), .3F, .008800, -.01 * (1 - .7 * .3 / 1.01));
  // gammas are magnitudes, unless steps may grow towards the bound
  const std::string negative = "gamma_up: -0.4, gamma_down: 0.7, gamma_up_dtod: 0, gamma_down_dtod: 0, ";
  expect_steps(plain("LinearStep", negative), .3F, .008800, -.012625);
  expect_steps(plain("LinearStep", negative + "allow_increasing: true"), .3F, .011200, -.012625);
}

TEST(one_step, soft_bounds) {
  expect_steps(plain("SoftBounds"), .3F, .007000, -.013750);
  expect_steps(plain("SoftBounds"), 1, 0, -.0225);
  expect_steps(plain("SoftBounds"), -.8F, .018, 0);
}

TEST(one_step, soft_bounds_reference) {
  const auto device = plain("SoftBoundsReference", "up_down: 0.2, subtract_symmetry_point: true, reference_mean: 0.05");
  expect_steps(device, .3F, .005500, -.012500);
}

TEST(one_step, pow_step) {
  expect_steps(plain("PowStep", "pow_gamma: 2, pow_up_down: 0.1, pow_gamma_dtod: 0"), .3F, .001512, -.004121);
  expect_steps(plain("PowStep", "pow_gamma: 2, pow_up_down: -0.1, pow_gamma_dtod: 0"), .3F,
               .01 * std::pow(.7 / 1.8, 1.8), -.01 * std::pow(1.1 / 1.8, 2));
  expect_steps(plain("PowStepReference", "pow_gamma: 2, pow_up_down: 0.1, pow_gamma_dtod: 0, reference_mean: 0.2"), .1F,
               .001512, -.004121);
}

TEST(one_step, piecewise_step) {
  const auto device =
      without_noise("PiecewiseStep", "w_max: 1, w_min: -1, piecewise_up: [1.5, 1, 0.5], piecewise_down: [0.5, 1, 2]");
  expect_steps(device, .3F, .008500, -.013000);
  expect_steps(device, -.5F, .0125, -.0075); // between the first two nodes
  expect_steps(device, 1, 0, -.02);
  expect_steps(device, -1, .015, 0);
  expect_steps(plain("PiecewiseStep", "piecewise_up: [0.5], piecewise_down: [3]"), .3F, .005, -.03); // one node
  // no window: nothing moves, nothing is divided by 0
  expect_steps(without_noise("PiecewiseStep", "w_max: 0, w_min: 0, piecewise_up: [1, 2], piecewise_down: [1, 2]"), 0, 0,
               0);
}

TEST(one_step, exp_step) {
  const auto device = test::device("ReRamES", alike + "dw_min_std: 0, write_noise_std: 0");
  expect_steps(device, .3F, .001412, -.003099);
  // never against its direction: 1 - A exp(...) < 0 is no step
  expect_steps(plain("ExpStep", "A_up: 100, A_down: 100, gamma_up: 0, gamma_down: 0"), .3F, 0, 0);
  expect_steps(without_noise("ExpStep", "w_max: 0, w_min: 0"), 0, 0, 0);
}

TEST(one_step, power_and_exponential_devices_without_a_window_stand_still) {
  for (const auto* model : {"PowStep", "PowStepReference", "ExpStep"})
    expect_steps(without_noise(model, "w_max: 0, w_min: 0"), 0, 0, 0);
}

// width = (range_max - range_min) / (1 - exp(-p_max alpha)); step width alpha; up_down 1 + 2 range_min / width.
TEST(soft_bounds_pmax, is_soft_bounds_with_other_parameters) {
  for (const double lower : {-.7, -1.5}) { // asymmetry of either sign
    const auto spec = test::device("SoftBoundsPmax", alike +
                                                         "dw_min_std: 0, p_max: 400, alpha: 0.002, range_max: 0.5, "
                                                         "range_min: " +
                                                         std::to_string(lower));
    const double width = (.5 - lower) / (1 - std::exp(-400 * .002));
    const double step = width * .002;
    const double asymmetry = 1 + 2 * lower / width;
    EXPECT_NEAR(spec.granularity(), step, 1e-6 * step);
    EXPECT_NEAR(spec.largest_weight(), lower + width, 1e-6);
    EXPECT_NEAR(spec.states(), 1 / .002, 1e-3);
    const double up = step * (1 + std::min(asymmetry, 0.0));
    const double down = step * (1 - std::max(asymmetry, 0.0));
    expect_steps(spec, 0, up, -down);
    expect_steps(spec, .2F, up * (1 - .2 / (lower + width)), -down * (1 - .2 / lower));
  }
}

/// A model with its mean steps and the deviation of a pulse, given the weight and the mean step.
struct step_law {
  std::string label;
  device_spec device;
  std::function<double(double)> up;
  std::function<double(double)> down; ///< positive
  std::function<double(double, double)> deviation;
};

/// All of step .001, window -.8 to 1 and pulse noise .3, so that no pulse meets a bound within .08.
std::vector<step_law> step_laws() {
  constexpr double s = .001;
  const auto multiplicative = [](double /*w*/, double step) { return .3 * step; };
  const auto additive = [](double /*w*/, double /*step*/) { return .3 * s; };
  const auto device = [](std::string_view model, const std::string& more) {
    return test::device(model, alike + "dw_min: 0.001, dw_min_std: 0.3, w_max: 1, w_min: -0.8, " + more);
  };
  const std::string gammas = "gamma_up: 0.4, gamma_down: 0.7, gamma_up_dtod: 0, gamma_down_dtod: 0, ";
  const auto linear_up = [](double w) { return s * (1 - .4 * w); };
  const auto linear_down = [](double w) { return s * (1 + .7 * w / .8); };
  const auto soft_up = [](double w) { return s * (1 - w); };
  const auto soft_down = [](double w) { return s * (1 + w / .8); };
  const auto exp_up = [](double w) { return s * (1 - .2 * std::exp(1.5 * (2 * .4 * w / 1.8 + .1))); };
  const auto exp_down = [](double w) { return s * (1 - .3 * std::exp(-.9 * (2 * .4 * w / 1.8 + .1))); };
  const std::string exponentials = "A_up: 0.2, A_down: 0.3, gamma_up: 1.5, gamma_down: 0.9, a: 0.4, b: 0.1, ";
  const auto power_up = [](double w) { return s * std::pow((1 - w) / 1.8, 1.5); };
  const auto power_down = [](double w) { return s * std::pow((w + .8) / 1.8, 1.2); };
  const std::string powers = "pow_gamma: 1.5, pow_up_down: 0.2, pow_gamma_dtod: 0, ";
  const auto at = [](std::function<double(double)> law, double shift) {
    return [law, shift](double w) { return law(w + shift); };
  };
  const auto table = [](std::array<double, 3> nodes) {
    return [nodes](double w) {
      const double t = (w + .8) / 1.8 * 2;
      return s * (t < 1 ? (1 - t) * nodes[0] + t * nodes[1] : (2 - t) * nodes[1] + (t - 1) * nodes[2]);
    };
  };
  const auto constant = [](double /*w*/) { return s; };
  const std::string referenced = "reference_mean: 0.02, ";
  return {
      {"constant", device("ConstantStep", ""), constant, constant, multiplicative},
      {"linear", device("LinearStep", gammas), linear_up, linear_down, multiplicative},
      {"linear, additive noise", device("LinearStep", gammas + "mult_noise: false"), linear_up, linear_down, additive},
      {"soft", device("SoftBounds", ""), soft_up, soft_down, multiplicative},
      {"soft, additive noise", device("SoftBounds", "mult_noise: false"), soft_up, soft_down, additive},
      {"soft, reference", device("SoftBoundsReference", referenced), at(soft_up, .02), at(soft_down, .02), additive},
      {"soft, reference, multiplicative", device("SoftBoundsReference", referenced + "mult_noise: true"),
       at(soft_up, .02), at(soft_down, .02), multiplicative},
      {"exponential", device("ExpStep", exponentials), exp_up, exp_down, multiplicative},
      {"exponential, more noise", device("ExpStep", exponentials + "dw_min_std_add: 0.0004, dw_min_std_slope: 0.0006"),
       exp_up, exp_down, [](double w, double step) { return .3 * (step + .0004 + .0006 * std::abs(w)); }},
      {"power", device("PowStep", powers), power_up, power_down, multiplicative},
      {"power, reference", device("PowStepReference", powers + referenced), at(power_up, .02), at(power_down, .02),
       multiplicative},
      {"piecewise", device("PiecewiseStep", "piecewise_up: [1.5, 1, 0.5], piecewise_down: [0.5, 1, 2]"),
       table({1.5, 1, .5}), table({.5, 1, 2}), multiplicative},
  };
}

TEST(mean_step, follows_the_law_at_zero_and_near_the_bounds) {
  constexpr std::uint32_t count = 40'000;
  for (const auto& law : step_laws())
    for (const float from : {0.0F, .9F, -.72F})
      for (const int direction : {1, -1}) {
        const auto devices = population(law.device, count);
        program_all(*devices, from);
        pulse_all(*devices, direction, 3);
        sample s;
        for (const float w : devices->weights())
          s.add(w);
        const double w0 = from;
        const double step = direction > 0 ? law.up(w0) : law.down(w0);
        const double deviation = law.deviation(w0, step);
        const auto where = law.label + " at " + std::to_string(from) + (direction > 0 ? " up" : " down");
        EXPECT_NEAR(s.mean(), w0 + direction * step, 4.5 * s.error_of_mean() + 1e-7) << where;
        EXPECT_NEAR(s.variance(), deviation * deviation, 4.5 * s.error_of_variance() + 1e-12) << where;
      }
}

TEST(mean_step, is_the_granularity_in_the_middle) {
  for (const auto& law : step_laws()) {
    const double middle = law.label.starts_with("power") ? .1 : 0; // of the window
    if (law.label == "exponential, more noise" || law.label.find("reference") != std::string::npos)
      continue;
    const double step = law.label.starts_with("exp") ? law.down(middle) : law.up(middle);
    const double expected = law.label == "power" ? .001 * std::pow(.5, 1.5) : step;
    const double tolerance = law.label == "piecewise" ? .06 * expected : 1e-9; // node, not the weight 0
    EXPECT_NEAR(law.device.granularity(), expected, tolerance) << law.label;
  }
}

TEST(pulse_noise, every_pulse_is_fresh) {
  // Nine pulses in one update: variance 9 (step std)^2, and the same as nine updates of one pulse in law.
  constexpr std::uint32_t count = 50'000;
  const auto spec = test::device("ConstantStep", alike + "dw_min: 0.01, dw_min_std: 0.3");
  const auto together = population(spec, count, 1);
  const auto apart = population(spec, count, 2);
  pulse_all(*together, -9, 0);
  for (std::uint64_t v = 0; v < 9; ++v)
    pulse_all(*apart, -1, v);
  for (const auto* devices : {together.get(), apart.get()}) {
    const auto s = sample_of(devices->weights());
    EXPECT_NEAR(s.mean(), -.09, 4.5 * s.error_of_mean());
    EXPECT_NEAR(s.variance(), 9 * .003 * .003, 4.5 * s.error_of_variance());
  }
}

TEST(pulse_noise, lines_can_be_done_in_any_order) {
  const auto spec = test::device("SoftBounds");
  const auto upwards = spec.make({{10, 10}, 1, {}});
  const auto downwards = spec.make({{10, 10}, 1, {}});
  std::vector<pulse_run> runs;
  for (std::uint32_t c = 0; c < 100; ++c)
    runs.push_back({c, static_cast<std::int32_t>(c % 13) - 6});
  for (std::uint32_t i = 0; i < 10; ++i) {
    upwards->apply_pulses(i, {&runs[std::size_t{10} * i], 10}, 4);
    downwards->apply_pulses(9 - i, {&runs[std::size_t{10} * (9 - i)], 10}, 4);
  }
  EXPECT_EQ(weights_of(*upwards), weights_of(*downwards));
}

/// Step of one device as its drawn properties say, noise-free.
using drawn_step = std::function<double(const std::function<double(const char*)>& property, double w, bool down)>;

/// With all spreads and no pulse noise, every single device follows the formula with its own parameters.
void expect_own_parameters(const device_spec& spec, const drawn_step& law) {
  constexpr std::uint32_t count = 2000;
  for (const bool down : {false, true})
    for (const float from : {-.1F, .25F}) {
      const auto devices = population(spec, count);
      program_all(*devices, from);
      const auto before = weights_of(*devices);
      pulse_all(*devices, down ? -1 : 1, 0);
      const auto all = devices->properties();
      for (std::size_t c = 0; c < count; ++c) {
        const auto own = [&](const char* name) -> double {
          return std::ranges::find(all, name, &device_property::name)->values[c];
        };
        if (before[c] != from) // bounds of its own are nearer
          continue;
        const double reference =
            std::ranges::find(all, "reference", &device_property::name) == all.end() ? 0.0 : own("reference");
        const double z =
            std::clamp(from + reference + law(own, from + reference, down), own("min_bound"), own("max_bound"));
        ASSERT_NEAR(devices->weights()[c], z - reference, 1e-6) << spec.model() << " device " << c;
      }
    }
}

const std::string noiseless = "dw_min: 0.01, dw_min_std: 0, dw_min_dtod: 0.2, up_down: 0.1, up_down_dtod: 0.1, ";

TEST(own_parameters, constant_step) {
  expect_own_parameters(test::device("ConstantStep", noiseless),
                        [](const auto& own, double, bool down) { return down ? -own("dwmin_down") : own("dwmin_up"); });
}

TEST(own_parameters, linear_step_and_soft_bounds) {
  const auto law = [](const auto& own, double w, bool down) {
    return down ? -(own("dwmin_down") + own("slope_down") * w) : own("dwmin_up") + own("slope_up") * w;
  };
  const std::string gammas = noiseless + "gamma_up: 0.3, gamma_down: 0.5, ";
  for (const auto* more : {"", "mean_bound_reference: false", "reverse_up: true",
                           "mean_bound_reference: false, "
                           "reverse_down: true"})
    expect_own_parameters(test::device("LinearStep", gammas + more), law);
  expect_own_parameters(test::device("SoftBounds", noiseless), law);
  expect_own_parameters(test::device("SoftBounds", noiseless + "reverse_up: true, reverse_down: true"), law);
}

TEST(own_parameters, slopes_of_soft_bounds_are_1_at_the_own_bound) {
  const auto devices = population(test::device("SoftBounds"), 1000);
  const auto up = property(*devices, "dwmin_up");
  const auto max = property(*devices, "max_bound");
  const auto slope = property(*devices, "slope_up");
  const auto down = property(*devices, "dwmin_down");
  const auto min = property(*devices, "min_bound");
  const auto other_slope = property(*devices, "slope_down");
  for (std::size_t c = 0; c < 1000; ++c) {
    EXPECT_NEAR(slope[c] * max[c], -up[c], 1e-9);
    EXPECT_NEAR(other_slope[c] * min[c], -down[c], 1e-9);
  }
}

TEST(own_parameters, soft_bounds_reference) {
  const std::string spread = noiseless + "slope_up_dtod: 0.1, slope_down_dtod: 0.1, reference_std: 0.05, ";
  for (const auto* more : {"", "subtract_symmetry_point: true", "mult_noise: true"})
    expect_own_parameters(test::device("SoftBoundsReference", spread + more), [](const auto& own, double z, bool down) {
      return down ? -own("dwmin_down") * (1 - z / own("min_bound")) : own("dwmin_up") * (1 - z / own("max_bound"));
    });
}

TEST(own_parameters, exp_step) {
  expect_own_parameters(test::device("ExpStep", noiseless), [](const auto& own, double w, bool down) {
    const double z = 2 * .244 * w / (own("max_bound") - own("min_bound")) + .2425;
    return down ? -own("dwmin_down") * std::max(1 - .36833 * std::exp(-12.78785 * z), 0.0)
                : own("dwmin_up") * std::max(1 - .00081 * std::exp(12.44625 * z), 0.0);
  });
}

TEST(own_parameters, pow_step) {
  const std::string powers = noiseless + "pow_gamma: 1.3, pow_gamma_dtod: 0.1, pow_up_down: 0.2, pow_up_down_dtod: 0.1";
  const auto law = [](const auto& own, double z, bool down) {
    const double width = own("max_bound") - own("min_bound");
    return down ? -own("dwmin_down") * std::pow(std::max((z - own("min_bound")) / width, 0.0), own("gamma_down"))
                : own("dwmin_up") * std::pow(std::max((own("max_bound") - z) / width, 0.0), own("gamma_up"));
  };
  expect_own_parameters(test::device("PowStep", powers), law);
  expect_own_parameters(test::device("PowStepReference", powers + ", reference_std: 0.05"), law);
}

TEST(own_parameters, piecewise_step_uses_the_own_window) {
  expect_own_parameters(
      test::device("PiecewiseStep", noiseless + "piecewise_up: [1.5, 1, 0.5, 0.7], piecewise_down: [0.5, 1, 2, 1]"),
      [](const auto& own, double w, bool down) {
        const std::array<double, 4> nodes =
            down ? std::array<double, 4>{.5, 1, 2, 1} : std::array<double, 4>{1.5, 1, .5, .7};
        const double t = std::clamp((w - own("min_bound")) / (own("max_bound") - own("min_bound")) * 3, 0.0, 3.0);
        const auto k = std::min(static_cast<std::size_t>(t), std::size_t{2});
        const double factor = nodes[k] + (t - static_cast<double>(k)) * (nodes[k + 1] - nodes[k]);
        return factor * (down ? -own("dwmin_down") : own("dwmin_up"));
      });
}

// Exponents: (gain +- asymmetry, one of them shifted by pow_up_down) * pow_gamma.
TEST(pow_step, spread_of_the_exponents) {
  const auto devices = population(
      test::device("PowStep", "pow_gamma: 2, pow_gamma_dtod: 0.05, pow_up_down: 0.1, pow_up_down_dtod: 0.03"), 50'000);
  const auto up = property(*devices, "gamma_up");
  const auto down = property(*devices, "gamma_down");
  const double deviation = 2 * std::hypot(.05, .03);
  sample difference;
  for (std::size_t c = 0; c < up.size(); ++c)
    difference.add(static_cast<double>(up[c]) - static_cast<double>(down[c]));
  const auto expect = [](const sample& s, double mean, double std) {
    EXPECT_NEAR(s.mean(), mean, 4.5 * s.error_of_mean());
    EXPECT_NEAR(s.variance(), std * std, 4.5 * s.error_of_variance());
  };
  expect(sample_of(up), 2, deviation);
  expect(sample_of(down), 2 * .9, deviation);
  expect(difference, .2, 4 * .03);
}

TEST(reference_devices, pulses_keep_the_raw_window_and_setting_keeps_the_visible_one) {
  for (const auto* model : {"SoftBoundsReference", "PowStepReference"}) {
    const auto devices = population(plain(model, "reference_mean: 0.2"), 2);
    program_all(*devices, 5);
    EXPECT_EQ(devices->weights()[0], 1);
    pulse_all(*devices, 1, 0);
    EXPECT_FLOAT_EQ(devices->weights()[0], .8F); // w_max - reference
    program_all(*devices, -5);
    EXPECT_EQ(devices->weights()[0], -.8F);
    for (std::uint64_t v = 0; v < 100; ++v)
      pulse_all(*devices, -100, v + 1);
    EXPECT_NEAR(devices->weights()[0], -1, 1e-2); // w_min - reference
    EXPECT_LT(devices->weights()[0], -.8F);
  }
}

TEST(reference_devices, spread_of_the_references) {
  for (const auto* model : {"SoftBoundsReference", "PowStepReference"}) {
    const auto s = sample_of(
        property(*population(test::device(model, "reference_mean: 0.1, reference_std: 0.04"), 20'000), "reference"));
    EXPECT_NEAR(s.mean(), .1, 4.5 * s.error_of_mean());
    EXPECT_NEAR(s.variance(), .04 * .04, 4.5 * s.error_of_variance());
  }
}

TEST(reference_devices, up_and_down_steps_are_equal_at_the_symmetry_point) {
  const std::string at_point = "dw_min: 0.01, dw_min_std: 0, up_down: 0.1, up_down_dtod: 0.1, w_max_dtod: 0.2, "
                               "w_min_dtod: 0.2, subtract_symmetry_point: true";
  for (const auto* model : {"SoftBoundsReference", "PowStepReference"}) {
    const auto spec = test::device(model, at_point);
    const auto up = population(spec, 1000);
    const auto down = population(spec, 1000);
    pulse_all(*up, 1, 0);
    pulse_all(*down, -1, 0);
    for (std::size_t c = 0; c < 1000; ++c)
      ASSERT_NEAR(up->weights()[c], -down->weights()[c], 2e-5) << model << " device " << c; // .2 % of a step
  }
}

TEST(reference_devices, symmetry_point_moves_the_target_of_resets) {
  for (const auto* model : {"SoftBoundsReference", "PowStepReference"}) {
    const std::string spread = "reset: 0.02, reference_mean: 0.1, up_down: 0.2, ";
    const auto without = population(test::device(model, spread), 200);
    const auto with = population(test::device(model, spread + "subtract_symmetry_point: true"), 200);
    const auto bias = property(*without, "reset_bias");
    const auto moved = property(*with, "reset_bias");
    const auto reference = property(*without, "reference");
    const auto moved_reference = property(*with, "reference");
    double largest = 0;
    for (std::size_t c = 0; c < 200; ++c) {
      EXPECT_NEAR(moved[c] - bias[c], moved_reference[c] - reference[c], 1e-6);
      largest = std::max(largest, static_cast<double>(moved[c] - bias[c]));
    }
    EXPECT_GT(largest, .05);
  }
}

TEST(reference_devices, numeric_symmetry_point) {
  for (const int given : {-1, 25}) {
    const auto devices =
        population(test::device("PowStepReference", "dw_min: 0.01, pow_gamma: 1.4, pow_up_down: 0.3, up_down: 0.2, "
                                                    "subtract_symmetry_point: true, n_estimation_steps: " +
                                                        std::to_string(given)),
                   50);
    const auto all = devices->properties();
    for (std::size_t c = 0; c < 50; ++c) {
      const auto own = [&](const char* name) -> double {
        return std::ranges::find(all, name, &device_property::name)->values[c];
      };
      const double max = own("max_bound");
      const double min = own("min_bound");
      const double width = max - min;
      const double smaller = std::min(own("dwmin_up"), own("dwmin_down"));
      const int pairs = given > 0 ? given : static_cast<int>(std::min(std::round(10 * width / smaller), 10'000.0));
      double point = 0;
      for (int n = 0; n < pairs; ++n)
        point += own("dwmin_up") * std::pow((max - point) / width, own("gamma_up")) -
                 own("dwmin_down") * std::pow((point - min) / width, own("gamma_down"));
      EXPECT_NEAR(own("reference"), point, 2e-5) << c;
    }
  }
}

TEST(ideal, has_no_bounds_and_no_pulses) {
  const auto devices = population(test::device("Ideal"), 2);
  EXPECT_TRUE(devices->is_ideal());
  devices->program(std::vector<float>{5, -7}, 0);
  const std::vector<float> x{1, 2};
  devices->add_exactly(0, x, -.5F, 0);
  EXPECT_EQ(devices->weights()[0], 4.5F);
  EXPECT_EQ(devices->weights()[1], -8);
  EXPECT_THROW(pulse_all(*devices, 1, 0), std::logic_error);
}

} // namespace
} // namespace tilework::physics
