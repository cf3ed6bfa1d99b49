// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/loss.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace tilework::numerics {
namespace {

double exact_loss(const std::vector<double>& z, std::size_t label) {
  double sum = 0;
  for (double v : z)
    sum += std::exp(v - z[label]);
  return std::log(sum);
}

TEST(negative_log_likelihood, agrees_with_a_hand_computed_value) {
  const std::array<float, 3> z{std::log(1.0F), std::log(2.0F), std::log(5.0F)};
  std::array<float, 3> g{};
  const auto result = negative_log_likelihood(z, 1, 1.0F, g); // softmax = 1/8, 2/8, 5/8
  EXPECT_NEAR(result.loss, std::log(4.0), 1e-6);
  EXPECT_EQ(result.prediction, 2U);
  EXPECT_NEAR(g[0], 0.125, 1e-6);
  EXPECT_NEAR(g[1], -0.75, 1e-6);
  EXPECT_NEAR(g[2], 0.625, 1e-6);
}

TEST(negative_log_likelihood, gradient_agrees_with_finite_differences) {
  const std::vector<float> z{0.3F, -1.7F, 2.5F, 0.0F, 1.1F};
  for (std::uint32_t label = 0; label < z.size(); ++label) {
    std::vector<float> g(z.size());
    negative_log_likelihood(z, label, 0.25F, g);
    for (std::size_t i = 0; i < z.size(); ++i) {
      std::vector<double> up(z.begin(), z.end());
      std::vector<double> down = up;
      constexpr double h = 1e-5;
      up[i] += h;
      down[i] -= h;
      const double slope = (exact_loss(up, label) - exact_loss(down, label)) / (2 * h);
      EXPECT_NEAR(g[i], 0.25 * slope, 1e-7) << "label " << label << " logit " << i;
    }
  }
}

TEST(negative_log_likelihood, is_stable_for_large_logits) {
  for (const float shift : {0.0F, 1000.0F, -1000.0F, 1e30F}) {
    const std::array<float, 3> z{shift, shift, shift};
    std::array<float, 3> g{};
    EXPECT_NEAR(negative_log_likelihood(z, 0, 1.0F, g).loss, std::log(3.0), 1e-6) << shift;
    EXPECT_NEAR(std::accumulate(g.begin(), g.end(), 0.0F), 0.0F, 1e-6F) << shift;
  }
  const std::array<float, 2> z{-500.0F, 500.0F}; // exp(1000) is far beyond float
  std::array<float, 2> g{};
  EXPECT_FLOAT_EQ(negative_log_likelihood(z, 0, 1.0F, g).loss, 1000.0F);
  EXPECT_EQ(g, (std::array<float, 2>{-1.0F, 1.0F}));
}

TEST(negative_log_likelihood, keeps_relative_accuracy_when_the_label_is_nearly_certain) {
  const std::array<float, 2> z{0.0F, 30.0F};
  std::array<float, 2> g{};
  const auto result = negative_log_likelihood(z, 1, 1.0F, g);
  const double small = std::exp(-30.0); // 1 - small rounds to 1 in float
  EXPECT_NEAR(result.loss / small, 1.0, 1e-6);
  EXPECT_NEAR(g[1] / -small, 1.0, 1e-6);
}

TEST(negative_log_likelihood, first_of_equal_logits_is_the_prediction) {
  const std::array<float, 4> z{1.0F, 2.0F, 2.0F, 0.0F};
  std::array<float, 4> g{};
  EXPECT_EQ(negative_log_likelihood(z, 2, 1.0F, g).prediction, 1U);
}

TEST(negative_log_likelihood, may_work_in_place) {
  std::array<float, 4> z{1.0F, -2.0F, 0.5F, 0.0F};
  std::array<float, 4> g{};
  const auto apart = negative_log_likelihood(z, 3, 0.5F, g);
  const auto in_place = negative_log_likelihood(z, 3, 0.5F, z);
  EXPECT_EQ(z, g);
  EXPECT_EQ(apart.loss, in_place.loss);
}

TEST(negative_log_likelihood, rejects_a_label_that_is_no_class) {
  const std::array<float, 2> z{};
  std::array<float, 2> g{};
  EXPECT_THROW(negative_log_likelihood(z, 2, 1.0F, g), std::invalid_argument);
}

} // namespace
} // namespace tilework::numerics
