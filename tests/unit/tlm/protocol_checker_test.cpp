// SPDX-License-Identifier: Apache-2.0
#include "probes.h"
#include "support/systemc_fixture.h"

#include <tilework/tlm/protocol_checker.h>

#include <gtest/gtest.h>

namespace tilework::transaction {
namespace {

using ::tlm::BEGIN_REQ;
using ::tlm::BEGIN_RESP;
using ::tlm::END_REQ;
using ::tlm::END_RESP;

/// Calls come from the test itself; every rule is broken by exactly one call.
class protocol_checker_rules : public testing::Test {
protected:
  protocol_checker_rules()
      : initiator("initiator", [this](auto& p, auto& s, auto& d) { return on_backward(p, s, d); }),
        checker("checker"),
        target("target", [this](auto& p, auto& s, auto& d) { return on_forward(p, s, d); }) {
    initiator.socket.bind(checker.target_socket);
    checker.initiator_socket.bind(target.socket);
    target.on_blocking = [](auto& payload, auto&) { payload.set_response_status(::tlm::TLM_OK_RESPONSE); };
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  /// The report that `action` provokes must be that of the rule.
  template <typename Action>
  void expect_violation(const std::string& rule, Action action) {
    const auto id = "/tilework/protocol/" + rule;
    EXPECT_EQ(test::thrown_report(id, action), id);
  }
  void down(const transaction& t, ::tlm::tlm_phase stage, std::int64_t delay = 0) {
    initiator.call(t.payload(), stage, delay);
  }
  void up(const transaction& t, ::tlm::tlm_phase stage, std::int64_t delay = 0) {
    target.call(t.payload(), stage, delay);
  }
  void blocking(::tlm::tlm_generic_payload& payload, std::int64_t delay_fs = 0) {
    auto delay = to_sc_time({delay_fs});
    initiator.socket->b_transport(payload, delay);
  }
  static void set_ok(const transaction& t) { t.payload().set_response_status(::tlm::TLM_OK_RESPONSE); }

  test::answer on_backward = test::accept;
  test::answer on_forward = test::accept;
  payload_pool pool;
  transaction a = pool.acquire();
  transaction b = pool.acquire();
  test::stub_initiator initiator;
  protocol_checker checker;
  test::stub_target target;
};

TEST_F(protocol_checker_rules, accept_four_phases_with_launch) {
  down(a, launch);
  down(a, BEGIN_REQ, 5);
  up(a, END_REQ, 6);
  down(b, BEGIN_REQ, 7);
  set_ok(a);
  up(a, BEGIN_RESP, 8);
  up(b, END_REQ, 8);
  down(a, END_RESP, 9);
  set_ok(b);
  up(b, BEGIN_RESP, 9);
  down(b, END_RESP, 9);
  EXPECT_EQ(checker.in_flight(), 0U);
  EXPECT_EQ(target.log.size(), 5U);
  EXPECT_EQ(initiator.log.size(), 4U);
}

TEST_F(protocol_checker_rules, accept_launch_then_blocking_transport) {
  down(a, launch);
  down(b, launch);
  blocking(a.payload(), 3);
  blocking(b.payload(), 3);
  EXPECT_EQ(checker.in_flight(), 0U);
}

TEST_F(protocol_checker_rules, accept_unknown_extended_phases) {
  ::tlm::tlm_phase own(77U);
  down(a, BEGIN_REQ);
  down(a, own);
  up(a, own);
  EXPECT_EQ(checker.in_flight(), 1U);
}

TEST_F(protocol_checker_rules, pass_debug_transport_through) {
  EXPECT_EQ(initiator.socket->transport_dbg(a.payload()), 0U);
  EXPECT_EQ(checker.in_flight(), 0U);
}

TEST_F(protocol_checker_rules, extension) {
  ::tlm::tlm_generic_payload bare;
  expect_violation("extension", [&] { blocking(bare); });
}

TEST_F(protocol_checker_rules, memory_manager) {
  ::tlm::tlm_generic_payload unmanaged;
  tile_request request;
  unmanaged.set_extension(&request);
  blocking(unmanaged); // fine
  expect_violation("memory_manager", [&] { initiator.call(unmanaged, BEGIN_REQ); });
  unmanaged.clear_extension(&request);
}

TEST_F(protocol_checker_rules, generation_of_a_payload_that_was_given_back) {
  auto& payload = a.payload();
  a = transaction{};
  expect_violation("generation", [&] { initiator.call(payload, BEGIN_REQ); });
}

TEST_F(protocol_checker_rules, generation_that_changes_in_flight) {
  down(a, BEGIN_REQ);
  auto& payload = a.payload();
  a = transaction{};
  a = pool.acquire();
  ASSERT_EQ(&a.payload(), &payload);
  expect_violation("generation", [&] { up(a, END_REQ); });
}

TEST_F(protocol_checker_rules, launch_after_begin_req) {
  down(a, BEGIN_REQ);
  expect_violation("launch", [&] { down(a, launch); });
}

TEST_F(protocol_checker_rules, launch_twice) {
  down(a, launch);
  expect_violation("launch", [&] { down(a, launch); });
}

TEST_F(protocol_checker_rules, launch_with_delay) {
  expect_violation("launch", [&] { down(a, launch, 1); });
}

TEST_F(protocol_checker_rules, launch_not_answered_accepted) {
  on_forward = [](auto&, auto&, auto&) { return ::tlm::TLM_COMPLETED; };
  expect_violation("launch", [&] { down(a, launch); });
}

TEST_F(protocol_checker_rules, phase_order_of_responses_without_request) {
  expect_violation("phase_order", [&] { up(a, END_REQ); });
  set_ok(a);
  expect_violation("phase_order", [&] { up(a, BEGIN_RESP); });
  expect_violation("phase_order", [&] { down(a, END_RESP); });
}

TEST_F(protocol_checker_rules, phase_order_of_a_second_begin_req) {
  down(a, BEGIN_REQ);
  up(a, END_REQ);
  expect_violation("phase_order", [&] { down(a, BEGIN_REQ); });
}

TEST_F(protocol_checker_rules, phase_order_of_a_second_end_req) {
  down(a, BEGIN_REQ);
  up(a, END_REQ);
  expect_violation("phase_order", [&] { up(a, END_REQ); });
}

TEST_F(protocol_checker_rules, phase_order_of_end_resp_before_begin_resp) {
  down(a, BEGIN_REQ);
  up(a, END_REQ);
  expect_violation("phase_order", [&] { down(a, END_RESP); });
}

TEST_F(protocol_checker_rules, phase_order_of_a_response_that_was_only_launched) {
  down(a, launch);
  set_ok(a);
  expect_violation("phase_order", [&] { up(a, BEGIN_RESP); });
}

TEST_F(protocol_checker_rules, phase_order_of_the_wrong_side) {
  down(a, BEGIN_REQ);
  expect_violation("phase_order", [&] { down(a, END_REQ); });
  expect_violation("phase_order", [&] { down(a, BEGIN_RESP); });
  expect_violation("phase_order", [&] { up(a, BEGIN_REQ); });
  expect_violation("phase_order", [&] { up(a, END_RESP); });
  expect_violation("phase_order", [&] { up(a, launch); });
}

TEST_F(protocol_checker_rules, phase_order_of_an_impossible_answer) {
  on_forward = [](auto&, auto& stage, auto&) {
    stage = END_RESP;
    return ::tlm::TLM_UPDATED;
  };
  expect_violation("phase_order", [&] { down(a, BEGIN_REQ); });
}

TEST_F(protocol_checker_rules, phase_order_of_an_impossible_answer_to_the_response) {
  down(a, BEGIN_REQ);
  set_ok(a);
  on_backward = [](auto&, auto& stage, auto&) {
    stage = END_REQ;
    return ::tlm::TLM_UPDATED;
  };
  expect_violation("phase_order", [&] { up(a, BEGIN_RESP); });
}

TEST_F(protocol_checker_rules, phase_order_of_blocking_transport_in_flight) {
  down(a, BEGIN_REQ);
  expect_violation("phase_order", [&] { blocking(a.payload()); });
}

TEST_F(protocol_checker_rules, request_exclusion) {
  down(a, BEGIN_REQ);
  expect_violation("request_exclusion", [&] { down(b, BEGIN_REQ); });
}

TEST_F(protocol_checker_rules, request_exclusion_until_the_annotated_time) {
  on_forward = [](auto&, auto& stage, auto& delay) {
    stage = END_REQ;
    delay += to_sc_time({10});
    return ::tlm::TLM_UPDATED;
  };
  down(a, BEGIN_REQ);
  expect_violation("request_exclusion", [&] { down(b, BEGIN_REQ, 9); });
}

TEST_F(protocol_checker_rules, response_exclusion) {
  for (const auto* t : {&a, &b}) {
    down(*t, BEGIN_REQ);
    up(*t, END_REQ);
    set_ok(*t);
  }
  up(a, BEGIN_RESP);
  expect_violation("response_exclusion", [&] { up(b, BEGIN_RESP); });
}

TEST_F(protocol_checker_rules, response_exclusion_until_the_annotated_time) {
  on_backward = [](auto&, auto& stage, auto& delay) {
    if (stage != BEGIN_RESP)
      return ::tlm::TLM_ACCEPTED;
    delay += to_sc_time({10});
    return ::tlm::TLM_COMPLETED;
  };
  for (const auto* t : {&a, &b}) {
    down(*t, BEGIN_REQ);
    up(*t, END_REQ);
    set_ok(*t);
  }
  up(a, BEGIN_RESP);
  expect_violation("response_exclusion", [&] { up(b, BEGIN_RESP, 9); });
}

TEST_F(protocol_checker_rules, attributes_of_the_payload) {
  down(a, launch);
  a.payload().set_address(1);
  expect_violation("attributes", [&] { down(a, BEGIN_REQ); });
  a.payload().set_address(0);
  down(b, BEGIN_REQ);
  b.payload().set_write();
  expect_violation("attributes", [&] { up(b, END_REQ); });
}

TEST_F(protocol_checker_rules, attributes_of_the_request) {
  down(a, BEGIN_REQ);
  a.request().destination = 9;
  expect_violation("attributes", [&] { up(a, END_REQ); });
}

TEST_F(protocol_checker_rules, attributes_in_blocking_transport) {
  target.on_blocking = [](auto& payload, auto&) {
    payload.set_response_status(::tlm::TLM_OK_RESPONSE);
    payload.set_address(payload.get_address() + 4);
  };
  expect_violation("attributes", [&] { blocking(a.payload()); });
}

TEST_F(protocol_checker_rules, delay_shortened_by_blocking_transport) {
  target.on_blocking = [](auto& payload, auto& delay) {
    payload.set_response_status(::tlm::TLM_OK_RESPONSE);
    delay = to_sc_time({4});
  };
  blocking(a.payload(), 4);
  expect_violation("delay", [&] { blocking(b.payload(), 5); });
}

TEST_F(protocol_checker_rules, delay_of_a_phase_that_goes_back_in_time) {
  down(a, BEGIN_REQ, 5);
  expect_violation("delay", [&] { up(a, END_REQ, 4); });
}

TEST_F(protocol_checker_rules, response_status_not_set_by_the_target) {
  down(a, BEGIN_REQ);
  expect_violation("response_status", [&] { up(a, BEGIN_RESP); });
}

TEST_F(protocol_checker_rules, response_status_not_set_by_blocking_transport) {
  target.on_blocking = nullptr;
  expect_violation("response_status", [&] { blocking(a.payload()); });
}

TEST_F(protocol_checker_rules, response_status_not_set_at_early_completion) {
  on_forward = [](auto&, auto&, auto&) { return ::tlm::TLM_COMPLETED; };
  expect_violation("response_status", [&] { down(a, BEGIN_REQ); });
}

TEST_F(protocol_checker_rules, response_status_set_before_the_request) {
  set_ok(a);
  expect_violation("response_status", [&] { down(a, BEGIN_REQ); });
  expect_violation("response_status", [&] { blocking(a.payload()); });
}

} // namespace
} // namespace tilework::transaction
