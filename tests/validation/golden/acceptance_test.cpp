// SPDX-License-Identifier: Apache-2.0
// The statistics behind golden_test: known values, and that shifted samples fail while equal ones pass.
#include "validation/golden/acceptance.h"
#include "validation/golden/compare_sample.h"
#include "validation/golden/two_sample.h"

#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace tilework::golden {
namespace {

/// Sample of n draws; its moments as a published row would give them.
template <typename Law>
std::pair<sample, reference_moments> two_samples(Law law, std::size_t ours, std::size_t theirs, std::mt19937_64& random,
                                                 double shift = 0, double factor = 1) {
  sample a;
  sample b;
  for (std::size_t i = 0; i < ours; ++i)
    a.add(law(random));
  for (std::size_t i = 0; i < theirs; ++i)
    b.add(shift + factor * law(random));
  return {a, {.mean = b.mean(), .variance = b.variance(), .n = b.count()}};
}

TEST(two_sample, normal_tail_and_quantile) {
  EXPECT_NEAR(normal_tail(1.959964), .025, 1e-8);
  EXPECT_NEAR(normal_quantile(normal_tail(5.2)), 5.2, 1e-9);
  EXPECT_NEAR(normal_quantile(1e-100), 21.273, 1e-3);
  EXPECT_NEAR(normal_quantile(.9), -1.281552, 1e-6);
}

TEST(two_sample, sidak_threshold) {
  EXPECT_NEAR(sidak_threshold(.05, 1), 1.959964, 1e-6);
  EXPECT_NEAR(sidak_threshold(.01, 50'000), 5.2, .02);
  // all of them together
  const double each = 2 * normal_tail(sidak_threshold(.01, 1000));
  EXPECT_NEAR(1 - std::pow(1 - each, 1000), .01, 1e-6);
}

TEST(two_sample, students_law_has_heavier_tails) {
  EXPECT_NEAR(normal_score_of_student(2.131450, 15), 1.959964, 1e-5);
  EXPECT_NEAR(normal_score_of_student(-2.131450, 15), -1.959964, 1e-5);
}

TEST(two_sample, skewness_follows_the_tail_of_counts) {
  for (const double mean : {60.0, 400.0}) {
    const boost::math::poisson law(mean);
    for (const double z : {-5.0, -3.0, 3.0, 5.0, 6.0}) {
      const double count = std::round(mean + z * std::sqrt(mean));
      // continuity: half-way between this count and the next one towards the mean
      const double standardised = (count - std::copysign(.5, z) - mean) / std::sqrt(mean);
      const double tail =
          z > 0 ? boost::math::cdf(boost::math::complement(law, count - 1)) : boost::math::cdf(law, count);
      const double exact = std::copysign(normal_quantile(tail), z);
      EXPECT_LT(std::abs(unskewed(standardised, 1 / std::sqrt(mean)) - exact), std::abs(standardised - exact) / 5)
          << mean << " " << z;
    }
  }
}

TEST(two_sample, counts_follow_the_hypergeometric_law) {
  const boost::math::hypergeometric law(40, 1000, 2000); // 40 of 2000 are ours if they fall among 1000
  for (const unsigned ours : {5U, 12U, 20U, 28U, 35U}) {
    const double above = ours == 0 ? 1 : boost::math::cdf(boost::math::complement(law, ours - 1));
    const double below = boost::math::cdf(law, ours);
    const double expected = above < below ? std::max(normal_quantile(std::min(above, .5)), 0.0)
                                          : -std::max(normal_quantile(std::min(below, .5)), 0.0);
    EXPECT_NEAR(score_of_counts(ours, 1000, 40 - ours, 1000), expected, 1e-6) << ours;
  }
  EXPECT_EQ(score_of_counts(0, 1000, 0, 1000), 0);
  EXPECT_EQ(score_of_counts(1000, 1000, 500, 500), 0);
  EXPECT_GT(score_of_counts(100, 1000, 0, 1000), 8);
}

TEST(two_sample, counts_from_moments) {
  const std::array<double, 3> values{-.4, .1, .6};
  const std::array<std::uint64_t, 3> counts{15, 15'900, 85};
  sample s;
  for (std::size_t v = 0; v < 3; ++v)
    for (std::uint64_t i = 0; i < counts[v]; ++i)
      s.add(values[v]);
  const auto back = counts_from_moments(values, 16'000, s.mean(), s.variance(), .5);
  ASSERT_EQ(back.size(), 3);
  EXPECT_TRUE(std::ranges::equal(back, counts));
  EXPECT_TRUE(counts_from_moments(std::span(values).first(2), 16'000, s.mean(), s.variance(), .5).empty())
      << "a third value occurred";
  EXPECT_TRUE(counts_from_moments(std::span(values).first(1), 16'000, s.mean(), s.variance(), .5).empty());
  EXPECT_EQ(counts_from_moments(std::span(values).first(1), 16'000, -.4, 0, .5).at(0), 16'000);
}

// Equal laws: scores of means, variances and quantiles stay within 4.5 (false alarm 2e-3 for all of them) and have
// variance 1 within 5 standard errors.
TEST(acceptance, equal_laws_pass) {
  std::mt19937_64 random(1);
  std::exponential_distribution<> skewed;
  acceptance all;
  auto& f = all.add("equal", "");
  for (int i = 0; i < 100; ++i) {
    const auto [ours, reference] = two_samples(skewed, 4000, 1000, random);
    f.mean("", ours, reference);
    f.deviation("", ours, reference);
  }
  sample scores;
  for (const auto& c : f.comparisons()) {
    EXPECT_LT(std::abs(c.z), 4.5);
    scores.add(c.z);
  }
  EXPECT_NEAR(scores.variance(), 1, 5 * std::sqrt(2.0 / 200));
  EXPECT_TRUE(all.verdicts().at(0).failures.empty());
}

TEST(acceptance, a_shift_or_another_spread_fails) {
  std::mt19937_64 random(2);
  std::normal_distribution<> normal;
  acceptance all;
  auto& f = all.add("different", "");
  const auto [a, shifted] = two_samples(normal, 100'000, 100'000, random, .1);
  f.mean("shifted", a, shifted);
  f.deviation("as wide", a, shifted);
  const auto [b, wider] = two_samples(normal, 100'000, 100'000, random, 0, 1.1);
  f.mean("as high", b, wider);
  f.deviation("wider", b, wider);
  const auto failures = all.verdicts().at(0).failures;
  ASSERT_EQ(failures.size(), 2);
  EXPECT_EQ(failures[0]->what, "shifted");
  EXPECT_EQ(failures[1]->what, "wider");
}

TEST(acceptance, quantiles) {
  std::mt19937_64 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> ours(65'536);
  for (auto& v : ours)
    v = std::clamp(normal(random), -10.0F, 1.0F); // 16 % at the upper bound
  std::ranges::sort(ours);
  acceptance all;
  auto& f = all.add("quantiles", "");
  constexpr estimated_error exact{0, std::numeric_limits<double>::infinity()};
  f.quantile("median", ours, .5, .02, 4096, 0, exact);
  f.quantile("at the bound", ours, .95, 1, 4096, 0, exact);
  f.quantile("wrong median", ours, .5, .15, 4096, 0, exact);
  f.quantile("wrong, but uncertain", ours, .5, .15, 4096, 0, {.1, std::numeric_limits<double>::infinity()});
  f.quantile("beyond the bound", ours, .95, 1.1, 4096, 0, exact);
  const auto failures = all.verdicts().at(0).failures;
  ASSERT_EQ(failures.size(), 2);
  EXPECT_EQ(failures[0]->what, "wrong median");
  EXPECT_EQ(failures[1]->what, "beyond the bound");
}

TEST(acceptance, ties_are_counted) {
  acceptance all;
  auto& f = all.add("ties", "");
  for (int i = 0; i < 99; ++i)
    f.exact("", 1, 1, 1e-6, .1);
  f.exact("", 1, 1.1, 1e-6, .1);
  EXPECT_FALSE(all.verdicts().at(0).too_many_ties);
  f.exact("", 1, 1.1, 1e-6, .1);
  EXPECT_TRUE(all.verdicts().at(0).too_many_ties);
  EXPECT_TRUE(all.verdicts().at(0).failures.empty());
  f.exact("", 1, 1.2, 1e-6, .1);
  f.exact("", std::nan(""), 1, 1e-6, .1);
  EXPECT_EQ(all.verdicts().at(0).failures.size(), 2);
}

// Shifts of the target size are found as often as the power says; 5 standard errors.
TEST(acceptance, power_is_what_it_says) {
  std::mt19937_64 random(4);
  acceptance all;
  auto& f = all.add("power", "");
  constexpr double error = 0.0016;
  constexpr int trials = 2000;
  std::normal_distribution<> noise(0, error);
  for (int i = 0; i < trials; ++i)
    f.pooled(kind::mean, "", target_shift + noise(random), error);
  const double threshold = all.verdicts().at(0).threshold;
  const double expected = normal_tail(threshold - f.comparisons().front().effect);
  const auto found = static_cast<double>(all.verdicts().at(0).failures.size());
  EXPECT_NEAR(found / trials, expected, 5 * std::sqrt(expected * (1 - expected) / trials));
}

} // namespace
} // namespace tilework::golden
