// SPDX-License-Identifier: Apache-2.0
#include "support/recorded.h"

#include <tilework/core/timing_analysis.h>

#include <gtest/gtest.h>

#include <sstream>

namespace tilework {
namespace {

using test::example_resources;
using test::example_step;

TEST(step_timing, finds_what_every_event_follows) {
  const auto step = example_step();
  step_timing timing;
  timing.analyse(step, example_resources());
  EXPECT_EQ(timing.cause_of_booking(0).booking, no_booking);
  EXPECT_EQ(timing.cause_of_booking(0).gap.count, 0);
  EXPECT_EQ(timing.cause_of_booking(2).booking, 0U); // the array's start stands for the product
  EXPECT_EQ(timing.cause_of_booking(2).gap.count, 37);
  EXPECT_EQ(timing.cause_of_booking(3).booking, no_booking);
  EXPECT_EQ(timing.cause_of_booking(3).gap.count, 1);
  EXPECT_EQ(timing.joined_to(3), 4U);
  EXPECT_EQ(timing.before(3), 0U);
  EXPECT_EQ(timing.before(4), 1U);
  EXPECT_EQ(timing.cause_of_end(1).booking, 5U);
  EXPECT_EQ(timing.cause_of_end(1).gap.count, 4);
  EXPECT_EQ(timing.cause_of_end(2).booking, no_booking);
  EXPECT_EQ(timing.cause_of_end(2).gap.count, 10);
}

TEST(step_timing, longest_path_is_the_recorded_length) {
  const auto step = example_step();
  step_timing timing;
  timing.analyse(step, example_resources());
  EXPECT_EQ(timing.longest_path(), step.length);
}

TEST(step_timing, free_units_shorten_the_path) {
  const auto step = example_step();
  step_timing timing;
  timing.analyse(step, example_resources());
  // Converters: product 1 starts when the array has driven product 0, at 10, and drives for 10.
  EXPECT_EQ(timing.longest_path(resource_kind::adc).count, 10 + 10 + 4 + 10);
  // Array: the converters begin at once; product 1 follows product 0's conversions, at 32.
  EXPECT_EQ(timing.longest_path(resource_kind::array).count, 32 + 27 + 4 + 10);
  EXPECT_EQ(timing.longest_path(resource_kind::network).count, 32 + 37 + 10);
  EXPECT_EQ(timing.longest_path(resource_kind::memory), step.length);
}

TEST(step_timing, critical_path_adds_up_to_the_step) {
  const auto step = example_step();
  step_timing timing;
  timing.analyse(step, example_resources());
  femtoseconds sum;
  femtoseconds waiting;
  femtoseconds converters;
  for (const auto& segment : timing.critical_path()) {
    sum += segment.length;
    if (!segment.kind)
      waiting += segment.length;
    else if (segment.kind == resource_kind::adc)
      converters += segment.length;
    EXPECT_NE(segment.operation, 0U); // product 0 is waited for, not needed
  }
  EXPECT_EQ(sum, step.length);
  EXPECT_EQ(waiting.count, 31);
  EXPECT_EQ(converters.count, 27);
}

TEST(step_timing, packets_that_book_nothing_are_the_networks_time) {
  auto step = example_step();
  step.length = {60};
  step.operations = {{{0}, {0}, {4}, 0}, {{0}, {20}, {50}, 1}, {{50}, {50}, {60}, 2}};
  step.bookings = {{0, 2, {4}, {4}, {}, {}}, {1, 2, {5}, {5}, {}, {}}, {1, 0, {20}, {20}, {30}, {30}}};
  step_timing timing;
  timing.analyse(step, example_resources());
  EXPECT_EQ(timing.before(1), no_booking); // any number may be on their way
  EXPECT_EQ(timing.longest_path(), step.length);
  EXPECT_EQ(timing.longest_path(resource_kind::network).count, 30 + 10);
  femtoseconds network;
  for (const auto& segment : timing.critical_path())
    if (segment.kind == resource_kind::network)
      network += segment.length;
  EXPECT_EQ(network.count, 20); // the way to its injection port, too
}

TEST(timing_analysis, says_who_waited_for_whom) {
  timing_analysis analysis(example_resources());
  const auto step = example_step();
  analysis.add(step);
  analysis.add(step);
  const auto r = analysis.results(64);
  EXPECT_EQ(r.steps, 2U);
  EXPECT_EQ(r.time.count, 166);
  ASSERT_EQ(r.stalls.size(), 1U);
  EXPECT_EQ(r.stalls[0].resource, "tile0.adc"); // the array was free two earlier
  EXPECT_EQ(r.stalls[0].waiter, "forward_mvm L1");
  EXPECT_EQ(r.stalls[0].holder, "forward_mvm L0");
  EXPECT_EQ(r.stalls[0].count, 2U);
  EXPECT_EQ(r.stalls[0].time.count, 62);
  ASSERT_EQ(r.units.size(), 3U);
  EXPECT_EQ(r.units[1].busiest, "tile0.adc");
  EXPECT_EQ(r.units[1].busy.count, 128);
  EXPECT_EQ(r.path_operations[0].what, "forward_mvm L1");
  EXPECT_EQ(r.path_kinds[0].what, "waiting");
}

TEST(timing_analysis, shares_a_wait_out_among_all_that_held_the_unit) {
  auto step = example_step();
  // On the bus: operation 1 asks at 0 and waits for 0 (until 10) and for 2 (from 12 to 20; the gap is too short).
  step.operations = {{{0}, {0}, {10}, 0}, {{0}, {20}, {30}, 1}, {{12}, {12}, {20}, 2}};
  step.bookings = {{0, 2, {0}, {0}, {10}, {10}}, {2, 2, {12}, {12}, {8}, {8}}, {1, 2, {4}, {20}, {10}, {10}}};
  timing_analysis analysis(example_resources());
  analysis.add(step);
  const auto r = analysis.results(1);
  ASSERT_EQ(r.stalls.size(), 2U);
  EXPECT_EQ(r.stalls[0].holder, "loss_gradient L0");
  EXPECT_EQ(r.stalls[0].time.count, 10);
  EXPECT_EQ(r.stalls[1].holder, "forward_mvm L0");
  EXPECT_EQ(r.stalls[1].time.count, 6);
}

TEST(timing_analysis, a_full_input_is_a_wait_without_a_holder) {
  auto step = example_step();
  step.operations = {{{0}, {0}, {10}, 0}, {{0}, {10}, {30}, 1}, {{30}, {30}, {83}, 2}};
  step.bookings = {{0, 2, {0}, {0}, {10}, {10}}, {1, no_resource, {2}, {9}, {}, {}}, {1, 2, {10}, {10}, {10}, {10}}};
  step_timing timing;
  timing.analyse(step, example_resources());
  EXPECT_EQ(timing.longest_path().count, 83);
  EXPECT_EQ(timing.cause_of_booking(2).booking, 1U);
  timing_analysis analysis(example_resources());
  analysis.add(step);
  const auto r = analysis.results(1);
  ASSERT_EQ(r.stalls.size(), 1U);
  EXPECT_EQ(r.stalls[0].holder, "");
  EXPECT_EQ(r.stalls[0].time.count, 7);
}

TEST(timing_analysis, goes_on_from_a_checkpoint) {
  timing_analysis first(example_resources());
  first.add(example_step());
  std::stringstream saved;
  first.save(saved);
  timing_analysis second(example_resources());
  second.restore(saved);
  first.add(example_step());
  second.add(example_step());
  const auto a = first.results(64);
  const auto b = second.results(64);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.time, b.time);
  ASSERT_EQ(a.stalls.size(), b.stalls.size());
  EXPECT_EQ(a.stalls[0].time, b.stalls[0].time);
  for (std::size_t k = 0; k < a.units.size(); ++k) {
    EXPECT_EQ(a.units[k].busy, b.units[k].busy);
    EXPECT_EQ(a.units[k].time_free, b.units[k].time_free);
  }
}

} // namespace
} // namespace tilework
