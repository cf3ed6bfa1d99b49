// SPDX-License-Identifier: Apache-2.0
#include "requests.h"
#include "support/systemc_fixture.h"

#include <tilework/modules/digital/vector_unit.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/protocol_checker.h>

#include <gtest/gtest.h>

#include <map>

namespace tilework::hardware {
namespace {

using numerics::number_format;
using test::kernel_now;
using test::ns;
using test::operand;

operation op_of(vector_function function, std::uint32_t vectors, activation f = activation::identity) {
  return {.kind = operation_kind::vector_op,
          .phase = phase::forward,
          .function = function,
          .activation_function = f,
          .vectors = vectors};
}

struct bench {
  explicit bench(const vector_unit_configuration& configuration = {})
      : initiator("initiator", [this](auto& p) { done[transaction::tile_request::of(p).operation_id] = kernel_now(); }),
        checker("checker"),
        unit("unit", configuration, time, account) {
    initiator.socket.bind(checker.target_socket);
    checker.initiator_socket.bind(unit.socket());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  femtoseconds transport(const transaction::transaction& t, femtoseconds at = {}) {
    initiator.transport(t.payload(), at);
    return at;
  }
  transaction::timeline time;
  ledger books;
  component_account& account = books.open("unit", component_kind::vector_unit, 1);
  test::request_maker requests;
  std::map<std::uint64_t, femtoseconds> done;
  transaction::four_phase_initiator initiator;
  transaction::protocol_checker checker;
  vector_unit unit;
};

/// add, multiply, compare, divide, special
using tally = std::array<std::uint64_t, 5>;
tally tally_of(const operation& op) {
  const auto o = alu_operations_of(op);
  return {o.add, o.multiply, o.compare, o.divide, o.special};
}

TEST(vector_unit_costs, are_those_of_the_formulas) {
  constexpr std::uint32_t n = 3;
  const auto cost = [](vector_function function, std::uint32_t in0, std::uint32_t in1, std::uint32_t out,
                       activation f = activation::identity) {
    auto op = op_of(function, n, f);
    op.inputs[0].length = in0;
    op.inputs[1].length = in1;
    op.outputs[0].length = out;
    return tally_of(op);
  };
  using enum vector_function;
  EXPECT_EQ(cost(noise_management, 5, 0, 1), (tally{0, 15, 15, 3, 0}));
  EXPECT_EQ(cost(update_management, 5, 4, 1), (tally{0, 27, 27, 6, 0}));
  EXPECT_EQ(cost(accumulate_partial_sums, 8, 0, 4), (tally{12, 0, 0, 0, 0})); // two splits: one addition per output
  EXPECT_EQ(cost(accumulate_partial_sums, 12, 0, 4), (tally{24, 0, 0, 0, 0}));
  EXPECT_EQ(cost(add_bias, 4, 4, 4), (tally{12, 0, 0, 0, 0}));
  EXPECT_EQ(cost(bias_activation, 4, 4, 4, activation::sigmoid), (tally{12, 0, 0, 0, 12}));
  EXPECT_EQ(cost(bias_activation, 4, 4, 4, activation::tanh), (tally{12, 0, 0, 0, 12}));
  EXPECT_EQ(cost(bias_activation, 4, 4, 4, activation::relu), (tally{12, 0, 12, 0, 0}));
  EXPECT_EQ(cost(bias_activation, 4, 4, 4, activation::identity), (tally{12, 0, 0, 0, 0}));
  EXPECT_EQ(cost(activation_gradient, 4, 4, 4, activation::sigmoid), (tally{12, 24, 0, 0, 0}));
  EXPECT_EQ(cost(activation_gradient, 4, 4, 4, activation::relu), (tally{0, 0, 12, 0, 0}));
  EXPECT_EQ(cost(activation_gradient, 4, 4, 4, activation::identity), tally{});
  EXPECT_EQ(cost(loss_gradient, 4, 1, 4), (tally{36, 12, 12, 3, 15}));
  EXPECT_EQ(cost(bias_update, 4, 4, 4), (tally{12, 4, 0, 0, 0}));
  EXPECT_EQ(cost(input_range_estimate, 4, 8, 1), (tally{38, 14, 1, 4, 0}));
  EXPECT_EQ(cost(input_range_apply, 4, 1, 4), (tally{0, 12, 24, 1, 0}));
  EXPECT_EQ(cost(input_range_restore, 4, 1, 4), (tally{0, 12, 0, 0, 0}));
  EXPECT_EQ(cost(input_range_update, 4, 4, 1), (tally{26, 4, 38, 0, 0}));
  EXPECT_EQ(cost(accumulate_partial_sums, 12, 3, 4), (tally{24, 36, 0, 0, 0})); // weighted
  EXPECT_EQ(cost(operand_maxima, 5, 4, 2), (tally{0, 0, 27, 0, 0}));
  EXPECT_EQ(cost(output_scale_apply, 4, 1, 4), (tally{0, 12, 0, 0, 0}));
  EXPECT_EQ(cost(output_scale_gradient, 4, 1, 4), (tally{0, 12, 0, 0, 0}));
  EXPECT_EQ(cost(output_scale_update, 4, 4, 1), (tally{12, 13, 0, 0, 0}));
  EXPECT_EQ(cost(draw_normal, 0, 0, 4), (tally{0, 12, 0, 0, 12}));
  EXPECT_EQ(cost(difference, 4, 4, 4), (tally{12, 0, 0, 0, 0}));
  EXPECT_EQ(cost(moving_variance, 4, 1, 1), (tally{18, 18, 0, 0, 0}));
  EXPECT_EQ(cost(none, 4, 4, 4), tally{});
}

TEST(vector_unit, cycles_are_operations_over_lanes_and_rate_plus_latency) {
  bench b({.lanes = 8, .clock_Hz = 1e9, .ops_per_lane_cycle = 2, .latency_cycles = 4});
  for (std::uint32_t vectors : {1U, 2U, 3U, 16U, 100U}) {
    b.time.drain({});
    auto z = operand::random(vectors, 7, 1);
    operand bias(1, 7, 1);
    operand out(vectors, 7);
    const auto t = b.requests.make(op_of(vector_function::add_bias, vectors), {&z, &bias}, {&out});
    EXPECT_EQ(b.transport(t), ns((7 * vectors + 15) / 16 + 4)) << vectors;
  }
}

TEST(vector_unit, approximately_timed_operation_is_complete_exactly_at_its_closed_form) {
  bench b({.lanes = 4, .latency_cycles = 3});
  auto z = operand::random(2, 9, 1);
  operand bias(1, 9, 1);
  operand out(2, 9);
  const auto t = b.requests.make(op_of(vector_function::add_bias, 2), {&z, &bias}, {&out});
  const auto length = ns(5 + 3); // 18 additions on 4 lanes
  b.initiator.send(t.payload());
  sc_core::sc_start(transaction::to_sc_time(length)); // up to, not including, the end
  EXPECT_TRUE(b.done.empty());
  sc_core::sc_start(transaction::to_sc_time({1}));
  ASSERT_EQ(b.done.size(), 1U);
  EXPECT_EQ(b.done.begin()->second, length);
  EXPECT_EQ(b.account.busy[static_cast<std::size_t>(phase::forward)], ns(5));
}

TEST(vector_unit, requests_share_the_lanes_but_overlap_in_the_pipeline) {
  bench b({.lanes = 4, .latency_cycles = 3});
  auto z = operand::random(2, 8, 1);
  operand bias(1, 8, 1);
  operand out(2, 8);
  const auto first = b.requests.make(op_of(vector_function::add_bias, 2), {&z, &bias}, {&out});
  const auto second = b.requests.make(op_of(vector_function::add_bias, 2), {&z, &bias}, {&out});
  EXPECT_EQ(b.transport(first), ns(4 + 3));
  EXPECT_EQ(b.transport(second), ns(8 + 3));
  EXPECT_EQ(b.unit.delayed_requests(), 1U);
  b.time.drain({});
  EXPECT_EQ(
      b.transport(b.requests.make(op_of(vector_function::add_bias, 2), {&z, &bias}, {&out}), ns(2) - femtoseconds{1}),
      ns(2 + 4 + 3));
  EXPECT_EQ(b.unit.delayed_requests(), 1U) << "waiting for a clock edge is no contention";
}

TEST(vector_unit, counts_what_the_formula_takes) {
  bench b;
  auto z = operand::random(3, 4, 1);
  operand label(3, 1, 2);
  operand gradient(3, 4);
  operand loss(3, 1);
  operand prediction(3, 1);
  b.transport(b.requests.make(op_of(vector_function::loss_gradient, 3), {&z, &label}, {&gradient, &loss, &prediction}));
  EXPECT_EQ(b.account.counts.get(phase::forward, action::alu_add), 36U);
  EXPECT_EQ(b.account.counts.get(phase::forward, action::alu_multiply), 12U);
  EXPECT_EQ(b.account.counts.get(phase::forward, action::alu_compare), 12U);
  EXPECT_EQ(b.account.counts.get(phase::forward, action::alu_divide), 3U);
  EXPECT_EQ(b.account.counts.get(phase::forward, action::alu_special), 15U);
}

/// z + b for one element in a format.
float sum_in(number_format format, float z, float b) {
  bench unit({.format = format});
  operand in(1, 1, z);
  operand bias(1, 1, b);
  operand out(1, 1);
  unit.transport(unit.requests.make(op_of(vector_function::add_bias, 1), {&in, &bias}, {&out}));
  return out.values[0];
}

TEST(vector_unit, keeps_all_bits_in_fp32) {
  EXPECT_EQ(sum_in(number_format::fp32, 1.0F, 0x1p-20F), 1.0F + 0x1p-20F);
}
TEST(vector_unit, rounds_to_11_bits_in_fp16) {
  EXPECT_EQ(sum_in(number_format::fp16, 1.0F, 0x1p-10F + 0x1p-13F), 1.0F + 0x1p-10F);
}
TEST(vector_unit, rounds_to_8_bits_in_bf16) {
  EXPECT_EQ(sum_in(number_format::bf16, 1.0F, 0x1p-7F + 0x1p-10F), 1.0F + 0x1p-7F);
}

TEST(vector_unit, launched_values_are_computed_once) {
  bench b;
  operand z(1, 2, 1);
  operand bias(1, 2, 1);
  const auto t = b.requests.make(op_of(vector_function::add_bias, 1), {&z, &bias}, {&z}); // in place
  b.initiator.launch(t.payload());
  EXPECT_EQ(z.values, (std::vector<float>{2, 2}));
  b.transport(t);
  EXPECT_EQ(z.values, (std::vector<float>{2, 2}));
}

/// Values of large bursts are posted; the blocks give what one call gives, in any order.
void expect_posted_blocks_give_the_whole(const operation& op, std::initializer_list<operand*> in, operand& out) {
  bench b({.format = number_format::bf16});
  b.requests.context.learning_rate = 0.1F;
  const auto whole = b.requests.make(op, in, {&out});
  b.transport(whole); // never launched
  const auto expected = out.values;
  out.values.assign(out.values.size(), 0.0F);

  const auto t = b.requests.make(op, in, {&out});
  b.initiator.launch(t.payload());
  auto* posted = t.request().posted;
  ASSERT_NE(posted, nullptr);
  ASSERT_GT(posted->blocks(), 1U);
  for (std::uint32_t k = posted->blocks(); k-- > 0;)
    posted->run_block(k);
  EXPECT_EQ(out.values, expected);
  out.values.front() = -1;
  b.transport(t);
  EXPECT_EQ(out.values.front(), -1) << "computed again";
}

TEST(vector_unit, posts_large_bursts_cut_between_vectors) {
  auto z = operand::random(61, 300, 1);
  auto bias = operand::random(1, 300, 2);
  operand out(61, 300);
  expect_posted_blocks_give_the_whole(op_of(vector_function::bias_activation, 61, activation::sigmoid), {&z, &bias},
                                      out);
}

TEST(vector_unit, posts_large_bias_updates_cut_between_elements) {
  auto d = operand::random(101, 997, 1);
  auto bias = operand::random(1, 997, 2);
  operand out(1, 997);
  expect_posted_blocks_give_the_whole(op_of(vector_function::bias_update, 101), {&d, &bias}, out);
}

TEST(vector_unit, loss_gradient_is_that_of_the_mean_over_the_burst) {
  bench b;
  operand z(4, 2, 0);
  operand label(4, 1, 1);
  operand gradient(4, 2);
  operand loss(4, 1);
  operand prediction(4, 1);
  b.transport(b.requests.make(op_of(vector_function::loss_gradient, 4), {&z, &label}, {&gradient, &loss, &prediction}));
  EXPECT_FLOAT_EQ(gradient.values[0], 0.5F / 4);
  EXPECT_FLOAT_EQ(loss.values[0], 0.69314718F); // each sample's own
}

TEST(vector_unit, other_operations_answer_a_command_error) {
  bench b;
  operand x(1, 2);
  const auto t =
      b.requests.make({.kind = operation_kind::forward_mvm, .phase = phase::forward, .vectors = 1}, {&x}, {&x});
  b.initiator.launch(t.payload());
  EXPECT_EQ(b.transport(t), femtoseconds{});
  EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_COMMAND_ERROR_RESPONSE);
  EXPECT_EQ(b.account.counts, action_counts{});
}

} // namespace
} // namespace tilework::hardware
