// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/health.h>

#include <gtest/gtest.h>

namespace tilework {
namespace {

TEST(signal_to_noise, is_in_decibels) {
  EXPECT_DOUBLE_EQ(signal_to_noise_dB(1000, 1).value(), 30);
  EXPECT_DOUBLE_EQ(signal_to_noise_dB(1, 100).value(), -20);
}

TEST(signal_to_noise, has_limits_and_is_empty_without_anything) {
  EXPECT_EQ(signal_to_noise_dB(1, 0), 100);
  EXPECT_EQ(signal_to_noise_dB(0, 1), -100);
  EXPECT_EQ(signal_to_noise_dB(1e30, 1), 100);
  EXPECT_EQ(signal_to_noise_dB(0, 0), std::nullopt);
}

} // namespace
} // namespace tilework
