// SPDX-License-Identifier: Apache-2.0
// What runs on an agenda runs as on the kernel.
#include "probes.h"
#include "support/systemc_fixture.h"

#include <tilework/tlm/agenda.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/four_phase_target.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tilework::transaction {
namespace {

/// Runs and their times.
struct sleeper {
  explicit sleeper(agenda& a) : ahead(a), first("first", &a), second("second", &a) {
    a.spawn([this] { runs.push_back(to_femtoseconds(ahead.present()).count); }, {&first, &second});
  }
  std::vector<std::int64_t> all_runs() {
    while (ahead.advance())
      ;
    return runs;
  }
  agenda& ahead;
  wakeup first;
  wakeup second;
  std::vector<std::int64_t> runs;
};

sc_core::sc_time fs(std::int64_t count) {
  return to_sc_time({count});
}

TEST(agenda, is_over_without_events) {
  agenda a;
  EXPECT_FALSE(a.advance());
  EXPECT_EQ(a.present(), sc_core::SC_ZERO_TIME);
}

TEST(agenda, an_event_has_one_notification_the_earliest) {
  agenda a;
  sleeper s(a);
  s.first.notify(fs(50));
  s.first.notify(fs(30));
  s.first.notify(fs(40));
  EXPECT_EQ(s.all_runs(), (std::vector<std::int64_t>{30}));
  s.first.notify(fs(10)); // from now on
  s.first.notify(fs(0));
  s.first.notify(fs(5));
  EXPECT_EQ(s.all_runs(), (std::vector<std::int64_t>{30, 30}));
}

TEST(agenda, a_process_runs_once_per_delta_cycle) {
  agenda a;
  sleeper s(a);
  s.first.notify(fs(20));
  s.second.notify(fs(20));
  EXPECT_EQ(s.all_runs(), (std::vector<std::int64_t>{20}));
  s.first.notify(fs(0));
  s.second.notify(fs(7));
  EXPECT_EQ(s.all_runs(), (std::vector<std::int64_t>{20, 20, 27}));
}

TEST(agenda, cancelled_events_wake_nobody) {
  agenda a;
  sleeper s(a);
  s.first.notify(fs(0));
  s.first.cancel();
  s.second.notify(fs(9));
  s.second.cancel();
  EXPECT_TRUE(s.all_runs().empty());
  s.second.notify(fs(4));
  s.second.cancel();
  s.second.notify(fs(6));
  EXPECT_EQ(s.all_runs(), (std::vector<std::int64_t>{6}));
}

/// Four initiators with targets of their own. Every answer sends requests to others, many at equal times, with and
/// without delay, more than the targets can take.
struct traffic {
  traffic(const std::string& name, agenda* ahead) : time(ahead) {
    for (unsigned i = 0; i < 4; ++i) {
      const auto suffix = name + std::to_string(i);
      models.emplace_back(time);
      initiators.emplace_back(("initiator" + suffix).c_str(), [this](auto& p) { answered(p); }, &time);
      targets.emplace_back(("target" + suffix).c_str(), time, models.back(), 1 + i % 2);
      initiators.back().socket.bind(targets.back().socket);
    }
  }
  void begin() {
    for (unsigned n = 0; n < 8; ++n)
      send();
  }
  void send() {
    if (next > 3000)
      return;
    std::mt19937 engine(next); // so that a request does not depend on the order of simultaneous answers
    const auto random = [&](unsigned below) { return static_cast<unsigned>(engine() % below); };
    const auto first = 5 * random(4);
    auto request = test::make_request(pool, next++, first, 5 * random(3));
    request.request().priority = random(3);
    request.request().source = random(3);
    auto& initiator = initiators[random(4)];
    initiator.send(request.payload(), {5 * std::int64_t{random(3)}});
  }
  void answered(::tlm::tlm_generic_payload& payload) {
    const auto id = tile_request::of(payload).operation_id;
    done.emplace_back(id, time.now().count);
    send();
    if (id % 7 == 0)
      send();
  }
  timeline time;
  payload_pool pool;
  std::deque<test::two_stage_unit> models;
  std::deque<four_phase_initiator> initiators;
  std::deque<four_phase_target> targets;
  std::vector<std::pair<std::uint64_t, std::int64_t>> done; ///< id, time
  unsigned next = 1;
};

TEST(agenda, requests_take_the_times_that_they_take_on_the_kernel) {
  agenda ahead;
  traffic on_kernel("_k", nullptr);
  traffic on_agenda("_a", &ahead);
  on_kernel.begin();
  on_agenda.begin();
  sc_core::sc_start();
  while (ahead.advance())
    ;
  for (auto* done : {&on_kernel.done, &on_agenda.done}) // simultaneous answers come in any order
    std::ranges::sort(*done);
  EXPECT_EQ(on_kernel.done.size(), 3000U);
  femtoseconds busy;
  for (const auto& model : on_kernel.models)
    busy += model.first.statistics().busy;
  EXPECT_GT(busy.count, 3 * on_kernel.done.back().second) << "of four units: else nobody waits, and order is no matter";
  EXPECT_EQ(on_agenda.done, on_kernel.done);
  EXPECT_EQ(on_agenda.pool.outstanding(), 0U);
}

} // namespace
} // namespace tilework::transaction
