// SPDX-License-Identifier: Apache-2.0
// Converters and device laws; expected numbers are worked out from the formulas by hand unless a line says otherwise.
#include <tilework/core/error.h>
#include <tilework/physics/inference/conductance_converter.h>
#include <tilework/physics/inference/phase_change_noise.h>
#include <tilework/physics/inference/resistive_noise.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

std::vector<float> conductances(const conductance_converter& converter, const std::vector<float>& w) {
  std::vector<float> g(converter.devices_per_weight() * w.size());
  const auto scale = converter.to_conductances(w, g);
  std::vector<float> back(w.size());
  converter.to_weights(g, scale, back);
  for (std::size_t c = 0; c < w.size(); ++c)
    EXPECT_NEAR(back[c], w[c], 1e-6F);
  return g;
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b, float tolerance = 1e-5F) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

TEST(conductance_converter, single_pair) {
  expect_near(conductances(conductance_converter(device_pairs{}), {.5F, -.25F, 0}), {25, 0, 0, 0, 12.5F, 0});
  expect_near(conductances(conductance_converter(device_pairs{.g_max_us = 25, .g_min_us = 5}), {.5F, -.25F, 0}),
              {25, 5, 5, 5, 15, 5});
  expect_near(conductances(conductance_converter(device_pairs{}), {0, 0}), {0, 0, 0, 0});
}

TEST(conductance_converter, pairs_are_filled_in_order) {
  const conductance_converter dual(device_pairs{.g_max_us = 10, .factors = {1, 1}});
  expect_near(conductances(dual, {1, -.75F, .25F}), {10, 0, 5, 0, 10, 0, 10, 0, 0, 0, 5, 0});
  const conductance_converter unequal(device_pairs{.g_max_us = 10, .g_min_us = 2, .factors = {3, 1}});
  // 32 uS of weight: 24 in the first pair, 8 in the second
  expect_near(conductances(unequal, {1, -.9F, .375F}), {10, 2, 6, 2, 10, 2, 10, 2, 2, 2, 6.8F, 2});
}

TEST(conductance_converter, single_device) {
  const conductance_converter converter(single_device{.g_max_us = 89, .g_min_us = 9});
  expect_near(conductances(converter, {-1, 3, 0}), {9, 89, 29});
  expect_near(conductances(converter, {2, 2}), {9, 9});
}

TEST(conductance_converter, bad_input_is_refused) {
  EXPECT_THROW(conductance_converter(device_pairs{.g_max_us = 1, .g_min_us = 1}), input_error);
  EXPECT_THROW(conductance_converter(device_pairs{.g_min_us = -1}), input_error);
  EXPECT_THROW(conductance_converter(device_pairs{.factors = {}}), input_error);
  EXPECT_THROW(conductance_converter(device_pairs{.factors = {1, 0}}), input_error);
  EXPECT_THROW(conductance_converter(single_device{.g_max_us = 1}), input_error);
  std::vector<float> w(3);
  std::vector<float> g(3);
  EXPECT_THROW(conductance_converter(device_pairs{}).to_conductances(w, g), std::invalid_argument);
  EXPECT_THROW(conductance_converter(device_pairs{}).to_weights(g, {}, w), std::invalid_argument);
}

TEST(pcm_like, programming_error) {
  const auto noise = make_noise(pcm_like{}, {0, 25});
  EXPECT_NEAR(noise->programming_sigma_us(0), .26348F, 5e-6F);
  EXPECT_NEAR(noise->programming_sigma_us(6.25F), .68141F, 5e-6F);
  EXPECT_NEAR(noise->programming_sigma_us(12.5F), .95271F, 1e-5F); // exactly .952705
  EXPECT_NEAR(noise->programming_sigma_us(25), 1.05538F, 5e-6F);
  EXPECT_NEAR(make_noise(pcm_like{}, {0, 50})->programming_sigma_us(25), 2 * .952705F, 1e-5F);
  pcm_like scaled;
  scaled.prog_noise_scale = .5F;
  EXPECT_NEAR(make_noise(scaled, {0, 25})->programming_sigma_us(25), .52769F, 5e-6F);
}

TEST(pcm_like, drift_exponent) {
  const auto noise = make_noise(pcm_like{}, {0, 25});
  EXPECT_NEAR(noise->drift_coefficient(25, 0), .049F, 1e-6F); // lower limit of the mean
  EXPECT_NEAR(noise->drift_coefficient(25, 1), .057F, 1e-6F); // lower limit of the spread
  EXPECT_NEAR(noise->drift_coefficient(0, 0), .1F, 1e-6F);    // upper limits
  EXPECT_NEAR(noise->drift_coefficient(0, 1), .145F, 1e-6F);
  EXPECT_NEAR(noise->drift_coefficient(0, -3), .035F, 1e-6F);      // an absolute value
  EXPECT_NEAR(noise->drift_coefficient(2.5F, 0), .060090F, 1e-6F); // .0155 ln 10 + .0244
  EXPECT_NEAR(noise->drift_coefficient(2.5F, 1), .060090F + .022882F, 1e-6F);
}

