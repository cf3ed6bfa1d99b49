// SPDX-License-Identifier: Apache-2.0
#include "probes.h"
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/method_process.h>
#include <tilework/tlm/protocol_checker.h>

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

namespace tilework::transaction {
namespace {

using test::make_request;
using test::now_fs;
using test::seen;
using ::tlm::BEGIN_REQ;
using ::tlm::BEGIN_RESP;
using ::tlm::END_REQ;
using ::tlm::END_RESP;

/// Time of completion by operation id.
using completions = std::map<std::uint64_t, std::int64_t>;

/// Initiator -> checker -> target.
struct bench {
  explicit bench(unsigned input_depth)
      : model(time),
        initiator("initiator",
                  [this](::tlm::tlm_generic_payload& p) {
                    done[tile_request::of(p).operation_id] = now_fs();
                    if (then)
                      then(p);
                  }),
        checker("checker"),
        target("target", time, model, input_depth) {
    initiator.socket.bind(checker.target_socket);
    checker.initiator_socket.bind(target.socket);
  }
  void send(std::uint64_t id, unsigned first, unsigned second, std::int64_t delay = 0) {
    initiator.send(make_request(pool, id, first, second).payload(), {delay});
  }

  timeline time;
  payload_pool pool;
  test::two_stage_unit model;
  completions done;
  std::function<void(::tlm::tlm_generic_payload&)> then;
  four_phase_initiator initiator;
  protocol_checker checker;
  four_phase_target target;
};

/// Stub initiator -> checker -> target.
struct target_bench {
  target_bench(unsigned input_depth, test::answer on_backward)
      : model(time),
        initiator("initiator", std::move(on_backward)),
        checker("checker"),
        target("target", time, model, input_depth) {
    initiator.socket.bind(checker.target_socket);
    checker.initiator_socket.bind(target.socket);
  }
  timeline time;
  payload_pool pool;
  test::two_stage_unit model;
  test::stub_initiator initiator;
  protocol_checker checker;
  four_phase_target target;
};

/// Initiator -> checker -> stub target.
struct initiator_bench {
  explicit initiator_bench(test::answer on_forward)
      : initiator("initiator",
                  [this](::tlm::tlm_generic_payload& p) { done[tile_request::of(p).operation_id] = now_fs(); }),
        checker("checker"),
        target("target", std::move(on_forward)) {
    initiator.socket.bind(checker.target_socket);
    checker.initiator_socket.bind(target.socket);
  }
  void send(std::uint64_t id, std::int64_t delay = 0) {
    initiator.send(make_request(pool, id, 0, 0).payload(), {delay});
  }

