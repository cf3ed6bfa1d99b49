// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/nearest_name.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tilework {
namespace {

TEST(edit_distance, counts_single_edits) {
  EXPECT_EQ(edit_distance("dw_min", "dw_min"), 0U);
  EXPECT_EQ(edit_distance("dw_mn", "dw_min"), 1U);
  EXPECT_EQ(edit_distance("dw_mni", "dw_min"), 1U); // swap
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(nearest_name, is_empty_when_nothing_is_near) {
  const std::vector<std::string> names{"dw_min", "dw_min_std", "up_down"};
  EXPECT_EQ(nearest_name("dw_mn", names), "dw_min");
  EXPECT_EQ(nearest_name("updown", names), "up_down");
  EXPECT_EQ(nearest_name("learning_rate", names), "");
}

TEST(suggestion, asks_only_if_a_name_is_near) {
  const std::vector<std::string> names{"sar", "ramp"};
  EXPECT_EQ(suggestion("sra", names), "did you mean 'sar'? allowed: sar, ramp");
  EXPECT_EQ(suggestion("flash", names), "allowed: sar, ramp");
}

} // namespace
} // namespace tilework