TEST(pcm_like, drift_table) {
  pcm_like p;
  p.drift_g_us = {5, 10, 20};
  p.drift_nu_mean = {.1F, .06F, .04F};
  p.drift_nu_std = {.01F, .02F, .04F};
  const auto noise = make_noise(p, {0, 25});
  EXPECT_NEAR(noise->drift_coefficient(1, 1), .11F, 1e-6F);
  EXPECT_NEAR(noise->drift_coefficient(7.5F, 0), .08F, 1e-6F);
  EXPECT_NEAR(noise->drift_coefficient(15, 1), .08F, 1e-6F);
  EXPECT_NEAR(noise->drift_coefficient(25, 0), .04F, 1e-6F);
  p.drift_g_us = {5, 5, 20};
  EXPECT_THROW(make_noise(p, {0, 25}), input_error);
  p.drift_g_us = {5, 20};
  EXPECT_THROW(make_noise(p, {0, 25}), input_error);
}

TEST(pcm_like, drift_and_read_noise) {
  const auto noise = make_noise(pcm_like{}, {0, 25});
  EXPECT_NEAR(noise->read_us(10, .05F, 0, {0, 0}), 10, 1e-5F);
  EXPECT_NEAR(noise->read_us(10, .05F, 86'400, {0, 0}), 10 * std::pow(4321.0F, -.05F), 1e-5F);
  // 0.0088 * 0.4^-0.65 * sqrt(ln(20 / 5e-7)) = 0.015964 * 4.18382
  EXPECT_NEAR(noise->read_us(10, .05F, 0, {1, 0}), 10 * (1 + .015964F * 4.18382F), 1e-3F);
  EXPECT_NEAR(noise->read_us(.01F, 0, 0, {1, 0}), .01F * (1 + .2F * 4.18382F), 1e-5F); // the largest relative noise
  EXPECT_EQ(noise->read_us(10, .05F, 0, {-20, 0}), 0);
  EXPECT_EQ(noise->read_us(0, .1F, 10, {1, 1}), 0);
}

TEST(state_independent, law) {
  const auto noise = make_noise(state_independent{}, {0, 25});
  EXPECT_NEAR(noise->programming_sigma_us(0), .2F, 1e-6F);
  EXPECT_NEAR(noise->programming_sigma_us(25), .2F, 1e-6F);
  EXPECT_NEAR(noise->drift_coefficient(3, 1), .15F, 1e-6F);
  EXPECT_NEAR(noise->drift_coefficient(20, -3), .05F, 1e-6F);
  EXPECT_NEAR(noise->read_us(10, 0, 0, {1, 0}), 10 + 10 / 25.0F * 4.18382F, 1e-4F);
}

TEST(hermes, law) {
  const auto two = make_noise(hermes::with_devices(2), {0, 20.7F});
  EXPECT_NEAR(two->programming_sigma_us(20.7F), 1.0926985F, 1e-5F); // sum of the coefficients
  EXPECT_NEAR(two->programming_sigma_us(0), .16603222F, 1e-6F);
  EXPECT_NEAR(two->drift_coefficient(20.7F, 0), .0174F, 1e-6F);
  EXPECT_NEAR(two->drift_coefficient(20.7F, 1), .0174F + .0048F, 1e-6F);
  EXPECT_NEAR(two->drift_coefficient(0, 1), .13F + .04F, 1e-6F);
  EXPECT_NEAR(two->read_us(10, .1F, 300, {0, 0}), 10 * std::pow(2.0F, -.1F), 1e-5F); // t_0 = 300 s
  const float growth = std::sqrt(std::log(300 / 1.024e-6F));
  EXPECT_NEAR(two->read_us(20.7F, 0, 0, {1, 0}), 20.7F * (1 + .0123F * growth), 1e-3F);

  const auto one = make_noise(hermes::with_devices(1), {0, 10.35F});
  EXPECT_NEAR(one->programming_sigma_us(10.35F), 1.0075671F, 1e-5F);
  EXPECT_NEAR(one->drift_coefficient(10.35F, 1), .0174F + .0055F, 1e-6F);
  EXPECT_NEAR(one->read_us(5, .1F, 200, {0, 0}), 5 * std::pow(2.0F, -.1F), 1e-5F);
  // The pieces of each fit meet: no jump above 4 % of the value.
  for (const auto* noise : {two.get(), one.get()}) {
    const float g_max = noise == two.get() ? 20.7F : 10.35F;
    for (float r = .05F; r < .5F; r += .0005F)
      for (const float xi : {0.0F, 1.0F}) {
        const float here = noise->drift_coefficient(r * g_max, xi);
        EXPECT_NEAR(noise->drift_coefficient((r + .0005F) * g_max, xi), here, .04F * here) << r;
        const float read = noise->read_us(r * g_max, 0, 0, {xi, 0}) / r;
        EXPECT_NEAR(noise->read_us((r + .0005F) * g_max, 0, 0, {xi, 0}) / (r + .0005F), read, .04F * read) << r;
      }
  }
}

TEST(reram_wan_2022, law) {
  const auto noise = make_noise(reram_wan_2022{}, {0, 40});
  EXPECT_NEAR(noise->programming_sigma_us(0), .348F, 1e-6F);
  EXPECT_NEAR(noise->programming_sigma_us(40), 1.103F, 2e-5F);
  EXPECT_NEAR(noise->programming_sigma_us(20), 2.0229375F, 2e-5F);
  EXPECT_NEAR(make_noise(reram_wan_2022{}, {0, 20})->programming_sigma_us(20), 1.103F / 2, 1e-5F);
  const float target = noise->drift_coefficient(40, 3);
  EXPECT_EQ(target, 40);
  EXPECT_NEAR(noise->read_us(17, target, 86'400, {1, 0}), 40 + 2.651F, 1e-4F);
  EXPECT_NEAR(noise->read_us(17, target, 172'800, {-1, 0}), 40 - 2.677F, 1e-4F);
  EXPECT_NO_THROW(noise->check_time(1));
  EXPECT_THROW(noise->check_time(0), input_error);
  EXPECT_THROW(noise->check_time(100), input_error);
}

TEST(reram_cmo, law) {
  const auto noise = make_noise(reram_cmo{}, {9, 88.2F});
  EXPECT_NEAR(noise->programming_sigma_us(50), .05425F, 1e-5F);
  EXPECT_NEAR(make_noise(reram_cmo{.acceptance_percent = 2}, {9, 88.2F})->programming_sigma_us(50), .575732F, 1e-5F);
  EXPECT_THROW(make_noise(reram_cmo{.acceptance_percent = 1}, {9, 88.2F}), input_error);
  EXPECT_EQ(noise->read_us(50, 0, 0, {3, 3}), 50);
  const float l = std::log(86'400.0F);
  const float mean = 50 - .08900206F * l;
  EXPECT_NEAR(noise->read_us(50, 0, 86'400, {0, 0}), mean, 1e-4F);
  EXPECT_NEAR(noise->read_us(50, 0, 86'400, {1, 0}), mean + .04201137F * l + .41183342F, 1e-4F);
  EXPECT_NEAR(noise->read_us(50, 0, 86'400, {0, 1}),
              mean + .0277316483F * std::log10(mean) * std::sqrt(std::log(86'400 / 2e-6F)), 1e-4F);
  EXPECT_EQ(noise->read_us(10, 0, 86'400, {-10, 0}), 9);
  EXPECT_EQ(noise->read_us(88, 0, 86'400, {10, 0}), 88.2F);
}

TEST(conductance_noise, times_before_programming_are_refused) {
  const auto noise = make_noise(pcm_like{}, {0, 25});
  EXPECT_NO_THROW(noise->check_time(0));
  EXPECT_THROW(noise->check_time(-1), input_error);
  EXPECT_THROW(noise->check_time(std::numeric_limits<double>::quiet_NaN()), input_error);
  EXPECT_THROW(noise->check_time(std::numeric_limits<double>::infinity()), input_error);
}

template <typename T>
std::size_t count_fields() {
  std::set<std::string> names;
  T::fields([&](std::string_view name, auto, const field& meta) {
    EXPECT_FALSE(meta.doc.empty()) << name;
    EXPECT_TRUE(names.emplace(name).second) << name;
  });
  return names.size();
}

TEST(conductance_noise, fields_are_complete) {
  EXPECT_EQ(count_fields<device_pairs>(), 3U);
  EXPECT_EQ(count_fields<single_device>(), 2U);
  EXPECT_EQ(count_fields<pcm_like>(), 9U);
  EXPECT_EQ(count_fields<state_independent>(), 8U);
  EXPECT_EQ(count_fields<hermes>(), 6U);
  EXPECT_EQ(count_fields<reram_wan_2022>(), 2U);
  EXPECT_EQ(count_fields<reram_cmo>(), 4U);
}

} // namespace
} // namespace tilework::physics