  payload_pool pool;
  completions done;
  four_phase_initiator initiator;
  protocol_checker checker;
  test::stub_target target;
};

TEST(four_phase, one_request_takes_its_schedule) {
  bench b(1);
  b.send(1, 10, 25, 7);
  sc_core::sc_start();
  EXPECT_EQ(b.done, (completions{{1, 42}}));
  EXPECT_EQ(b.initiator.outstanding(), 0U);
  EXPECT_EQ(b.target.in_flight(), 0U);
  EXPECT_EQ(b.checker.in_flight(), 0U);
  EXPECT_EQ(b.pool.outstanding(), 0U);
}

TEST(four_phase, loosely_and_approximately_timed_agree_without_contention) {
  bench b(2);
  const std::vector<std::pair<unsigned, unsigned>> work{{10, 20}, {1, 0}, {0, 5}, {0, 0}, {7, 7}, {100, 3}};
  // Loosely timed: a chain, each begins when the one before is done.
  completions loose;
  femtoseconds delay;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const auto t = make_request(b.pool, i, work[i].first, work[i].second);
    b.initiator.launch(t.payload());
    b.initiator.transport(t.payload(), delay);
    loose[i] = delay.count;
    EXPECT_EQ(t.request().done, delay);
    EXPECT_TRUE(t.payload().is_response_ok());
  }
  EXPECT_EQ(b.model.first.statistics().delayed + b.model.second.statistics().delayed, 0U);
  EXPECT_EQ(b.model.launches, 6);
  const auto arrivals = std::exchange(b.model.arrivals, {});
  b.time.drain({0});
  // Approximately timed: the same chain.
  b.then = [&](const ::tlm::tlm_generic_payload& p) {
    const auto next = p.get_extension<tile_request>()->operation_id + 1;
    if (next < work.size())
      b.send(next, work[next].first, work[next].second);
  };
  b.send(0, work[0].first, work[0].second);
  sc_core::sc_start();
  EXPECT_EQ(b.done, loose);
  EXPECT_EQ(b.model.arrivals, arrivals);
  EXPECT_EQ(loose.at(5), 153);
}

TEST(four_phase, depth_1_withholds_end_req_until_the_input_is_free) {
  target_bench b(1, test::accept);
  const auto a = make_request(b.pool, 1, 10, 30);
  b.initiator.call(a.payload(), BEGIN_REQ, 5);
  sc_core::sc_start();
  EXPECT_EQ(b.initiator.log, (std::vector<seen>{{1, END_REQ, 15}, {1, BEGIN_RESP, 45}}));
  b.initiator.call(a.payload(), END_RESP);
}

TEST(four_phase, back_pressure_spaces_requests_by_the_input_time) {
  bench b(1);
  for (std::uint64_t id = 1; id <= 4; ++id)
    b.send(id, 10, 3);
  sc_core::sc_start();
  EXPECT_EQ(b.model.arrivals, (std::vector<std::int64_t>{0, 10, 20, 30}));
  EXPECT_EQ(b.done, (completions{{1, 13}, {2, 23}, {3, 33}, {4, 43}}));
  EXPECT_EQ(b.model.first.statistics().delayed, 0U) << "the wait is before the socket, not in the calendar";
}

TEST(four_phase, depth_d_takes_d_requests_ahead) {
  bench b(3);
  for (std::uint64_t id = 1; id <= 5; ++id)
    b.send(id, 10, 3);
  sc_core::sc_start();
  // Three inputs held at 0; at 10 and 20 one is freed.
  EXPECT_EQ(b.model.arrivals, (std::vector<std::int64_t>{0, 0, 0, 10, 20}));
  EXPECT_EQ(b.done, (completions{{1, 13}, {2, 23}, {3, 33}, {4, 43}, {5, 53}}));
}

TEST(four_phase, a_slow_second_stage_delays_both_paths_alike) {
  bench b(8);
  femtoseconds loose[3];
  for (unsigned i = 0; i < 3; ++i) {
    const auto t = make_request(b.pool, i, 2, 10);
    b.initiator.transport(t.payload(), loose[i]);
  }
  b.time.drain({0});
  for (std::uint64_t id = 0; id < 3; ++id)
    b.send(id, 2, 10);
  sc_core::sc_start();
  EXPECT_EQ(b.done, (completions{{0, loose[0].count}, {1, loose[1].count}, {2, loose[2].count}}));
  EXPECT_EQ(loose[2].count, 32);
}

TEST(four_phase, responses_leave_in_order_of_completion_one_at_a_time) {
  target_bench b(3, test::accept); // END_RESP comes when the test says so
  const auto slow = make_request(b.pool, 1, 1, 50);
  const auto quick = make_request(b.pool, 2, 1, 0);
  sc_core::sc_event send_second("send_second");
  sc_core::sc_event end_first("end_first");
  spawn_method("second", [&] { b.initiator.call(quick.payload(), BEGIN_REQ); }, {&send_second});
  spawn_method("end", [&] { b.initiator.call(quick.payload(), END_RESP, 20); }, {&end_first});
  b.initiator.call(slow.payload(), BEGIN_REQ);
  send_second.notify(to_sc_time({1}));
  end_first.notify(to_sc_time({80}));
  sc_core::sc_start();
  // The second stage is busy until 51, so `quick` (length 0 there) is done at 2; `slow` waits for END_RESP at 80 + 20.
  EXPECT_EQ(b.initiator.log,
            (std::vector<seen>{{1, END_REQ, 0}, {2, END_REQ, 1}, {2, BEGIN_RESP, 2}, {1, BEGIN_RESP, 100}}));
  EXPECT_EQ(b.target.in_flight(), 1U);
  b.initiator.call(slow.payload(), END_RESP);
  EXPECT_EQ(b.target.in_flight(), 0U);
}

/// Runs two simultaneous requests against an initiator that ends the first response after 40 fs in the given way.
std::vector<seen> two_responses(const test::answer& on_backward) {
  target_bench b(3, on_backward);
  const auto first = make_request(b.pool, 1, 1, 1);
  const auto second = make_request(b.pool, 2, 1, 0); // done at the same time as the first
  sc_core::sc_event send_second("send_second");
  spawn_method("second", [&] { b.initiator.call(second.payload(), BEGIN_REQ); }, {&send_second});
  b.initiator.call(first.payload(), BEGIN_REQ);
  send_second.notify(to_sc_time({1}));
  sc_core::sc_start();
  EXPECT_EQ(b.target.in_flight(), 0U);
  EXPECT_EQ(b.checker.in_flight(), 0U);
  EXPECT_EQ(first.payload().get_ref_count(), 1);
  return b.initiator.log;
}
const std::vector<seen> response_40_later{{1, END_REQ, 0}, {2, END_REQ, 1}, {1, BEGIN_RESP, 2}, {2, BEGIN_RESP, 42}};

TEST(four_phase, early_completion_of_the_response_by_tlm_completed) {
  const auto log = two_responses([](auto&, auto& stage, auto& delay) {
    if (stage != BEGIN_RESP)
      return ::tlm::TLM_ACCEPTED;
    delay += to_sc_time({40});
    return ::tlm::TLM_COMPLETED;
  });
  EXPECT_EQ(log, response_40_later);
}

TEST(four_phase, early_completion_of_the_response_by_tlm_updated) {
  const auto log = two_responses([](auto&, auto& stage, auto& delay) {
    if (stage != BEGIN_RESP)
      return ::tlm::TLM_ACCEPTED;
    stage = END_RESP;
    delay += to_sc_time({40});
    return ::tlm::TLM_UPDATED;
  });
  EXPECT_EQ(log, response_40_later);
}

TEST(four_phase, early_completion_of_the_request_by_tlm_completed) {
  initiator_bench b([](auto& payload, auto&, auto& delay) {
    payload.set_response_status(::tlm::TLM_OK_RESPONSE);
    delay += to_sc_time({30});
    return ::tlm::TLM_COMPLETED;
  });
  b.send(1);
  b.send(2);
  sc_core::sc_start();
  EXPECT_EQ(b.target.log, (std::vector<seen>{{1, BEGIN_REQ, 0}, {2, BEGIN_REQ, 30}}));
  EXPECT_EQ(b.done, (completions{{1, 30}, {2, 60}}));
  EXPECT_EQ(b.pool.outstanding(), 0U);
}

TEST(four_phase, early_completion_of_the_request_by_tlm_updated_to_end_req) {
  std::deque<::tlm::tlm_generic_payload*> pending;
  initiator_bench b([&](auto& payload, auto& stage, auto& delay) {
    pending.push_back(&payload);
    stage = END_REQ;
    delay += to_sc_time({30});
    return ::tlm::TLM_UPDATED;
  });
  sc_core::sc_event respond("respond");
  spawn_method("respond_process",
               [&] {
                 pending.front()->set_response_status(::tlm::TLM_OK_RESPONSE);
                 EXPECT_EQ(b.target.call(*pending.front(), BEGIN_RESP, 5), ::tlm::TLM_COMPLETED);
                 pending.pop_front();
               },
               {&respond});
  b.send(1);
  b.send(2);
  respond.notify(to_sc_time({40}));
  sc_core::sc_start();
  EXPECT_EQ(b.target.log, (std::vector<seen>{{1, BEGIN_REQ, 0}, {2, BEGIN_REQ, 30}}));
  EXPECT_EQ(b.done, (completions{{1, 45}}));
  respond.notify(to_sc_time({20}));
  sc_core::sc_start();
  EXPECT_EQ(b.done, (completions{{1, 45}, {2, 70}}));
  EXPECT_EQ(b.pool.outstanding(), 0U);
}

TEST(four_phase, early_completion_of_the_request_by_tlm_updated_to_begin_resp) {
  initiator_bench b([](auto& payload, auto& stage, auto& delay) {
    if (stage == END_RESP)
      return ::tlm::TLM_COMPLETED;
    payload.set_response_status(::tlm::TLM_OK_RESPONSE);
    stage = BEGIN_RESP;
    delay += to_sc_time({30});
    return ::tlm::TLM_UPDATED;
  });
  b.send(1);
  sc_core::sc_start();
  EXPECT_EQ(b.target.log, (std::vector<seen>{{1, BEGIN_REQ, 0}, {1, END_RESP, 30}}));
  EXPECT_EQ(b.done, (completions{{1, 30}}));
  EXPECT_EQ(b.checker.in_flight(), 0U);
  EXPECT_EQ(b.pool.outstanding(), 0U);
}

TEST(four_phase, begin_resp_may_stand_for_end_req) {
  ::tlm::tlm_generic_payload* pending = nullptr;
  initiator_bench b([&](auto& payload, auto&, auto&) {
    pending = &payload;
    return ::tlm::TLM_ACCEPTED;
  });
  sc_core::sc_event respond("respond");
  spawn_method("respond_process",
               [&] {
                 pending->set_response_status(::tlm::TLM_OK_RESPONSE);
                 b.target.call(*pending, BEGIN_RESP);
               },
               {&respond});
  b.send(1);
  b.send(2);
  respond.notify(to_sc_time({20}));
  sc_core::sc_start();
  EXPECT_EQ(b.target.log, (std::vector<seen>{{1, BEGIN_REQ, 0}, {2, BEGIN_REQ, 20}}));
  EXPECT_EQ(b.done, (completions{{1, 20}}));
  pending->set_response_status(::tlm::TLM_OK_RESPONSE);
  b.target.call(*pending, BEGIN_RESP);
  sc_core::sc_start();
  EXPECT_EQ(b.pool.outstanding(), 0U);
}

TEST(four_phase, waiting_requests_go_by_priority_then_source) {
  bench b(1);
  std::deque<transaction> held;
  const auto send = [&](std::uint64_t id, std::uint32_t priority, std::uint32_t source) {
    held.push_back(make_request(b.pool, id, 10, 0));
    held.back().request().priority = priority;
    held.back().request().source = source;
    b.initiator.send(held.back().payload());
  };
  send(1, 1, 0);
  send(2, 0, 7);
  send(3, 0, 5);
  sc_core::sc_start();
  EXPECT_EQ(b.done, (completions{{3, 10}, {2, 20}, {1, 30}}));
}

TEST(four_phase, launch_reaches_the_model_and_takes_no_time) {
  bench b(1);
  const auto t = make_request(b.pool, 1, 10, 0);
  b.initiator.launch(t.payload());
  EXPECT_EQ(b.model.launches, 1);
  sc_core::sc_start();
  EXPECT_EQ(now_fs(), 0);
  EXPECT_TRUE(b.model.arrivals.empty());
  b.initiator.send(t.payload());
  sc_core::sc_start();
  EXPECT_EQ(b.done, (completions{{1, 10}}));
}

TEST(four_phase, debug_transport_costs_nothing) {
  bench b(1);
  const auto t = make_request(b.pool, 1, 64, 0);
  const auto before = b.model.first.statistics();
  EXPECT_EQ(b.initiator.socket->transport_dbg(t.payload()), 64U);
  EXPECT_FALSE(sc_core::sc_pending_activity_at_future_time());
  sc_core::sc_start();
  EXPECT_EQ(now_fs(), 0);
  EXPECT_EQ(b.model.first.statistics(), before);
  EXPECT_TRUE(b.model.arrivals.empty());
  EXPECT_EQ(b.target.in_flight(), 0U);
  EXPECT_EQ(t.payload().get_ref_count(), 1);
}

unsigned below(std::mt19937& random, unsigned limit) {
  return static_cast<unsigned>(random() % limit);
}

class four_phase_depth : public testing::TestWithParam<unsigned> {};

TEST_P(four_phase_depth, random_traffic_obeys_the_protocol_and_completes) {
  std::mt19937 random(GetParam());
  bench b(GetParam());
  constexpr std::uint64_t requests = 1000;
  for (std::uint64_t id = 0; id < requests; ++id)
    b.send(id, below(random, 10), below(random, 10), below(random, 8000));
  sc_core::sc_start();
  EXPECT_EQ(b.done.size(), requests);
  EXPECT_EQ(b.checker.in_flight(), 0U);
  EXPECT_EQ(b.target.in_flight(), 0U);
  EXPECT_EQ(b.pool.outstanding(), 0U);
  EXPECT_TRUE(std::ranges::is_sorted(b.model.arrivals));
  EXPECT_GT(b.model.second.statistics().delayed, 0U) << "the traffic must contend";
}
INSTANTIATE_TEST_SUITE_P(depths, four_phase_depth, testing::Values(1U, 2U, 3U, 8U));

TEST(four_phase, the_next_step_takes_the_same_time_as_the_first) {
  bench b(2);
  const auto step = [&] {
    b.done.clear();
    const auto begin = now_fs();
    for (std::uint64_t id = 0; id < 5; ++id)
      b.send(id, 10, 3);
    sc_core::sc_start();
    const auto length = now_fs() - begin;
    b.time.drain({length});
    EXPECT_EQ(b.time.now().count, 0);
    return length;
  };
  const auto first = step();
  EXPECT_EQ(step(), first);
  EXPECT_EQ(step(), first);
}

TEST(four_phase, an_error_status_of_the_model_survives) {
  struct refusing : schedulable {
    booking schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) override {
      payload.set_response_status(::tlm::TLM_COMMAND_ERROR_RESPONSE);
      return {arrival, arrival, arrival};
    }
  } model;
  timeline time;
  payload_pool pool;
  four_phase_initiator initiator("initiator", [](auto&) {});
  four_phase_target target("target", time, model, 1);
  initiator.socket.bind(target.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto t = make_request(pool, 1, 0, 0);
  femtoseconds delay;
  initiator.transport(t.payload(), delay);
  EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_COMMAND_ERROR_RESPONSE);
}

