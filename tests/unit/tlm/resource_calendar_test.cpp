// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/tlm/resource_calendar.h>

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tilework::transaction {
namespace {

/// The same unit, one slot of time after the other.
class slot_by_slot {
public:
  std::int64_t reserve(std::int64_t earliest, std::int64_t length) {
    for (std::int64_t start = earliest;; ++start) {
      if (!free(start, length))
        continue;
      for (std::int64_t slot = start; slot < start + length; ++slot)
        taken_[slot] = true;
      return start;
    }
  }
  /// Separate booked intervals.
  [[nodiscard]] std::size_t intervals() const {
    std::size_t n = 0;
    for (const auto& [slot, taken] : taken_)
      n += taken && !taken_.contains(slot - 1) ? 1U : 0U;
    return n;
  }

private:
  [[nodiscard]] bool free(std::int64_t start, std::int64_t length) const {
    const auto next = taken_.lower_bound(start);
    return next == taken_.end() || next->first >= start + length;
  }
  std::map<std::int64_t, bool> taken_;
};

TEST(resource_calendar, books_one_after_the_other) {
  resource_calendar unit;
  EXPECT_EQ(unit.reserve({0}, {10}).count, 0);
  EXPECT_EQ(unit.reserve({0}, {10}).count, 10);
  EXPECT_EQ(unit.reserve({19}, {1}).count, 20);
  EXPECT_EQ(unit.reserve({21}, {1}).count, 21);
  EXPECT_EQ(unit.reserve({22}, {1}).count, 22);
  EXPECT_EQ(unit.intervals(), 1U);
  EXPECT_EQ(unit.end().count, 23);
  EXPECT_EQ(unit.statistics().requests, 5U);
  EXPECT_EQ(unit.statistics().delayed, 2U);
  EXPECT_EQ(unit.statistics().busy.count, 23);
}

TEST(resource_calendar, tells_a_log_what_is_booked_and_for_whom) {
  resource_calendar unit;
  booking_log log;
  unit.reserve({0}, {10}); // nobody listens
  unit.observe(&log, 3);
  log.begin_step(100);
  log.set_operation(102);
  EXPECT_EQ(unit.reserve({4}, {5}).count, 10);
  unit.reserve({7}, {0}); // books nothing
  log.set_operation(101);
  unit.reserve_at({1}, {20}, {2});
  unit.observe(nullptr, 3);
  unit.reserve({50}, {1});
  ASSERT_EQ(log.bookings().size(), 2U);
  const auto& first = log.bookings()[0];
  EXPECT_EQ(first.operation, 2U);
  EXPECT_EQ(first.resource, 3U);
  EXPECT_EQ(first.requested.count, 4);
  EXPECT_EQ(first.start.count, 10);
  EXPECT_EQ(first.length.count, 5);
  const auto& second = log.bookings()[1];
  EXPECT_EQ(second.operation, 1U);
  EXPECT_EQ(second.requested.count, 1);
  EXPECT_EQ(second.start.count, 20);
  EXPECT_EQ(unit.statistics().requests, 5U);
}

TEST(booking_log, notes_only_real_waits_at_inputs) {
  booking_log log;
  log.begin_step(0);
  log.set_operation(1);
  log.add_wait({5}, {5});
  log.add_wait({5}, {8});
  ASSERT_EQ(log.bookings().size(), 1U);
  EXPECT_EQ(log.bookings()[0].resource, no_resource);
  EXPECT_EQ(log.bookings()[0].length.count, 0);
  log.begin_step(2);
  EXPECT_TRUE(log.bookings().empty());
}

TEST(resource_calendar, a_late_call_fills_an_earlier_gap_that_fits_exactly) {
  resource_calendar unit;
  unit.reserve({0}, {10});
  unit.reserve({20}, {10});
  unit.reserve({35}, {5});
  EXPECT_EQ(unit.intervals(), 3U);
  EXPECT_EQ(unit.first_fit({0}, {11}).count, 40); // one longer than the widest gap
  EXPECT_EQ(unit.reserve({0}, {10}).count, 10);   // exactly the first gap: merges both neighbours
  EXPECT_EQ(unit.intervals(), 2U);
  EXPECT_EQ(unit.reserve({32}, {2}).count, 32); // in the middle of the second gap
  EXPECT_EQ(unit.intervals(), 3U);
  EXPECT_EQ(unit.reserve({0}, {2}).count, 30); // touches the previous booking and the next one
  EXPECT_EQ(unit.reserve({0}, {1}).count, 34);
  EXPECT_EQ(unit.intervals(), 1U);
  EXPECT_EQ(unit.statistics().busy.count, unit.end().count);
}

TEST(resource_calendar, zero_length_books_nothing) {
  resource_calendar unit;
  unit.reserve({0}, {10});
  EXPECT_EQ(unit.reserve({5}, {0}).count, 5);
  EXPECT_EQ(unit.end().count, 10);
  EXPECT_EQ(unit.statistics().requests, 2U);
  EXPECT_EQ(unit.statistics().delayed, 0U);
}

TEST(resource_calendar, equals_brute_force_on_random_requests) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 200; ++run) {
    resource_calendar unit;
    slot_by_slot reference;
    const std::int64_t horizon = 1 + static_cast<std::int64_t>(random() % 400);
    std::int64_t busy = 0;
    for (int i = 0; i < 100; ++i) {
      const auto earliest = static_cast<std::int64_t>(random()) % horizon;
      const auto length = static_cast<std::int64_t>(random() % 12);
      const femtoseconds asked{earliest < 0 ? -earliest : earliest};
      if (length == 0)
        continue;
      busy += length;
      ASSERT_EQ(unit.reserve(asked, {length}).count, reference.reserve(asked.count, length));
      ASSERT_EQ(unit.intervals(), reference.intervals());
    }
    ASSERT_EQ(unit.statistics().busy.count, busy);
  }
}

