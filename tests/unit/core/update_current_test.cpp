// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/update_current.h>

#include <gtest/gtest.h>

namespace tilework {
namespace {

TEST(update_current, is_the_mean_over_the_slots) {
  operation_activity activity;
  activity.pulse_slots = 10;
  activity.coincidences = 300;
  activity.half_selected = 1000;
  EXPECT_DOUBLE_EQ(update_current_A(activity, {1e-6, 2}), 1e-6 * 2 * (30 + 50));
  EXPECT_EQ(update_current_A({}, {1e-6, 2}), 0) << "no slots";
}

TEST(peak_current, adds_what_overlaps) {
  peak_current peak;
  peak.add({0}, {10}, 1);
  peak.add({5}, {15}, 2);
  peak.add({15}, {30}, 2.5); // begins when the other ends
  peak.end_step();
  EXPECT_EQ(peak.of_array_A(), 2.5);
  EXPECT_EQ(peak.of_machine_A(), 3);
  peak.add({0}, {10}, 2.75); // another step: nothing is left of the one before
  peak.end_step();
  EXPECT_EQ(peak.of_array_A(), 2.75);
  EXPECT_EQ(peak.of_machine_A(), 3);
}

TEST(peak_current, ignores_what_has_no_pulses) {
  peak_current peak;
  peak.add({0}, {10}, 0);
  peak.add({7}, {7}, 5);
  peak.end_step();
  EXPECT_EQ(peak.of_array_A(), 0);
  EXPECT_EQ(peak.of_machine_A(), 0);
}

} // namespace
} // namespace tilework
