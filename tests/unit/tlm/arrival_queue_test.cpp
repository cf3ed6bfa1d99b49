// SPDX-License-Identifier: Apache-2.0
#include "probes.h"
#include "support/systemc_fixture.h"

#include <tilework/tlm/arrival_queue.h>
#include <tilework/tlm/method_process.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>

namespace tilework::transaction {
namespace {

using test::now_fs;

/// A queue and a log of what it handed out.
struct consumer {
  consumer() : queue(sc_core::sc_gen_unique_name("arrivals")) {
    spawn_method(sc_core::sc_gen_unique_name("consume"),
                 [this] {
                   while (auto* payload = queue.take()) {
                     ids.push_back(tile_request::of(*payload).operation_id);
                     times.push_back(now_fs());
                   }
                 },
                 {&queue.event()});
  }
  arrival_queue queue;
  std::vector<std::uint64_t> ids;
  std::vector<std::int64_t> times;
};

/// A process that pushes one payload at a time of its own.
struct producer {
  producer(consumer& to, transaction t, std::int64_t at, std::int64_t delay)
      : held(std::move(t)), start(sc_core::sc_gen_unique_name("start")) {
    spawn_method(sc_core::sc_gen_unique_name("produce"),
                 [this, &to, delay] { to.queue.push(held.payload(), to_sc_time({delay})); }, {&start});
    start.notify(to_sc_time({at}));
  }
  transaction held;
  sc_core::sc_event start;
};

TEST(arrival_queue, orders_by_time) {
  payload_pool pool;
  consumer c;
  std::deque<transaction> held;
  for (const std::int64_t delay : {30, 10, 20, 0, 40, 10}) {
    held.push_back(test::make_request(pool, static_cast<std::uint64_t>(delay), 0, 0));
    c.queue.push(held.back().payload(), to_sc_time({delay}));
  }
  sc_core::sc_start();
  EXPECT_EQ(c.ids, (std::vector<std::uint64_t>{0, 10, 10, 20, 30, 40}));
  EXPECT_EQ(c.times, (std::vector<std::int64_t>{0, 10, 10, 20, 30, 40}));
  EXPECT_EQ(c.queue.size(), 0U);
}

TEST(arrival_queue, ties_do_not_depend_on_the_order_of_processes) {
  payload_pool pool;
  std::mt19937 random(1);
  std::deque<consumer> consumers;
  std::deque<producer> producers;
  // 12 requests arrive at 200 fs: with and without delay, three priorities, four sources.
  std::vector<unsigned> order(12);
  std::iota(order.begin(), order.end(), 0U);
  for (int permutation = 0; permutation < 30; ++permutation) {
    auto& c = consumers.emplace_back();
    std::ranges::shuffle(order, random);
    for (const unsigned i : order) {
      auto t = test::make_request(pool, i, 0, 0);
      t.request().priority = (i / 4 + 1) % 3;
      t.request().source = (i * 3) % 4;
      const std::int64_t delay = i % 2 == 0 ? 0 : 10 * i;
      producers.emplace_back(c, std::move(t), 200 - delay, delay);
    }
  }
  sc_core::sc_start();
  std::vector<std::uint64_t> sorted(12);
  std::iota(sorted.begin(), sorted.end(), 0U);
  std::ranges::sort(sorted, {}, [](std::uint64_t i) { return std::pair((i / 4 + 1) % 3, (i * 3) % 4); });
  for (const auto& c : consumers)
    EXPECT_EQ(c.ids, sorted);
}

TEST(arrival_queue, what_comes_one_delta_cycle_later_is_served_later_in_any_order_of_processes) {
  payload_pool pool;
  for (const bool consumer_first : {true, false}) {
    sc_core::sc_event first_cycle(sc_core::sc_gen_unique_name("first"));
    sc_core::sc_event second_cycle(sc_core::sc_gen_unique_name("second"));
    const auto early = test::make_request(pool, 1, 0, 0);
    const auto late = test::make_request(pool, 2, 0, 0);
    late.request().priority = 0;
    early.request().priority = 9; // the late one would win if they were compared
    std::deque<consumer> c;
    if (consumer_first)
      c.emplace_back();
    spawn_method(sc_core::sc_gen_unique_name("early"),
                 [&] {
                   c.front().queue.push(early.payload(), sc_core::SC_ZERO_TIME);
                   second_cycle.notify(sc_core::SC_ZERO_TIME);
                 },
                 {&first_cycle});
    spawn_method(sc_core::sc_gen_unique_name("late"),
                 [&] { c.front().queue.push(late.payload(), sc_core::SC_ZERO_TIME); }, {&second_cycle});
    if (!consumer_first)
      c.emplace_back();
    first_cycle.notify(to_sc_time({5}));
    sc_core::sc_start();
    EXPECT_EQ(c.front().ids, (std::vector<std::uint64_t>{1, 2}));
  }
}

TEST(arrival_queue, a_blocked_user_goes_on_after_retry) {
  payload_pool pool;
  const auto a = test::make_request(pool, 1, 0, 0);
  const auto b = test::make_request(pool, 2, 0, 0);
  arrival_queue queue("arrivals");
  bool blocked = true;
  std::vector<std::int64_t> times;
  spawn_method("consume",
               [&] {
                 if (blocked)
                   return;
                 while (queue.take() != nullptr)
                   times.push_back(now_fs());
               },
               {&queue.event()});
  sc_core::sc_event unblock("unblock");
  spawn_method("unblock_process",
               [&] {
                 blocked = false;
                 queue.retry();
               },
               {&unblock});
  queue.push(a.payload(), to_sc_time({10}));
  queue.push(b.payload(), to_sc_time({60}));
  unblock.notify(to_sc_time({50}));
  sc_core::sc_start();
  EXPECT_EQ(times, (std::vector<std::int64_t>{50, 60}));
}

} // namespace
} // namespace tilework::transaction