TEST(resource_calendar, counts_out_of_order_requests_and_their_skew) {
  resource_calendar unit;
  unit.reserve({100}, {10});
  unit.reserve({100}, {10}); // same time: in order
  EXPECT_EQ(unit.statistics().out_of_order, 0U);
  unit.reserve({70}, {10});
  unit.reserve({40}, {10});
  unit.reserve({90}, {10}); // still before the latest request
  EXPECT_EQ(unit.statistics().out_of_order, 3U);
  EXPECT_EQ(unit.statistics().largest_skew.count, 60);
  unit.clear();
  unit.reserve({10}, {1}); // a new step: nothing to be out of order with
  EXPECT_EQ(unit.statistics().out_of_order, 3U);
}

TEST(resource_calendar, forgets_bookings_and_keeps_statistics_at_a_drain) {
  resource_calendar unit;
  unit.reserve({0}, {10});
  unit.reserve({0}, {10});
  const auto before = unit.statistics();
  unit.clear();
  EXPECT_EQ(unit.statistics(), before);
  EXPECT_EQ(unit.end().count, 0);
  EXPECT_EQ(unit.reserve({0}, {10}).count, 0);
}

TEST(multi_calendar, serves_k_at_a_time) {
  multi_calendar ports(2);
  EXPECT_EQ(ports.reserve({0}, {10}).count, 0);
  EXPECT_EQ(ports.reserve({0}, {4}).count, 0);
  EXPECT_EQ(ports.reserve({0}, {10}).count, 4); // the second one is free first
  EXPECT_EQ(ports.reserve({0}, {10}).count, 10);
  EXPECT_EQ(ports.reserve({0}, {1}).count, 14);
  EXPECT_EQ(ports.statistics().requests, 5U);
  EXPECT_EQ(ports.statistics().delayed, 3U);
  EXPECT_EQ(ports.statistics().busy.count, 35);
  ports.clear();
  EXPECT_EQ(ports.reserve({0}, {1}).count, 0);
  EXPECT_THROW(multi_calendar(0), input_error);
}

TEST(multi_calendar, with_one_server_equals_a_calendar) {
  std::mt19937_64 random(2);
  multi_calendar one(1);
  resource_calendar unit;
  for (int i = 0; i < 1000; ++i) {
    const femtoseconds earliest{static_cast<std::int64_t>(random() % 3000)};
    const femtoseconds length{static_cast<std::int64_t>(random() % 5)};
    ASSERT_EQ(one.reserve(earliest, length), unit.reserve(earliest, length));
  }
  EXPECT_EQ(one.statistics(), unit.statistics());
}

} // namespace
} // namespace tilework::transaction
