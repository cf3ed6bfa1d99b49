// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/activation.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::numerics {
namespace {

double exact(activation f, double z) {
  switch (f) {
  case activation::identity:
    return z;
  case activation::sigmoid:
    return 1.0 / (1.0 + std::exp(-z));
  case activation::relu:
    return z > 0 ? z : 0;
  case activation::tanh:
    return std::tanh(z);
  }
  return 0;
}

class every_activation : public testing::TestWithParam<activation> {};

TEST_P(every_activation, matches_double_precision) {
  std::vector<float> z;
  for (float v = -20.0F; v <= 20.0F; v += 0.037F)
    z.push_back(v);
  for (float v = 1e-7F; v < 1.0F; v *= 1.3F)
    z.insert(z.end(), {v, -v});
  const std::vector<float> zero(z.size(), 0.0F);
  std::vector<float> x(z.size());
  bias_activation(GetParam(), z, zero, x);
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double expected = exact(GetParam(), static_cast<double>(z[i]));
    EXPECT_NEAR(x[i], expected, 3e-7 * std::abs(expected) + 1e-30) << "z = " << z[i]; // about 3 ulp
  }
}

TEST_P(every_activation, gradient_agrees_with_finite_differences) {
  for (double z = -4.03; z < 4.0; z += 0.1) { // never at the kink of relu
    const std::array<float, 1> in{static_cast<float>(z)};
    const std::array<float, 1> zero{0.0F};
    const std::array<float, 1> e{-1.5F};
    std::array<float, 1> x{};
    std::array<float, 1> d{};
    bias_activation(GetParam(), in, zero, x);
    activation_gradient(GetParam(), e, x, d);
    constexpr double h = 1e-5;
    const double slope = (exact(GetParam(), z + h) - exact(GetParam(), z - h)) / (2 * h);
    EXPECT_NEAR(d[0], -1.5 * slope, 1e-6) << "z = " << z;
  }
}

TEST_P(every_activation, may_work_in_place) {
  const std::array<float, 3> b{0.5F, -0.25F, 1.0F};
  std::array<float, 3> z{-1.0F, 0.75F, 2.0F};
  std::array<float, 3> x{};
  bias_activation(GetParam(), z, b, x);
  bias_activation(GetParam(), z, b, z);
  EXPECT_EQ(z, x);
}

INSTANTIATE_TEST_SUITE_P(all, every_activation,
                         testing::Values(activation::identity, activation::sigmoid, activation::relu, activation::tanh),
                         [](const auto& test) {
                           return std::string(activation_names.at(static_cast<std::size_t>(test.param)).first);
                         });

TEST(activation, saturates_at_its_limits) {
  const std::array<float, 2> z{-1000.0F, 1000.0F};
  const std::array<float, 2> zero{};
  std::array<float, 2> x{};
  bias_activation(activation::sigmoid, z, zero, x);
  EXPECT_EQ(x, (std::array<float, 2>{0.0F, 1.0F}));
  bias_activation(activation::tanh, z, zero, x);
  EXPECT_EQ(x, (std::array<float, 2>{-1.0F, 1.0F}));
}

TEST(activation, relu_has_no_slope_at_zero) {
  const std::array<float, 1> e{3.0F};
  const std::array<float, 1> x{0.0F};
  std::array<float, 1> d{1.0F};
  activation_gradient(activation::relu, e, x, d);
  EXPECT_EQ(d[0], 0.0F);
}

} // namespace
} // namespace tilework::numerics
