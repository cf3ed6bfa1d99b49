// SPDX-License-Identifier: Apache-2.0
#include "requests.h"
#include "support/systemc_fixture.h"

#include <tilework/core/error.h>
#include <tilework/modules/digital/matrix_unit.h>
#include <tilework/physics/devices/ideal.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/protocol_checker.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>

namespace tilework::hardware {
namespace {

using test::kernel_now;
using test::ns;
using test::operand;

constexpr std::uint32_t inputs = 6;
constexpr std::uint32_t outputs = 4;
constexpr physics::array_shape shape{inputs, outputs};

physics::array_parameters exact() {
  physics::array_parameters p;
  p.device = physics::ideal{};
  p.forward.is_perfect = p.backward.is_perfect = true;
  p.update.pulse_type = physics::pulse_type::none;
  return p;
}

matrix_unit_configuration small_unit() {
  matrix_unit_configuration c;
  c.rows = 4;
  c.columns = 3;
  c.weights.word_bits = 32;
  return c;
}

std::unique_ptr<physics::analog_array> new_array(std::uint16_t layer) {
  return std::make_unique<physics::analog_array>(shape, exact(), 1, logical_array{layer, 0, 0}, 8);
}

/// Two arrays of one unit, each behind an initiator and a checker.
struct bench {
  explicit bench(const matrix_unit_configuration& configuration = small_unit())
      : accounts(open_matrix_unit_accounts(books, "unit", configuration)),
        unit(configuration, time, accounts),
        first("first", unit, new_array(0), time),
        second("second", unit, new_array(1), time) {
    initiators[0].socket.bind(checkers[0].target_socket);
    checkers[0].initiator_socket.bind(first.socket());
    initiators[1].socket.bind(checkers[1].target_socket);
    checkers[1].initiator_socket.bind(second.socket());
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  transaction::transaction make(const operation& op, std::initializer_list<operand*> in,
                                std::initializer_list<operand*> out) {
    auto t = requests.make(op, in, out);
    const bool writes = op.kind == operation_kind::program || op.kind == operation_kind::outer_product_update;
    t.request().expected_weight_version = version;
    version += writes ? 1 : 0;
    if (writes)
      t.payload().set_write();
    else
      t.payload().set_read();
    return t;
  }
  transaction::transaction forward(operand& x, operand& y) {
    return make({.kind = operation_kind::forward_mvm, .phase = phase::forward, .vectors = x.vectors}, {&x}, {&y});
  }
  transaction::transaction backward(operand& d, operand& e) {
    return make({.kind = operation_kind::backward_mvm, .phase = phase::backward, .vectors = d.vectors}, {&d}, {&e});
  }
  transaction::transaction update(operand& x, operand& d) {
    return make({.kind = operation_kind::outer_product_update, .phase = phase::update, .vectors = x.vectors}, {&x, &d},
                {});
  }
  transaction::transaction program(operand& w) {
    return make({.kind = operation_kind::program, .phase = phase::program, .vectors = w.vectors}, {&w}, {});
  }
  femtoseconds transport(const transaction::transaction& t, femtoseconds at = {}, std::size_t array = 0) {
    initiators.at(array).transport(t.payload(), at);
    return at;
  }
  [[nodiscard]] std::uint64_t count(const component_account* account, phase p, action a) const {
    return account->counts.get(p, a);
  }

  transaction::timeline time;
  ledger books;
  matrix_unit_accounts accounts;
  test::request_maker requests;
  std::uint64_t version = 0;
  std::map<std::uint64_t, femtoseconds> done;
  std::function<void(::tlm::tlm_generic_payload&)> note = [this](auto& p) {
    done[transaction::tile_request::of(p).operation_id] = kernel_now();
  };
  std::array<transaction::four_phase_initiator, 2> initiators{
      transaction::four_phase_initiator{"initiator0", [this](auto& p) { note(p); }},
      transaction::four_phase_initiator{"initiator1", [this](auto& p) { note(p); }}};
  std::array<transaction::protocol_checker, 2> checkers{transaction::protocol_checker{"checker0"},
                                                        transaction::protocol_checker{"checker1"}};
  matrix_unit unit;
  matrix_unit_array first;
  matrix_unit_array second;
};

TEST(matrix_unit, computes_what_an_exact_array_computes_bit_by_bit) {
  bench b;
  b.requests.context.learning_rate = 0.1F;
  auto w = operand::random(outputs, inputs, 1);
  auto x = operand::random(5, inputs, 2);
  auto d = operand::random(5, outputs, 3);
  operand y(5, outputs);
  operand e(5, inputs);
  b.transport(b.program(w));
  b.transport(b.update(x, d));
  b.transport(b.forward(x, y));
  b.transport(b.backward(d, e));

  const auto bare = new_array(0);
  const auto run = [&] {
    run_inline(*bare);
    bare->end();
  };
  operand expected_y(5, outputs);
  operand expected_e(5, inputs);
  bare->set_weights(w.values);
  bare->begin_update(x.view(), d.view(), 0.1F, 0);
  run();
  bare->begin_mvm(physics::mvm_direction::forward, x.view(), expected_y.view(), 0, false);
  run();
  bare->begin_mvm(physics::mvm_direction::backward, d.view(), expected_e.view(), 0, false);
  run();
  EXPECT_TRUE(std::ranges::equal(b.first.values().weights(), bare->weights()));
  EXPECT_EQ(y.values, expected_y.values);
  EXPECT_EQ(e.values, expected_e.values);
}

TEST(matrix_unit, times_and_counts_are_those_of_its_formulas) {
  bench b;
  const matrix_unit_timing timing(small_unit());
  auto w = operand::random(outputs, inputs, 1);
  auto x = operand::random(5, inputs, 2);
  auto d = operand::random(5, outputs, 3);
  operand y(5, outputs);
  const auto programmed = b.transport(b.program(w));
  EXPECT_EQ(programmed, ns(timing.program(inputs, outputs).cycles));
  const auto multiplied = b.transport(b.forward(x, y), programmed);
  const auto product = timing.product(5, inputs, outputs);
  EXPECT_EQ(multiplied - programmed, ns(product.cycles));
  const auto updated = b.transport(b.update(x, d), multiplied);
  const auto update = timing.update(5, inputs, outputs);
  EXPECT_EQ(updated - multiplied, ns(update.cycles));

  EXPECT_EQ(b.count(b.accounts.macs, phase::forward, action::mac), product.macs);
  EXPECT_EQ(b.count(b.accounts.macs, phase::update, action::mac), update.macs);
  EXPECT_EQ(b.count(b.accounts.weights, phase::program, action::sram_write_byte), 96U);
  EXPECT_EQ(b.count(b.accounts.weights, phase::forward, action::sram_read_byte), 96U);
  EXPECT_EQ(b.count(b.accounts.weights, phase::forward, action::sram_write_byte), 0U);
  EXPECT_EQ(b.count(b.accounts.weights, phase::update, action::sram_read_byte), 96U);
  EXPECT_EQ(b.count(b.accounts.weights, phase::update, action::sram_write_byte), 96U);
  EXPECT_EQ(b.count(b.accounts.operands, phase::forward, action::sram_read_byte), product.operand_bytes_read);
  EXPECT_EQ(b.count(b.accounts.operands, phase::update, action::sram_write_byte), update.operand_bytes_written);
  EXPECT_EQ(b.accounts.macs->busy[static_cast<std::size_t>(phase::forward)], ns(product.held_cycles));
}

TEST(matrix_unit, begins_at_an_edge_of_its_clock) {
  auto c = small_unit();
  c.clock_Hz = 1e8;
  bench b(c);
  auto x = operand::random(1, inputs, 2);
  operand y(1, outputs);
  EXPECT_EQ(b.transport(b.forward(x, y), ns(13)),
            ns(20 + 10 * matrix_unit_timing(c).product(1, inputs, outputs).cycles));
}

TEST(matrix_unit, works_for_one_array_at_a_time) {
  bench b;
  auto x = operand::random(1, inputs, 2);
  operand y(1, outputs);
  operand z(1, outputs);
  const auto one = b.transport(b.forward(x, y));
  EXPECT_EQ(b.unit.delayed_requests(), 0U);
  EXPECT_EQ(b.transport(b.forward(x, z), {}, 1), one + one);
  EXPECT_EQ(b.unit.delayed_requests(), 1U);
}

TEST(matrix_unit, takes_equal_time_approximately_timed) {
  bench b;
  auto x = operand::random(5, inputs, 2);
  operand y(5, outputs);
  const auto t = b.forward(x, y);
  b.initiators[0].send(t.payload());
  sc_core::sc_start();
  ASSERT_EQ(b.done.size(), 1U);
  EXPECT_EQ(b.done.begin()->second, ns(matrix_unit_timing(small_unit()).product(5, inputs, outputs).cycles));
}

TEST(matrix_unit, books_a_weight_memory_in_dram_as_a_memory) {
  auto c = small_unit();
  c.weights.kind = weight_memory_kind::dram;
  bench b(c);
  auto x = operand::random(2, inputs, 2);
  auto d = operand::random(2, outputs, 3);
  b.transport(b.update(x, d));
  EXPECT_EQ(b.accounts.weights->kind, component_kind::memory);
  EXPECT_EQ(b.accounts.weights->units, 1);
  EXPECT_EQ(b.count(b.accounts.weights, phase::update, action::dram_read_byte), 96U);
  EXPECT_EQ(b.count(b.accounts.weights, phase::update, action::dram_write_byte), 96U);
  EXPECT_EQ(b.count(b.accounts.weights, phase::update, action::sram_read_byte), 0U);
}

TEST(matrix_unit, knows_no_lines_pulses_or_symmetry_points) {
  bench b;
  operand line(1, outputs);
  for (const auto kind : {operation_kind::read_line, operation_kind::write_line, operation_kind::calibrate,
                          operation_kind::rest, operation_kind::refresh, operation_kind::vector_op}) {
    const auto t = b.make({.kind = kind, .phase = phase::update, .vectors = 1}, {&line}, {&line});
    b.initiators[0].launch(t.payload());
    EXPECT_EQ(t.request().posted, nullptr);
    EXPECT_EQ(b.transport(t), femtoseconds{});
    EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_COMMAND_ERROR_RESPONSE) << name_of(kind);
  }
  operand wrong(1, inputs + 1);
  operand y(1, outputs);
  const auto t = b.forward(wrong, y);
  b.transport(t);
  EXPECT_EQ(t.payload().get_response_status(), ::tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST(matrix_unit, opens_accounts_in_units_of_area) {
  ledger books;
  auto c = small_unit();
  const auto accounts = open_matrix_unit_accounts(books, "chip0.matrix_unit0", c);
  EXPECT_EQ(accounts.macs->name, "chip0.matrix_unit0.macs");
  EXPECT_EQ(accounts.macs->kind, component_kind::mac_array);
  EXPECT_EQ(accounts.macs->units, 12);
  EXPECT_EQ(accounts.weights->units, static_cast<double>(c.weights.capacity_bytes));
  EXPECT_EQ(accounts.operands->units, static_cast<double>(c.operand_buffer_bytes));
  c.kind = matrix_unit_kind::simd;
  EXPECT_EQ(open_matrix_unit_accounts(books, "lanes", c).macs->units, c.lanes);
}

std::string capacity_error(const matrix_unit_configuration& c, std::span<const array_region> arrays) {
  try {
    require_capacity(c, arrays, 8);
  } catch (const input_error& e) {
    return e.what();
  }
  return "no error";
}

TEST(matrix_unit, refuses_weights_and_operands_beyond_its_memories) {
  const std::array arrays{array_region{.inputs = 6, .outputs = 4, .tile = 0},
                          array_region{.inputs = 6, .outputs = 4, .tile = 0},
                          array_region{.inputs = 6, .outputs = 4, .tile = 1}};
  auto c = small_unit();
  c.weights.capacity_bytes = 2 * 96;
  c.operand_buffer_bytes = 8 * (4 * 2 + 6 * 4);
  EXPECT_EQ(capacity_error(c, arrays), "no error");
  --c.weights.capacity_bytes;
  EXPECT_NE(capacity_error(c, arrays).find("unit 0 need 192 bytes but matrix_unit.weight_memory.capacity is 191"),
            std::string::npos);
  ++c.weights.capacity_bytes;
  --c.operand_buffer_bytes;
  EXPECT_NE(capacity_error(c, arrays).find("need 256 bytes but matrix_unit.operand_buffer is 255"), std::string::npos);
}

} // namespace
} // namespace tilework::hardware
