// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/digital/matrix_unit_timing.h>

#include <gtest/gtest.h>

namespace tilework::hardware {
namespace {

constexpr std::uint64_t inputs = 6;
constexpr std::uint64_t outputs = 4;
constexpr unsigned wide = 512; // bytes per cycle: never the bottleneck here
constexpr unsigned narrow = 4; // one weight per cycle

/// 4 x 3 MACs: 6 x 4 weights take 2 x 2 folds in the forward direction, 1 x 2 in the others.
matrix_unit_configuration small_array(fold_overlap folds = fold_overlap::single, unsigned width = wide) {
  matrix_unit_configuration c;
  c.rows = 4;
  c.columns = 3;
  c.folds = folds;
  c.weights = {.word_bits = 32, .width_bytes = width};
  return c;
}

matrix_unit_configuration small_lanes(unsigned width = wide) {
  matrix_unit_configuration c;
  c.kind = matrix_unit_kind::simd;
  c.lanes = 8;
  c.latency_cycles = 3;
  c.vectors_per_weight = 4;
  c.weights = {.word_bits = 32, .width_bytes = width};
  return c;
}

/// (2 R + C + T - 2) ceil(S_R / R) ceil(S_C / C)
std::int64_t scale_sim(std::int64_t r, std::int64_t c, std::int64_t t, std::int64_t s_r, std::int64_t s_c) {
  return (2 * r + c + t - 2) * ((s_r + r - 1) / r) * ((s_c + c - 1) / c);
}

TEST(systolic, takes_the_published_run_time_if_the_memory_is_wide) {
  for (const std::uint32_t rows : {1U, 4U, 32U})
    for (const std::uint32_t columns : {1U, 3U, 64U})
      for (const std::uint32_t n : {1U, 5U, 64U}) {
        auto c = small_array();
        c.rows = rows;
        c.columns = columns;
        c.weights.width_bytes = 8192;
        const matrix_unit_timing timing(c);
        EXPECT_EQ(timing.product(n, 100, 70).cycles, scale_sim(rows, columns, n, 100, 70)) << "weight stationary";
        EXPECT_EQ(timing.update(n, 100, 70).cycles, scale_sim(rows, columns, n, 70, 100)) << "output stationary";
      }
}

TEST(systolic, cycles_of_one_and_of_several_vectors) {
  const matrix_unit_timing timing(small_array());
  EXPECT_EQ(timing.product(1, inputs, outputs).cycles, 4 * (4 + 1 + 5));
  EXPECT_EQ(timing.product(5, inputs, outputs).cycles, 4 * (4 + 5 + 5));
  EXPECT_EQ(timing.product(1, outputs, inputs).cycles, 2 * (4 + 1 + 5));
  EXPECT_EQ(timing.update(1, inputs, outputs).cycles, 2 * (4 + 1 + 5));
  EXPECT_EQ(timing.update(8, inputs, outputs).cycles, 2 * (4 + 8 + 5));
  EXPECT_EQ(timing.product(5, inputs, outputs).held_cycles, timing.product(5, inputs, outputs).cycles);
}

TEST(systolic, folds_hide_behind_each_other_with_two_sets_of_registers) {
  const matrix_unit_timing timing(small_array(fold_overlap::double_buffered));
  EXPECT_EQ(timing.product(1, inputs, outputs).cycles, 4 + 3 * 4 + 1 + 5) << "loading is longer";
  EXPECT_EQ(timing.product(8, inputs, outputs).cycles, 4 + 3 * 8 + 8 + 5) << "vectors are longer";
  EXPECT_EQ(timing.update(1, inputs, outputs).cycles, 4 + 4 + 1 + 5);
  const matrix_unit_timing single(small_array());
  EXPECT_EQ(timing.product(7, 4, 3).cycles, single.product(7, 4, 3).cycles) << "one fold has nothing to hide behind";
}

TEST(systolic, waits_for_a_narrow_weight_memory) {
  // Folds of 4 x 3, 4 x 1, 2 x 3 and 2 x 1 weights, one weight per cycle, but never faster than one row per cycle.
  const matrix_unit_timing single(small_array(fold_overlap::single, narrow));
  EXPECT_EQ(single.product(1, inputs, outputs).cycles, 12 + 4 + 6 + 4 + 4 * 6);
  EXPECT_EQ(single.update(1, inputs, outputs).cycles, 2 * (2 * 12 + 6)) << "read and written";
  EXPECT_EQ(single.program(inputs, outputs).cycles, 24);
  const matrix_unit_timing overlapped(small_array(fold_overlap::double_buffered, narrow));
  EXPECT_EQ(overlapped.product(1, inputs, outputs).cycles, 12 + (4 + 6 + 4) + 6);
  EXPECT_EQ(overlapped.update(1, inputs, outputs).cycles, 24 + 24 + 6);
}

TEST(systolic, counts_macs_weights_and_operands) {
  const matrix_unit_timing timing(small_array());
  auto product = timing.product(5, inputs, outputs);
  product.cycles = product.held_cycles = 0;
  // Inputs (2 bytes) pass once per fold along the columns, sums (4 bytes) once per fold along the rows.
  EXPECT_EQ(product, (matrix_cost{.macs = 5 * 24,
                                  .weight_bytes_read = 24 * 4,
                                  .operand_bytes_read = 5 * 6 * 2 * 2 + 5 * 4 * 4 * 2,
                                  .operand_bytes_written = 5 * 6 * 2 + 5 * 4 * 4 * 2}));
  auto update = timing.update(3, inputs, outputs);
  update.cycles = update.held_cycles = 0;
  EXPECT_EQ(update, (matrix_cost{.macs = (3 + 1) * 24,
                                 .weight_bytes_read = 24 * 4,
                                 .weight_bytes_written = 24 * 4,
                                 .operand_bytes_read = 3 * 2 * (6 + 2 * 4),
                                 .operand_bytes_written = 3 * 2 * (6 + 4)}));
}

TEST(systolic, word_of_the_weights_is_that_of_the_format_unless_given) {
  auto c = small_array();
  c.weights.word_bits = 0;
  for (const auto& [format, bytes] :
       {std::pair{mac_format::int8, 1U}, {mac_format::bf16, 2U}, {mac_format::fp16, 2U}, {mac_format::fp32, 4U}}) {
    c.format = format;
    EXPECT_EQ(matrix_unit_timing(c).product(1, inputs, outputs).weight_bytes_read, 24U * bytes);
  }
  c.weights.word_bits = 3;
  EXPECT_EQ(matrix_unit_timing(c).weight_bytes(5), 2U) << "15 bits";
}

TEST(simd, lanes_and_latency) {
  const matrix_unit_timing timing(small_lanes());
  EXPECT_EQ(timing.product(1, inputs, outputs).held_cycles, 3);
  EXPECT_EQ(timing.product(1, inputs, outputs).cycles, 3 + 3);
  EXPECT_EQ(timing.product(5, inputs, outputs).held_cycles, 15);
  EXPECT_EQ(timing.product(1, 5, 5).held_cycles, 4) << "25 MACs on 8 lanes";
  EXPECT_EQ(timing.update(3, inputs, outputs).held_cycles, 12);
}

TEST(simd, reads_a_weight_again_for_further_vectors) {
  const matrix_unit_timing timing(small_lanes(narrow));
  EXPECT_EQ(timing.product(4, inputs, outputs).weight_bytes_read, 96U);
  EXPECT_EQ(timing.product(5, inputs, outputs).weight_bytes_read, 2 * 96U);
  EXPECT_EQ(timing.product(4, inputs, outputs).held_cycles, 24) << "12 cycles of MACs, 24 of weights";
  EXPECT_EQ(timing.product(5, inputs, outputs).held_cycles, 48);
  EXPECT_EQ(timing.update(3, inputs, outputs).held_cycles, 48);
}

TEST(weights_in_dram, take_their_bandwidth_and_once_the_latency) {
  auto c = small_lanes();
  c.clock_Hz = 1e9;
  c.weights.kind = weight_memory_kind::dram;
  c.weights.bandwidth_bytes_per_s = 2e9;
  c.weights.latency = {30'000'000};
  const matrix_unit_timing timing(c);
  EXPECT_EQ(timing.product(1, inputs, outputs).held_cycles, 48 + 30);
  EXPECT_EQ(timing.product(1, inputs, outputs).cycles, 48 + 30 + 3);
  EXPECT_EQ(timing.update(1, inputs, outputs).held_cycles, 2 * 48 + 30);
  EXPECT_EQ(timing.program(inputs, outputs).held_cycles, 48 + 30);
  c.weights.bandwidth_bytes_per_s = 1e15;
  EXPECT_EQ(matrix_unit_timing(c).product(1, inputs, outputs).held_cycles, 3 + 30) << "the lanes are slower";
}

TEST(operand_buffer, holds_inputs_and_sums_of_either_direction) {
  EXPECT_EQ(matrix_unit_timing(small_array()).operand_bytes(5, inputs, outputs), 5U * (4 * 2 + 6 * 4));
}

} // namespace
} // namespace tilework::hardware
