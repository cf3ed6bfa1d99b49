// SPDX-License-Identifier: Apache-2.0
#include "statistics.h"

#include <tilework/core/error.h>
#include <tilework/physics/inference/weight_modifier.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace tilework::physics {
namespace {

const noise_stream modifier_stream(1, purpose::weight_modifier, {});

std::vector<float> modified(const weight_modifier_parameters& p, const std::vector<float>& w, array_shape shape,
                            std::uint64_t event = 0) {
  p.validate();
  std::vector<float> out(w.size());
  modify_weights(p, shape, w, out, modifier_stream, event);
  return out;
}
std::vector<float> modified(const weight_modifier_parameters& p, const std::vector<float>& w) {
  return modified(p, w, {static_cast<std::uint32_t>(w.size()), 1});
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], 1e-6F) << i;
}

/// Changes of 100,000 weights of .5 where the largest weight is 2.
sample changes(const weight_modifier_parameters& p) {
  constexpr std::size_t n = 100'000;
  std::vector<float> w(n + 1, .5F);
  w[n] = -2;
  const auto out = modified(p, w);
  sample s;
  for (std::size_t c = 0; c < n; ++c)
    s.add(static_cast<double>(out[c]) - .5);
  return s;
}

// 5 standard errors: false alarm 6e-7 per bound, 12 bounds.
TEST(weight_modifier, deviations) {
  const auto check = [](const weight_modifier_parameters& p, double expected) {
    const auto s = changes(p);
    EXPECT_NEAR(s.mean(), 0, 5 * s.error_of_mean());
    EXPECT_NEAR(s.variance(), expected * expected, 5 * s.error_of_variance());
  };
  check({.type = modifier_type::mult_normal, .std_dev = .1F}, .1);
  check({.type = modifier_type::mult_normal, .convention = modifier_convention::torch, .std_dev = .1F}, .05);
  check({.type = modifier_type::add_normal, .std_dev = .1F}, .2);
  check({.type = modifier_type::add_normal, .std_dev = .1F, .rel_to_actual_wmax = false, .assumed_wmax = 3}, .3);
  const double polynomial = .0105392 + .0768 * .25 - .046925 * .0625; // .0268064
  check({.type = modifier_type::poly, .std_dev = .1F}, 2 * .1 * polynomial);
  check({.type = modifier_type::prog_noise, .std_dev = .1F}, 2 * .1 / 25 * polynomial);
  // measured on the reference
  EXPECT_NEAR(2 * .1 * polynomial, .00537, 2e-5);
  EXPECT_NEAR(2 * .1 / 25 * polynomial, .000213, 2e-6);
}

TEST(weight_modifier, programming_noise_keeps_signs) {
  std::vector<float> w(1000, .001F);
  std::fill(w.begin() + 500, w.end(), -.001F);
  w[0] = 1;
  const auto out = modified({.type = modifier_type::prog_noise, .std_dev = 10, .g_max_us = 1}, w);
  EXPECT_TRUE(std::all_of(out.begin(), out.begin() + 500, [](float v) { return v >= 0; }));
  EXPECT_TRUE(std::all_of(out.begin() + 500, out.end(), [](float v) { return v <= 0; }));
  EXPECT_GT(*std::max_element(out.begin() + 1, out.end()), .1F);
}

TEST(weight_modifier, bins) {
  const std::vector<float> w{2, .3F, -.3F, .09F, .5F, -.5F};
  expect_near(modified({.type = modifier_type::discretize, .res = .1F}, w), {2, .4F, -.4F, 0, .6F, -.6F}); // bins of .2
  expect_near(modified({.type = modifier_type::discretize, .res = 0}, w), w);
  const auto torch = modifier_convention::torch;
  expect_near(modified({.type = modifier_type::discretize, .convention = torch, .res = .125F}, w),
              {2, .5F, -.5F, 0, .5F, -.5F});
  expect_near(modified({.type = modifier_type::discretize, .convention = torch, .res = 8}, w),
              {2, .5F, -.5F, 0, .5F, -.5F});
  const float c = .6F / std::tanh(2.0F);
  expect_near(modified({.type = modifier_type::dorefa, .res = .1F}, w), {.6F, .2F, -.2F, .1F, .3F, -.3F});
  EXPECT_NEAR(std::tanh(.3F) * c, .181F, 1e-3F);
}