TEST(four_phase, moments_out_of_order_are_an_error) {
  struct confused : schedulable {
    booking schedule(::tlm::tlm_generic_payload&, femtoseconds arrival) override {
      return {arrival, arrival + femtoseconds{2}, arrival + femtoseconds{1}};
    }
  } model;
  timeline time;
  payload_pool pool;
  four_phase_initiator initiator("initiator", [](auto&) {});
  four_phase_target target("target", time, model, 1);
  initiator.socket.bind(target.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto t = make_request(pool, 1, 0, 0);
  femtoseconds delay;
  constexpr auto id = "/tilework/target/schedule";
  EXPECT_EQ(test::thrown_report(id, [&] { initiator.transport(t.payload(), delay); }), id);
}

TEST(four_phase, a_drain_with_a_request_in_flight_is_an_error) {
  target_bench b(1, test::accept);
  const auto t = make_request(b.pool, 1, 10, 10);
  b.initiator.call(t.payload(), BEGIN_REQ);
  constexpr auto id = "/tilework/timeline/drain";
  EXPECT_EQ(test::thrown_report(id, [&] { b.time.drain({100}); }), id);
  sc_core::sc_start();
  b.initiator.call(t.payload(), END_RESP);
}

TEST(four_phase, the_target_itself_rejects_a_second_request_before_end_req) {
  timeline time;
  payload_pool pool;
  test::two_stage_unit model(time);
  test::stub_initiator initiator("initiator");
  four_phase_target target("target", time, model, 1);
  initiator.socket.bind(target.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto a = make_request(pool, 1, 10, 0);
  const auto b = make_request(pool, 2, 10, 0);
  initiator.call(a.payload(), BEGIN_REQ);
  constexpr auto id = "/tilework/protocol/request_exclusion";
  EXPECT_EQ(test::thrown_report(id, [&] { initiator.call(b.payload(), BEGIN_REQ); }), id);
  constexpr auto order = "/tilework/protocol/phase_order";
  EXPECT_EQ(test::thrown_report(order, [&] { initiator.call(a.payload(), END_RESP); }), order);
  sc_core::sc_start();
  initiator.call(a.payload(), END_RESP);
}

TEST(four_phase, an_input_buffer_of_depth_0_is_rejected) {
  timeline time;
  test::two_stage_unit model(time);
  EXPECT_THROW(four_phase_target("target", time, model, 0), input_error);
}

} // namespace
} // namespace tilework::transaction
