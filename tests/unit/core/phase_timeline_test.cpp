// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/phase_timeline.h>

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tilework {
namespace {

TEST(phase_timeline, gives_each_piece_to_the_operation_that_completes_it) {
  phase_timeline timeline;
  timeline.add(phase::update, {10}, {40});
  timeline.add(phase::forward, {0}, {20});
  timeline.add(phase::backward, {15}, {30});
  EXPECT_EQ(timeline.end_step(), femtoseconds{40});
  EXPECT_EQ(timeline.exposed(phase::forward), femtoseconds{20});
  EXPECT_EQ(timeline.exposed(phase::backward), femtoseconds{10});
  EXPECT_EQ(timeline.exposed(phase::update), femtoseconds{10});
  EXPECT_EQ(timeline.busy(phase::backward), femtoseconds{15});
  EXPECT_EQ(timeline.busy(phase::update), femtoseconds{30});
}

TEST(phase_timeline, busy_is_the_union_and_exposed_sums_to_the_total) {
  std::mt19937 random(3);
  std::uniform_int_distribution<int> start(0, 200);
  std::uniform_int_distribution<int> length(0, 60);
  std::uniform_int_distribution<std::size_t> any_phase(0, phase_count - 1);
  phase_timeline timeline;
  std::array<std::int64_t, phase_count> busy{};
  femtoseconds total;
  for (int step = 0; step < 50; ++step) {
    std::vector<std::vector<bool>> covered(phase_count, std::vector<bool>(300, false));
    for (int i = 0; i < 20; ++i) {
      const auto p = any_phase(random);
      const int from = start(random);
      const int to = from + length(random);
      timeline.add(static_cast<phase>(p), {from}, {to});
      for (int t = from; t < to; ++t)
        covered[p][static_cast<std::size_t>(t)] = true;
    }
    total += timeline.end_step();
    for (std::size_t p = 0; p < phase_count; ++p)
      for (bool c : covered[p])
        busy[p] += c ? 1 : 0;
  }
  femtoseconds exposed;
  for (std::size_t p = 0; p < phase_count; ++p) {
    EXPECT_EQ(timeline.busy(static_cast<phase>(p)).count, busy[p]);
    exposed += timeline.exposed(static_cast<phase>(p));
  }
  EXPECT_EQ(exposed, total);
}

TEST(phase_timeline, continues_from_saved_totals) {
  phase_timeline first;
  first.add(phase::forward, {0}, {7});
  first.end_step();
  phase_timeline resumed;
  resumed.set_totals(first.totals());
  resumed.add(phase::forward, {0}, {5});
  resumed.end_step();
  EXPECT_EQ(resumed.exposed(phase::forward), femtoseconds{12});
}

} // namespace
} // namespace tilework
