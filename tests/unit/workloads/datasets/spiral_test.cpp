// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/workloads/datasets/load_dataset.h>
#include <tilework/workloads/datasets/spiral.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

namespace tilework::workload {
namespace {

TEST(spiral, has_balanced_classes_and_float_features) {
  const dataset set = load_dataset("spiral", {});
  EXPECT_EQ(set.classes, 3U);
  EXPECT_EQ(set.features(), 2U);
  EXPECT_EQ(set.bits_per_feature(), 32U);
  for (const labelled_set* half : {&set.train, &set.test}) {
    ASSERT_EQ(half->size(), 3000U);
    for (std::uint32_t i = 0; i < 3000; ++i)
      EXPECT_EQ(half->label(i), i / 1000);
  }
  EXPECT_EQ(load_dataset("spiral", {.train_samples = 300, .test_samples = 30}).train.size(), 300U);
  EXPECT_THROW(static_cast<void>(load_dataset("spiral", {.train_samples = 100})), input_error);
}

TEST(spiral, radius_is_a_ramp_and_angle_is_the_arm_plus_normal_noise) {
  constexpr std::uint32_t n = 1000;
  const labelled_set set = generate_spiral(5, data_split::train, n);
  std::array<float, 2> p{};
  double sum = 0;
  double squares = 0;
  int count = 0;
  for (std::uint32_t i = 0; i < set.size(); ++i) {
    set.read(i, p);
    const double r = (i % n) / (n - 1.0);
    EXPECT_NEAR(std::hypot(p[0], p[1]), r, 1e-6);
    if (r < 0.01)
      continue; // the angle of the innermost points is not accurate in float
    const double arm = 2.5 * (4.0 * set.label(i) + 4.0 * r);
    const double noise = std::remainder(std::atan2(p[0], p[1]) - arm, 2 * std::numbers::pi) / 2.5;
    sum += noise;
    squares += noise * noise;
    ++count;
  }
  // Noise of deviation 0.2; folding at 2 pi / 2.5 / 2 = 6.3 sigma is negligible. Bounds of 5 standard errors: false
  // alarm probability 6e-7 each for a new seed.
  EXPECT_NEAR(sum / count, 0.0, 5 * 0.2 / std::sqrt(count));
  EXPECT_NEAR(squares / count, 0.04, 5 * 0.04 * std::sqrt(2.0 / count));
}

TEST(spiral, is_reproducible_and_halves_are_independent) {
  std::array<float, 2> a{};
  std::array<float, 2> b{};
  const auto differs = [&](const labelled_set& left, const labelled_set& right) {
    int different = 0;
    for (std::uint32_t i = 0; i < left.size(); ++i) {
      left.read(i, a);
      right.read(i, b);
      different += a != b ? 1 : 0;
    }
    return different;
  };
  const labelled_set train = generate_spiral(1, data_split::train, 100);
  EXPECT_EQ(differs(train, generate_spiral(1, data_split::train, 100)), 0);
  EXPECT_GT(differs(train, generate_spiral(1, data_split::test, 100)), 290); // all but the centres
  EXPECT_GT(differs(train, generate_spiral(2, data_split::train, 100)), 290);
}

} // namespace
} // namespace tilework::workload
