// SPDX-License-Identifier: Apache-2.0
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/time.h>
#include <tilework/tlm/timeline.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tilework::transaction {
namespace {

TEST(time, counts_the_same_unit_as_the_kernel) {
  use_femtosecond_resolution();
  use_femtosecond_resolution();
  EXPECT_EQ(to_sc_time({1'500'000}), sc_core::sc_time(1.5, sc_core::SC_NS));
  EXPECT_EQ(to_femtoseconds(sc_core::sc_time(3, sc_core::SC_US)).count, 3'000'000'000);
}

TEST(clock_domain, edges_at_n_minus_1_n_and_n_plus_1) {
  const clock_domain clock(3e8); // 3333333.33 fs
  const std::int64_t period = 3'333'333;
  EXPECT_EQ(clock.period().count, period);
  EXPECT_NEAR(clock.rounding_error(), -1e-7, 1e-9);
  EXPECT_EQ(clock.next_edge({0}).count, 0);
  EXPECT_EQ(clock.next_edge({1}).count, period);
  for (const std::int64_t n : {1, 2, 7, 1'000'000}) {
    EXPECT_EQ(clock.next_edge({n * period - 1}).count, n * period);
    EXPECT_EQ(clock.next_edge({n * period}).count, n * period);
    EXPECT_EQ(clock.next_edge({n * period + 1}).count, (n + 1) * period);
    EXPECT_EQ(clock.cycles_to_cover({n * period - 1}), n);
    EXPECT_EQ(clock.cycles_to_cover({n * period}), n);
    EXPECT_EQ(clock.cycles_to_cover({n * period + 1}), n + 1);
    EXPECT_EQ(clock.cycles(n).count, n * period);
  }
}

TEST(clock_domain, edges_are_exact_at_all_times) {
  std::mt19937_64 random(1);
  for (const double frequency_Hz : {1e15, 1e9, 7e8, 333e6, 1e6, 1.0}) {
    const clock_domain clock(frequency_Hz);
    const auto period = clock.period().count;
    for (int i = 0; i < 20'000; ++i) {
      const auto any = static_cast<std::int64_t>(random() >> (2 + random() % 62)); // of any magnitude
      const auto edge = any / period * period;
      for (const auto t : {any, edge, edge + 1, std::max<std::int64_t>(edge - 1, 0)})
        ASSERT_EQ(clock.cycles_to_cover({t}), t / period + (t % period > 0 ? 1 : 0)) << t << " of " << period;
    }
  }
}

TEST(clock_domain, rejects_frequencies_out_of_range) {
  EXPECT_EQ(clock_domain(1e15).period().count, 1);
  EXPECT_EQ(clock_domain(1.0).period().count, 1'000'000'000'000'000);
  for (const double bad : {0.0, -1e9, 0.99, 1.1e15, std::nan(""), HUGE_VAL})
    EXPECT_THROW(clock_domain{bad}, input_error);
}

TEST(timeline, restarts_at_every_drain) {
  timeline line;
  int first = 0;
  int second = 0;
  line.on_drain([&] { first = second + 1; });
  line.on_drain([&] { second = first + 1; });
  EXPECT_EQ(line.now({250}).count, 250);
  line.drain({100});
  EXPECT_EQ(line.origin().count, 100);
  EXPECT_EQ(line.now({250}).count, 150);
  EXPECT_EQ(line.now({100}).count, 0);
  EXPECT_EQ(line.delay_until({5}), to_sc_time({105}));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  sc_core::sc_start(to_sc_time({400}));
  EXPECT_EQ(line.now().count, 300);
  EXPECT_EQ(line.delay_until({299}), sc_core::SC_ZERO_TIME);
  EXPECT_EQ(line.delay_until({301}), to_sc_time({1}));
}

} // namespace
} // namespace tilework::transaction
