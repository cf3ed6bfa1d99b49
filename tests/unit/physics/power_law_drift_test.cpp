// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include <tilework/core/error.h>
#include <tilework/physics/devices/power_law_drift.h>

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace tilework::physics {
namespace {

const noise_stream drift_stream(1, purpose::device_drift, {});

TEST(power_law_drift, four_steps_of_one_device) {
  power_law_drift drift({.nu = .05F}, 1, drift_stream);
  std::vector<float> w{.5F};
  std::uint64_t event = 0;
  for (const float expected : {.445625F, .430446F, .421807F, .415783F}) { // .5 (10 n)^-.05
    drift.advance(10, event++, w);
    EXPECT_NEAR(w[0], expected, 1e-6F);
  }
}

TEST(power_law_drift, nothing_happens_within_t_0) {
  power_law_drift drift({.nu = .05F, .t_0 = 20}, 1, drift_stream);
  std::vector<float> w{.5F};
  drift.advance(15, 0, w);
  EXPECT_EQ(w[0], .5F);
  drift.advance(25, 1, w);
  EXPECT_NEAR(w[0], .5F * std::pow(2.0F, -.05F), 1e-7F);
}

TEST(power_law_drift, rewriting_restarts_only_that_device) {
  power_law_drift drift({.nu = .1F}, 2, drift_stream);
  std::vector<float> w{.5F, -.5F};
  drift.advance(10, 0, w);
  w[1] = .25F;
  drift.advance(10, 1, w); // seen as rewritten now: no drift yet
  EXPECT_NEAR(w[0], .5F * std::pow(20.0F, -.1F), 1e-6F);
  EXPECT_EQ(w[1], .25F);
  drift.advance(30, 2, w);
  EXPECT_NEAR(w[0], .5F * std::pow(50.0F, -.1F), 1e-6F);
  EXPECT_NEAR(w[1], .25F * std::pow(30.0F, -.1F), 1e-6F);
}

TEST(power_law_drift, offset_and_dependence_on_conductance) {
  power_law_drift offset({.nu = .1F, .wg_ratio = 2, .g_offset = .3F, .w_offset = .1F}, 1, drift_stream);
  std::vector<float> w{.5F};
  offset.advance(10, 0, w);
  const float f = std::pow(10.0F, -.1F);
  EXPECT_NEAR(w[0], .5F * f + .7F * (f - 1), 1e-6F);

  power_law_drift steeper({.nu = .1F, .nu_k = .05F, .log_g0 = std::log(.5F)}, 3, drift_stream);
  w = {.5F, .25F, 0};
  steeper.advance(10, 0, w);
  EXPECT_NEAR(w[0], .5F * f, 1e-6F);
  EXPECT_NEAR(w[1], .25F * std::pow(10.0F, -.1F - .05F * std::log(2.0F)), 1e-6F);
  EXPECT_EQ(w[2], 0);
}

TEST(power_law_drift, clipping_is_not_rewriting) {
  power_law_drift drift({.nu = .1F}, 2, drift_stream);
  std::vector<float> w{.5F, .5F};
  const auto bounds = [](std::size_t c) { return std::pair{-1.0F, c == 0 ? .3F : 1.0F}; };
  drift.advance(10, 0, w, bounds);
  EXPECT_EQ(w[0], .3F);
  EXPECT_NEAR(w[1], .5F * std::pow(10.0F, -.1F), 1e-6F);
  drift.advance(1e6F, 1, w, bounds);
  EXPECT_NEAR(w[0], .5F * std::pow(1e6F, -.1F), 1e-6F);
}

// False alarm below 2e-6 for each of the four bounds (5 standard errors, fixed seed).
TEST(power_law_drift, spreads) {
  constexpr std::size_t n = 100'000;
  const auto exponents = [](const drift_parameters& p, std::uint64_t event) {
    power_law_drift drift(p, n, drift_stream);
    std::vector<float> w(n, 1);
    drift.advance(std::exp(1.0F), event, w); // weight exp(-nu)
    for (auto& v : w)
      v = -std::log(v);
    return w;
  };
  sample between, fresh;
  const auto first = exponents({.nu = .1F, .nu_dtod = .2F}, 0);
  for (const float nu : first)
    between.add(nu);
  EXPECT_EQ(first, exponents({.nu = .1F, .nu_dtod = .2F}, 1)); // belongs to the device, not to the event
  EXPECT_NEAR(between.mean(), .1, 5 * between.error_of_mean());
  EXPECT_NEAR(between.deviation(), .02, 5 * between.error_of_variance() / (2 * .02));
  const auto noise = exponents({.nu = .1F, .nu_std = .2F}, 0);
  EXPECT_NE(noise, exponents({.nu = .1F, .nu_std = .2F}, 1));
  for (const float nu : noise)
    fresh.add(nu);
  EXPECT_NEAR(fresh.mean(), .1, 5 * fresh.error_of_mean());
  EXPECT_NEAR(fresh.deviation(), .02, 5 * fresh.error_of_variance() / (2 * .02));
}

// 5 standard errors: false alarm 6e-7 per bound.
TEST(power_law_drift, weight_noise) {
  constexpr std::size_t n = 100'000;
  power_law_drift drift({.nu = .1F, .w_noise_std = .03F}, n, drift_stream);
  std::vector<float> w(n, .5F);
  drift.advance(10, 0, w);
  sample s;
  for (const float v : w)
    s.add(v);
  EXPECT_NEAR(s.mean(), .5 * std::pow(10, -.1), 5 * s.error_of_mean());
  EXPECT_NEAR(s.variance(), .03 * .03, 5 * s.error_of_variance());
}

TEST(power_law_drift, resumes_from_a_checkpoint) {
  const drift_parameters p{.nu = .1F, .nu_dtod = .3F, .nu_std = .1F, .w_noise_std = .01F};
  power_law_drift through(p, 50, drift_stream);
  std::vector<float> w(50, .4F);
  through.advance(7, 0, w);
  w[3] = .1F;
  std::stringstream file;
  byte_writer out(file);
  through.save(out);

  power_law_drift resumed(p, 50, drift_stream);
  byte_reader in(file);
  resumed.load(in);
  auto copy = w;
  for (std::uint64_t event = 1; event < 3; ++event) {
    through.advance(7, event, w);
    resumed.advance(7, event, copy);
  }
  EXPECT_EQ(w, copy);

  std::stringstream again;
  byte_writer writer(again);
  through.save(writer);
  power_law_drift other(p, 49, drift_stream);
  byte_reader reader(again);
  EXPECT_THROW(other.load(reader), input_error);
}

TEST(power_law_drift, without_nu_nothing_is_touched) {
  power_law_drift drift({.w_noise_std = 1}, 10, drift_stream);
  std::vector<float> w(3, .5F);
  EXPECT_FALSE(drift.is_active());
  drift.advance(10, 0, w);
  EXPECT_EQ(w, std::vector<float>(3, .5F));
}

TEST(power_law_drift, bad_input_is_refused) {
  EXPECT_THROW(drift_parameters{.t_0 = 0}.validate(), input_error);
  EXPECT_THROW(drift_parameters{.wg_ratio = 0}.validate(), input_error);
  EXPECT_NO_THROW(drift_parameters{}.validate());
  power_law_drift drift({.nu = .1F}, 2, drift_stream);
  std::vector<float> w(3);
  EXPECT_THROW(drift.advance(1, 0, w), std::invalid_argument);
  w.resize(2);
  EXPECT_THROW(drift.advance(-1, 0, w), std::invalid_argument);

  std::set<std::string> names;
  drift_parameters::fields([&](std::string_view name, auto, const field&) { names.emplace(name); });
  EXPECT_EQ(names.size(), 11U);
}

} // namespace
} // namespace tilework::physics
