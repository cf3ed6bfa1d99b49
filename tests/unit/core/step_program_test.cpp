// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/step_program.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

namespace tilework {
namespace {

operation vector_operation(operand_ref in, operand_ref out) {
  operation op;
  op.kind = operation_kind::vector_op;
  op.inputs[0] = in;
  op.outputs[0] = out;
  return op;
}

operation array_operation(operation_kind kind, std::uint32_t array) {
  operation op;
  op.kind = kind;
  op.array = array;
  return op;
}

std::vector<std::uint32_t> predecessors(const step_program& program, std::size_t index) {
  const auto span = program.predecessors(index);
  return {span.begin(), span.end()};
}

TEST(step_program, orders_read_after_write_write_after_read_and_write_after_write) {
  step_program program;
  program.append(vector_operation({}, {0, 0, 8}));        // 0 writes a
  program.append(vector_operation({0, 0, 8}, {1, 0, 8})); // 1 reads a, writes b
  program.append(vector_operation({}, {0, 4, 4}));        // 2 overwrites half of a
  program.append(vector_operation({}, {1, 0, 8}));        // 3 overwrites b
  program.append(vector_operation({0, 0, 4}, {2, 0, 1})); // 4 reads the other half of a
  EXPECT_EQ(predecessors(program, 1), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(predecessors(program, 2), (std::vector<std::uint32_t>{1})); // 0 is implied
  EXPECT_EQ(predecessors(program, 3), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(predecessors(program, 4), (std::vector<std::uint32_t>{0}));
}

TEST(step_program, counts_weight_versions_per_array_and_lets_reads_overlap) {
  step_program program;
  program.append(array_operation(operation_kind::forward_mvm, 0));
  program.append(array_operation(operation_kind::backward_mvm, 0));
  program.append(array_operation(operation_kind::outer_product_update, 0));
  program.append(array_operation(operation_kind::outer_product_update, 1));
  program.append(array_operation(operation_kind::forward_mvm, 0));
  EXPECT_TRUE(predecessors(program, 1).empty());
  EXPECT_EQ(predecessors(program, 2), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_TRUE(predecessors(program, 3).empty());
  EXPECT_EQ(predecessors(program, 4), (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(program.operations()[2].updates_before, 0U);
  EXPECT_EQ(program.operations()[4].updates_before, 1U);
}

bool brute_force_conflict(const operation& a, const operation& b) {
  const auto overlap = [](const operand_ref& x, const operand_ref& y) {
    if (x.slot == no_slot || x.slot != y.slot)
      return false;
    for (std::uint32_t e = x.first; e < x.first + x.length; ++e)
      if (e >= y.first && e < y.first + y.length)
        return true;
    return false;
  };
  return overlap(a.outputs[0], b.inputs[0]) || overlap(a.inputs[0], b.outputs[0]) ||
         overlap(a.outputs[0], b.outputs[0]);
}

TEST(step_program, edges_order_exactly_the_conflicting_operations) {
  std::mt19937 random(11);
  std::uniform_int_distribution<std::uint32_t> slot(0, 3);
  std::uniform_int_distribution<std::uint32_t> place(0, 5);
  for (int trial = 0; trial < 30; ++trial) {
    step_program program;
    for (int i = 0; i < 40; ++i)
      program.append(vector_operation({slot(random), place(random), 3}, {slot(random), place(random), 3}));
    const auto n = program.size();
    std::vector<std::vector<bool>> by_edges(n, std::vector<bool>(n, false));
    auto by_conflicts = by_edges;
    for (std::size_t later = 0; later < n; ++later) {
      for (auto p : program.predecessors(later)) {
        by_edges[later][p] = true;
        for (std::size_t before = 0; before < p; ++before)
          if (by_edges[p][before])
            by_edges[later][before] = true;
      }
      for (std::size_t p = 0; p < later; ++p)
        if (brute_force_conflict(program.operations()[p], program.operations()[later])) {
          by_conflicts[later][p] = true;
          for (std::size_t before = 0; before < p; ++before)
            if (by_conflicts[p][before])
              by_conflicts[later][before] = true;
        }
    }
    ASSERT_EQ(by_edges, by_conflicts);
    for (std::uint32_t i = 0; i < n; ++i)
      for (auto s : program.successors(i)) {
        const auto back = predecessors(program, s);
        ASSERT_NE(std::find(back.begin(), back.end(), i), back.end());
      }
  }
}

operation of_mini_batch(operation op, std::uint32_t number) {
  op.mini_batch = number;
  return op;
}

TEST(step_program, products_of_a_later_mini_batch_do_not_wait_for_updates) {
  step_program program;
  for (std::uint32_t k = 0; k < 2; ++k) {
    program.append(of_mini_batch(array_operation(operation_kind::forward_mvm, 0), k));          // 0, 3
    program.append(of_mini_batch(array_operation(operation_kind::backward_mvm, 0), k));         // 1, 4
    program.append(of_mini_batch(array_operation(operation_kind::outer_product_update, 0), k)); // 2, 5
  }
  EXPECT_TRUE(predecessors(program, 3).empty());
  EXPECT_TRUE(predecessors(program, 4).empty());
  EXPECT_EQ(predecessors(program, 2), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(predecessors(program, 5), (std::vector<std::uint32_t>{2, 3, 4})); // updates keep their order
  EXPECT_EQ(program.operations()[4].updates_before, 1U);
  EXPECT_FALSE(may_be_stale(program.operations()[1]));
  EXPECT_TRUE(may_be_stale(program.operations()[4]));
  EXPECT_FALSE(may_be_stale(program.operations()[5]));
}

TEST(step_program, biases_of_a_later_mini_batch_do_not_wait_but_nothing_else_is_forgone) {
  const operand_ref bias{0, 0, 4};
  const operand_ref other{1, 0, 4};
  auto update = vector_operation(bias, bias);
  update.function = vector_function::bias_update;
  auto add = vector_operation(bias, {});
  add.function = vector_function::add_bias;
  step_program program;
  program.append(update);                                                            // 0
  program.append(add);                                                               // 1: the same mini-batch
  program.append(of_mini_batch(add, 1));                                             // 2
  program.append(of_mini_batch(update, 1));                                          // 3
  program.append(vector_operation({}, other));                                       // 4
  program.append(of_mini_batch(vector_operation(other, {}), 1));                     // 5
  program.append(array_operation(operation_kind::write_line, 0));                    // 6
  program.append(of_mini_batch(array_operation(operation_kind::forward_mvm, 0), 1)); // 7
  EXPECT_EQ(predecessors(program, 1), (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(predecessors(program, 2).empty());
  EXPECT_EQ(predecessors(program, 3), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(predecessors(program, 5), (std::vector<std::uint32_t>{4}));
  EXPECT_EQ(predecessors(program, 7), (std::vector<std::uint32_t>{6}));
}

} // namespace
} // namespace tilework
