// SPDX-License-Identifier: Apache-2.0
#include "requests.h"
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/modules/digital/transfer_controller.h>
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

constexpr std::uint32_t lines = 6;
constexpr std::uint32_t length = 10;

numerics::transfer_stage stage_of(numerics::transfer_rule rule) {
  return {.order = {.lines = lines}, .rule = rule};
}

enum stage_index : std::uint32_t { direct, buffered, rank_one };
std::vector<numerics::transfer_stage> all_stages() {
  return {stage_of(numerics::direct_rule{}),
          stage_of(numerics::buffered_rule{.threshold = 0.01F, .most_pulses = 1, .momentum = 0}),
          stage_of(numerics::rank_one_rule{.granularity = 0.25F})};
}

operation op_of(transfer_function function, std::uint32_t stage, std::uint32_t vectors = 1) {
  return {.kind = operation_kind::transfer,
          .phase = phase::transfer,
          .transfer = function,
          .vectors = vectors,
          .stage = stage,
          .rate = {.factor = 1, .absolute = true}};
}

struct bench {
  explicit bench(const transfer_controller_configuration& configuration = {},
                 number_format format = number_format::fp32)
      : initiator("initiator", [this](auto& p) { done[transaction::tile_request::of(p).operation_id] = kernel_now(); }),
        checker("checker"),
        unit("unit", configuration, format, all_stages(), time, {&account, &sram}) {
    initiator.socket.bind(checker.target_socket);
    checker.initiator_socket.bind(unit.socket());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  femtoseconds transport(const transaction::transaction& t, femtoseconds at = {}) {
    initiator.transport(t.payload(), at);
    return at;
  }
  /// A request with operands by position; null ones are missing.
  transaction::transaction make(const operation& op, const std::vector<operand*>& in,
                                const std::vector<operand*>& out) {
    auto t = requests.make(op, {}, {});
    for (std::size_t k = 0; k < in.size(); ++k)
      if (in[k] != nullptr)
        t.request().in[k] = in[k]->view();
    for (std::size_t k = 0; k < out.size(); ++k)
      if (out[k] != nullptr)
        t.request().out[k] = out[k]->view();
    return t;
  }
  transaction::transaction line(operand& reads, operand& counts, operand& hidden) {
    return make(op_of(transfer_function::accumulate_line, buffered), {&reads, nullptr, nullptr, nullptr, &hidden},
                {&counts, nullptr, nullptr, &hidden});
  }
  [[nodiscard]] std::uint64_t count(const component_account& of, action a) const {
    return of.counts.get(phase::transfer, a);
  }

  transaction::timeline time;
  ledger books;
  component_account& account = books.open("unit", component_kind::transfer_controller, 1);
  component_account& sram = books.open("buffer", component_kind::sram, 1);
  test::request_maker requests;
  std::map<std::uint64_t, femtoseconds> done;
  transaction::four_phase_initiator initiator;
  transaction::protocol_checker checker;
  transfer_controller unit;
};

/// add, multiply, compare, divide, words read, words written
using tally = std::array<std::uint64_t, 6>;
tally tally_of(transfer_function function, const numerics::transfer_rule& rule, const std::vector<const_burst>& in,
               const std::vector<mutable_burst>& out) {
  const auto c = transfer_cost_of(function, rule, in, out);
  return {c.alu.add, c.alu.multiply, c.alu.compare, c.alu.divide, c.words_read, c.words_written};
}

TEST(transfer_costs, of_a_line_are_those_of_the_rule) {
  const auto cost = [](const numerics::transfer_rule& rule, std::uint32_t copies) {
    return tally_of(transfer_function::accumulate_line, rule, {{nullptr, copies, 10, 10}}, {});
  };
  EXPECT_EQ(cost(numerics::direct_rule{}, 1), (tally{0, 10, 0, 0, 0, 0}));
  EXPECT_EQ(cost(numerics::direct_rule{}, 4), (tally{30, 10, 0, 0, 0, 0}));
  EXPECT_EQ(cost(numerics::buffered_rule{}, 1), (tally{20, 20, 10, 0, 10, 10}));
  EXPECT_EQ(cost(numerics::chopped_rule{}, 1), (tally{20, 20, 10, 0, 10, 10}));
  EXPECT_EQ(cost(numerics::chopped_rule{.input_choppers = numerics::chopper_schedule::regular}, 3),
            (tally{40, 30, 10, 0, 10, 10}));
  EXPECT_EQ(cost(numerics::chopped_rule{.no_buffer = true}, 1), (tally{20, 20, 10, 0, 0, 0}));
  // AGAD with 3 copies: 2 additions for the sum; per copy two of each kind, M and R read, M written.
  EXPECT_EQ(cost(numerics::chopped_rule{.input_choppers = numerics::chopper_schedule::regular, .dynamic = true}, 3),
            (tally{20 + 20 + 60, 30 + 60, 10, 0, 10 + 60, 10 + 30}));
}

TEST(transfer_costs, of_mixed_precision_grow_with_the_cells) {
  const std::vector<const_burst> in{{nullptr, 3, 5, 5}, {nullptr, 3, 4, 4}};
  EXPECT_EQ(tally_of(transfer_function::accumulate_product, numerics::rank_one_rule{}, in, {}),
            (tally{60, 60 + 12, 0, 0, 60, 60}));
  EXPECT_EQ(tally_of(transfer_function::accumulate_product, numerics::rank_one_rule{.x_bins = 8, .d_bins = 8}, in, {}),
            (tally{60 + 27, 60 + 12 + 54, 54, 6, 60, 60}));
  EXPECT_EQ(tally_of(transfer_function::take_lines, numerics::rank_one_rule{}, {}, {{nullptr, 2, 5, 5}}),
            (tally{10, 20, 10, 0, 10, 10}));
}

TEST(transfer_costs, of_rates_grow_with_the_vectors) {
  EXPECT_EQ(tally_of(transfer_function::fast_rate, numerics::direct_rule{}, {{nullptr, 7, 2, 2}}, {}),
            (tally{28, 21, 0, 7, 0, 0}));
}

TEST(transfer_controller, reads_state_computes_and_writes_state_in_series) {
  bench b({.lanes = 8, .latency_cycles = 4, .buffer_width_bytes = 16, .buffer_latency_cycles = 2});
  auto reads = operand::random(1, length, 1);
  operand counts(1, length);
  operand hidden(lines, length);
  const auto t = b.line(reads, counts, hidden);
  // 40 bytes through 16: 3 cycles; 50 operations on 8 lanes: 7 cycles
  EXPECT_EQ(b.transport(t), ns((3 + 2) + (7 + 4) + (3 + 2)));
  EXPECT_EQ(b.count(b.account, action::alu_add), 20U);
  EXPECT_EQ(b.count(b.account, action::alu_multiply), 20U);
  EXPECT_EQ(b.count(b.account, action::alu_compare), 10U);
  EXPECT_EQ(b.count(b.sram, action::sram_read_byte), 40U);
  EXPECT_EQ(b.count(b.sram, action::sram_write_byte), 40U);
  EXPECT_EQ(b.account.busy[static_cast<std::size_t>(phase::transfer)], ns(7));
  EXPECT_EQ(b.sram.busy[static_cast<std::size_t>(phase::transfer)], ns(6));
}

TEST(transfer_controller, word_width_decides_the_traffic) {
  bench b({.buffer_width_bytes = 1, .buffer_word_bits = 12});
  auto reads = operand::random(1, length, 1);
  operand counts(1, length);
  operand hidden(lines, length);
  b.transport(b.line(reads, counts, hidden));
  EXPECT_EQ(b.count(b.sram, action::sram_read_byte), 15U); // 10 words of 12 bits
}

TEST(transfer_controller, operations_without_state_do_not_wait_for_the_buffer) {
  bench b({.lanes = 4, .latency_cycles = 3});
  auto reads = operand::random(1, length, 1);
  operand counts(1, length);
  const auto t = b.make(op_of(transfer_function::accumulate_line, direct), {&reads}, {&counts});
  EXPECT_EQ(b.transport(t, ns(2) - femtoseconds{1}), ns(2 + 3 + 3));
  EXPECT_EQ(b.count(b.sram, action::sram_read_byte), 0U);
  EXPECT_EQ(counts.values.front(), -reads.values.front());
}

TEST(transfer_controller, approximately_timed_operation_is_complete_exactly_at_its_closed_form) {
  bench b({.lanes = 8, .latency_cycles = 4, .buffer_width_bytes = 16, .buffer_latency_cycles = 2});
  auto reads = operand::random(1, length, 1);
  operand counts(1, length);
  operand hidden(lines, length);
  const auto t = b.line(reads, counts, hidden);
  const auto end = ns(5 + 11 + 5);
  b.initiator.send(t.payload());
  sc_core::sc_start(transaction::to_sc_time(end)); // up to, not including, the end
  EXPECT_TRUE(b.done.empty());
  sc_core::sc_start(transaction::to_sc_time({1}));
  ASSERT_EQ(b.done.size(), 1U);
  EXPECT_EQ(b.done.begin()->second, end);
}

TEST(transfer_controller, requests_compete_for_ports_and_lanes) {
  const transfer_controller_configuration one_port{
      .lanes = 8, .latency_cycles = 0, .buffer_ports = 1, .buffer_width_bytes = 4, .buffer_latency_cycles = 0};
  bench b(one_port);
  auto reads = operand::random(1, length, 1);
  operand counts(1, length);
  operand hidden(lines, length);
  const auto first = b.line(reads, counts, hidden);
  const auto second = b.line(reads, counts, hidden);
  EXPECT_EQ(b.transport(first), ns(10 + 7 + 10));
  EXPECT_EQ(b.unit.delayed_requests(), 0U);
  EXPECT_EQ(b.transport(second), ns(27 + 10 + 7 + 10)) << "neither gap of the port holds ten cycles before";
  EXPECT_EQ(b.unit.delayed_requests(), 1U);
}

TEST(transfer_controller, computes_with_the_scalars_of_the_request) {
  bench b;
  operand reads(1, length, 0.004F);
  operand counts(1, length);
  operand hidden(lines, length);
  const auto t = b.line(reads, counts, hidden);
  t.request().line = 2;
  for (int n = 1; n <= 3; ++n) { // 0.004, 0.008, 0.012: beyond the threshold of 0.01
    t.request().computed = false;
    t.payload().set_response_status(::tlm::TLM_INCOMPLETE_RESPONSE);
    b.transport(t);
    EXPECT_EQ(counts.values.front(), n == 3 ? -1.0F : 0.0F) << n;
    EXPECT_EQ(t.request().activity.hidden_elements, length);
    EXPECT_EQ(t.request().activity.fired, n == 3 ? length : 0U);
  }
  EXPECT_EQ(hidden.values[0], 0.0F) << "line 0 was not read";
}

/// An element of the hidden matrix on a machine of bf16 after a read that has more bits.
float hidden_after_read(unsigned word_bits) {
  bench b({.buffer_word_bits = word_bits}, number_format::bf16);
  operand reads(1, length, 0x1p-9F + 0x1p-17F);
  operand counts(1, length);
  operand hidden(lines, length);
  b.transport(b.line(reads, counts, hidden));
  return hidden.values.front();
}

TEST(transfer_controller, rounds_state_to_the_number_format) {
  EXPECT_EQ(hidden_after_read(0), 0x1p-9F);
}
TEST(transfer_controller, keeps_all_bits_of_state_with_a_width_of_its_own) {
  EXPECT_EQ(hidden_after_read(32), 0x1p-9F + 0x1p-17F);
}

TEST(transfer_controller, posts_large_products_cut_between_rows) {
  auto x = operand::random(9, 300, 1);
  auto d = operand::random(9, 200, 2);
  operand whole(200, 300);
  operand blocks(200, 300);
  bench b({}, number_format::bf16);
  const auto op = op_of(transfer_function::accumulate_product, rank_one, 9);
  b.transport(b.make(op, {&x, &d, &whole}, {&whole})); // never launched

  const auto t = b.make(op, {&x, &d, &blocks}, {&blocks});
  b.initiator.launch(t.payload());
  auto* posted = t.request().posted;
  ASSERT_NE(posted, nullptr);
  ASSERT_GT(posted->blocks(), 1U);
  for (std::uint32_t k = posted->blocks(); k-- > 0;)
    posted->run_block(k);
  EXPECT_EQ(blocks.values, whole.values);
  EXPECT_NE(blocks.values.front(), 0.0F);
  b.transport(t);
  EXPECT_EQ(blocks.values, whole.values) << "computed again";
  EXPECT_EQ(t.request().activity.hidden_elements, 9U * 300 * 200);
}

TEST(transfer_controller, launched_values_are_computed_once) {
  bench b;
  operand reads(1, length, 0.006F);
  operand counts(1, length);
  operand hidden(lines, length);
  const auto t = b.line(reads, counts, hidden);
  b.initiator.launch(t.payload());
  b.transport(t);
  EXPECT_EQ(hidden.values.front(), 0.006F);
}

TEST(transfer_controller, refuses_what_is_not_its_own) {
  bench b;
  operand x(1, 2);
  const auto other = b.make({.kind = operation_kind::vector_op, .phase = phase::forward, .vectors = 1}, {&x}, {&x});
  b.initiator.launch(other.payload());
  EXPECT_EQ(b.transport(other), femtoseconds{});
  EXPECT_EQ(other.payload().get_response_status(), ::tlm::TLM_COMMAND_ERROR_RESPONSE);
  const auto unknown = b.make(op_of(transfer_function::accumulate_line, 3), {&x}, {&x});
  b.transport(unknown);
  EXPECT_EQ(unknown.payload().get_response_status(), ::tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.account.counts, action_counts{});
}

TEST(transfer_controller, state_beyond_the_buffer_is_refused) {
  operand_arena arena;
  arena.add(10, 100, residence::buffer);
  arena.add(64, 16, residence::controller);
  transfer_controller_configuration c{.buffer_bytes = 4096};
  EXPECT_NO_THROW(require_capacity(c, number_format::fp32, arena));
  c.buffer_bytes = 4095;
  try {
    require_capacity(c, number_format::fp32, arena);
    FAIL() << "accepted";
  } catch (const input_error& e) {
    EXPECT_NE(std::string(e.what()).find("need 4096 bytes but digital.transfer_controller.buffer is 4095"),
              std::string::npos)
        << e.what();
  }
  EXPECT_NO_THROW(require_capacity(c, number_format::fp16, arena));
}

} // namespace
} // namespace tilework::hardware