// Mean of a stochastic rounding is the value: 5 standard errors, false alarm 6e-7 per bound.
TEST(weight_modifier, stochastic_rounding) {
  const auto s = changes({.type = modifier_type::discretize, .res = .2F, .sto_round = true}); // .4 or .8
  EXPECT_NEAR(s.mean(), 0, 5 * s.error_of_mean());
  EXPECT_NEAR(s.variance(), .75 * .01 + .25 * .09, 5 * s.error_of_variance());
  const auto both = changes({.type = modifier_type::discretize_add_normal, .std_dev = .05F, .res = .2F});
  EXPECT_NEAR(both.mean(), -.1, 5 * both.error_of_mean()); // .5 becomes .4
  EXPECT_NEAR(both.variance(), .01, 5 * both.error_of_variance());
}

// 5 standard errors: false alarm 6e-7.
TEST(weight_modifier, dropped_connections) {
  const auto s = changes({.type = modifier_type::drop_connect, .pdrop = .3F});
  EXPECT_NEAR(s.mean(), -.5 * .3, 5 * s.error_of_mean());
  const auto out = modified({.type = modifier_type::add_normal, .std_dev = .1F, .pdrop = 1}, {1, 2, 3});
  EXPECT_EQ(out, (std::vector<float>{0, 0, 0}));
}

TEST(weight_modifier, last_column_stays) {
  const std::vector<float> w{1, 2, 100, -1, 3, -100};
  const auto out =
      modified({.type = modifier_type::discretize, .res = .5F, .pdrop = 0, .copy_last_column = true}, w, {3, 2});
  expect_near(out, {1.5F, 1.5F, 100, -1.5F, 3, -100}); // the largest of the others is 3; ties away from 0
  const auto dropped = modified({.type = modifier_type::copy, .pdrop = 1, .copy_last_column = true}, w, {3, 2});
  EXPECT_EQ(dropped, (std::vector<float>{0, 0, 100, 0, 0, -100}));
}

TEST(weight_modifier, values_follow_the_event) {
  const weight_modifier_parameters p{.type = modifier_type::add_normal, .std_dev = .1F, .pdrop = .5F};
  const std::vector<float> w(100, .5F);
  EXPECT_EQ(modified(p, w, {100, 1}, 3), modified(p, w, {100, 1}, 3));
  EXPECT_NE(modified(p, w, {100, 1}, 3), modified(p, w, {100, 1}, 4));
  auto in_place = w;
  modify_weights(p, {100, 1}, in_place, in_place, modifier_stream, 3);
  EXPECT_EQ(in_place, modified(p, w, {100, 1}, 3));
}

TEST(weight_modifier, none_and_zeros) {
  const std::vector<float> w{.5F, -1};
  EXPECT_EQ(modified({}, w), w);
  EXPECT_EQ(modified({.type = modifier_type::copy}, w), w);
  EXPECT_EQ(modified({.type = modifier_type::discretize, .res = .1F}, {0, 0}), (std::vector<float>{0, 0}));
}

TEST(weight_modifier, bad_input_is_refused) {
  EXPECT_THROW((weight_modifier_parameters{.pdrop = .1F}.validate()), input_error);
  EXPECT_THROW((weight_modifier_parameters{.assumed_wmax = 0}.validate()), input_error);
  std::vector<float> w(3);
  EXPECT_THROW(modify_weights({}, {2, 2}, w, w, modifier_stream, 0), std::invalid_argument);
  std::set<std::string> names;
  weight_modifier_parameters::fields([&](std::string_view name, auto, const field&) { names.emplace(name); });
  EXPECT_EQ(names.size(), 13U);
}

} // namespace
} // namespace tilework::physics
