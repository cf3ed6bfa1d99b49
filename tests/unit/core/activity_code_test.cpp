// SPDX-License-Identifier: Apache-2.0
// Activities come back as they were, whatever they hold; other bytes are refused or give some activity, never worse.
#include <tilework/core/activity_code.h>

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

namespace tilework {
namespace {

constexpr std::array recorded_kinds{
    operation_kind::forward_mvm, operation_kind::backward_mvm, operation_kind::outer_product_update,
    operation_kind::refresh,     operation_kind::read_line,    operation_kind::write_line,
    operation_kind::transfer};

operation operation_of(operation_kind kind, std::uint32_t vectors = 4) {
  operation op{.kind = kind, .array = 3, .vectors = vectors};
  op.inputs[0].length = 784;
  op.inputs[1].length = 256;
  op.outputs[0].length = 256;
  return op;
}

std::string code_of(const operation& op, const operation_activity& a) {
  std::string code;
  encode_activity(code, op, a);
  return code;
}

operation_activity decoded(const operation& op, std::string_view code) {
  byte_cursor in(code);
  operation_activity a;
  a.fired = 77; // what was there before must not stay
  decode_activity(in, op, a);
  EXPECT_TRUE(in.empty());
  return a;
}

/// Numbers of all sizes, many of them 0.
class any_number {
public:
  explicit any_number(unsigned seed) : engine_(seed) {}
  std::uint64_t operator()(unsigned most_bits = 64) {
    const auto bits = engine_() % (most_bits + 1);
    if (engine_() % 3 == 0 || bits == 0)
      return 0;
    return engine_() >> (64 - bits);
  }

private:
  std::mt19937_64 engine_;
};

TEST(activity_code, any_activity_comes_back) {
  any_number number(1);
  for (int n = 0; n < 20'000; ++n) {
    const auto op =
        operation_of(recorded_kinds.at(number(8) % recorded_kinds.size()), static_cast<std::uint32_t>(number(16)));
    operation_activity a;
    for (auto& vectors : a.vectors_in_round)
      vectors = static_cast<std::uint32_t>(number(32));
    for (auto* field : {&a.active_inputs, &a.saturations, &a.pulse_slots, &a.input_line_pulses, &a.output_line_pulses,
                        &a.coincidences, &a.half_selected, &a.random_bits, &a.update_vectors, &a.clipped_updates,
                        &a.reset_lines, &a.resets, &a.hidden_elements, &a.fired, &a.code_sum, &a.code_squares})
      *field = number();
    const auto code = code_of(op, a);
    EXPECT_LE(code.size(), longest_activity_code);
    ASSERT_EQ(decoded(op, code), a) << "activity " << n;
  }
}

TEST(activity_code, extreme_numbers_come_back_within_the_longest_code) {
  operation_activity a;
  a.vectors_in_round.fill(std::numeric_limits<std::uint32_t>::max());
  for (auto* field : {&a.active_inputs, &a.saturations, &a.pulse_slots, &a.input_line_pulses, &a.output_line_pulses,
                      &a.coincidences, &a.half_selected, &a.random_bits, &a.update_vectors, &a.clipped_updates,
                      &a.reset_lines, &a.resets, &a.hidden_elements, &a.fired, &a.code_sum, &a.code_squares})
    *field = std::numeric_limits<std::uint64_t>::max() / 2;
  for (const auto kind : recorded_kinds) {
    const auto code = code_of(operation_of(kind), a);
    EXPECT_LE(code.size(), longest_activity_code);
    EXPECT_EQ(decoded(operation_of(kind), code), a);
  }
}

TEST(activity_code, what_is_expected_takes_one_byte) {
  operation_activity product;
  product.vectors_in_round[0] = 4;
  product.active_inputs = 4 * 784;
  EXPECT_EQ(code_of(operation_of(operation_kind::forward_mvm), product), std::string(1, '\0'));
  operation_activity read;
  read.vectors_in_round[0] = 1;
  read.active_inputs = 1;
  EXPECT_EQ(code_of(operation_of(operation_kind::read_line, 1), read).size(), 1U);
  EXPECT_EQ(code_of(operation_of(operation_kind::outer_product_update), {}).size(), 1U);
}

TEST(activity_code, half_selected_cells_follow_from_pulses) {
  operation_activity a{.pulse_slots = 9, .input_line_pulses = 20, .output_line_pulses = 10, .coincidences = 30};
  a.half_selected = 20 * 256 + 10 * 784 - 2 * 30;
  a.update_vectors = 4;
  const auto op = operation_of(operation_kind::outer_product_update);
  EXPECT_EQ(code_of(op, a).size(), 6U) << "two bytes of mask, slots, two lines, coincidences";
  ++a.half_selected;
  EXPECT_EQ(decoded(op, code_of(op, a)), a);
}

TEST(activity_code, every_prefix_of_a_code_is_refused) {
  operation_activity a{.pulse_slots = 900, .input_line_pulses = 20, .output_line_pulses = 10, .coincidences = 30};
  a.vectors_in_round = {4, 2, 1};
  const auto op = operation_of(operation_kind::refresh);
  const auto code = code_of(op, a);
  for (std::size_t size = 0; size < code.size(); ++size) {
    byte_cursor in(std::string_view(code).substr(0, size));
    operation_activity b;
    EXPECT_THROW(decode_activity(in, op, b), input_error) << size;
  }
}

TEST(activity_code, random_bytes_never_read_past_the_end) {
  std::mt19937 engine(2);
  for (int n = 0; n < 20'000; ++n) {
    std::string bytes(engine() % 40, '\0');
    for (auto& b : bytes)
      b = static_cast<char>(engine());
    const auto op = operation_of(recorded_kinds.at(engine() % recorded_kinds.size()));
    byte_cursor in(bytes);
    operation_activity a;
    try {
      decode_activity(in, op, a);
      EXPECT_EQ(decoded(op, code_of(op, a)), a);
    } catch (const input_error&) { // as likely
    }
  }
}

TEST(activity_code, numbers_that_do_not_fit_are_refused) {
  for (const std::string_view bytes : {std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10),
                                       std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11)}) {
    byte_cursor in(bytes);
    EXPECT_THROW(in.number(), input_error);
  }
  std::string largest;
  encode_number(largest, std::numeric_limits<std::uint64_t>::max());
  byte_cursor in(largest);
  EXPECT_EQ(in.number(), std::numeric_limits<std::uint64_t>::max());
}

TEST(program_digest, tells_other_operations_and_other_orders) {
  const auto sum = [](std::initializer_list<operation> ops) {
    program_digest digest;
    for (const auto& op : ops)
      digest.add(op);
    return digest.sum();
  };
  const auto a = operation_of(operation_kind::forward_mvm);
  const auto b = operation_of(operation_kind::backward_mvm);
  auto other_array = a;
  ++other_array.array;
  auto other_vectors = a;
  ++other_vectors.vectors;
  EXPECT_EQ(sum({a, b}), sum({a, b}));
  EXPECT_NE(sum({a, b}), sum({b, a}));
  EXPECT_NE(sum({a}), sum({a, a}));
  EXPECT_NE(sum({a}), sum({other_array}));
  EXPECT_NE(sum({a}), sum({other_vectors}));
}

} // namespace
} // namespace tilework
