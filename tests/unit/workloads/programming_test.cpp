// SPDX-License-Identifier: Apache-2.0
// Programming in a closed loop: its programs, what it decides by, and where it can be cut.
#include <tilework/workloads/programming.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

namespace tilework::workload {
namespace {

constexpr std::uint32_t copies = 3;
constexpr float read_noise = 0.1F;

/// Layers 10 -> 7 -> 3 on arrays of 6 x 4: layer 0 in 2 x 2 pieces, layer 1 in 2 x 1; three copies of each.
struct loop_bench {
  loop_bench() { arena.allocate(); }

  /// The iteration that comes, with made-up variances instead of a machine.
  void iterate(float variance) {
    const auto s = loop.next(in);
    const auto layer = loop.status().layer;
    std::ranges::fill(arena.view(layout.layers[layer].input)[0], 0.5F); // the largest of both splits
    for (const auto& op : s.program->operations())
      if (op.function == vector_function::moving_variance)
        arena.view(op.outputs[0].slot)[op.outputs[0].first_vector][0] = variance;
    steps.push_back(s.context);
    loop.finished(loop.copies_done(layout, arena));
  }

  network_configuration network{.layers = {10, 7, 3}, .initial_weights = numerics::initial_distribution::xavier_normal};
  algorithm_configuration algorithm{.replicas = copies};
  network_map map = map_network(network, {18, 6, 4}, {}, algorithm.copies());
  operand_arena arena;
  std::vector<stage_plan> stages;
  operand_layout layout = lay_out(arena, {.network = network,
                                          .map = map,
                                          .algorithm = algorithm,
                                          .stages = stages,
                                          .vectors = 5,
                                          .programs_in_a_loop = true});
  program_inputs in{network, map, layout, {}, algorithm, stages, {{}}};
  programming_configuration configuration{
      .method = programming_method::from_one, .most_iterations = 6, .read_noise = read_noise};
  programming_loop loop{configuration, network, map, algorithm, 7};
  std::vector<step_context> steps;
};

std::vector<operation> of_kind(const step_program& program, operation_kind kind) {
  std::vector<operation> found;
  std::ranges::copy_if(program.operations(), std::back_inserter(found), [&](const auto& o) { return o.kind == kind; });
  return found;
}

std::vector<operation> of_function(const step_program& program, vector_function function) {
  std::vector<operation> found;
  std::ranges::copy_if(program.operations(), std::back_inserter(found),
                       [&](const auto& o) { return o.function == function; });
  return found;
}

TEST(programming_program, of_the_first_copy_updates_it_by_its_own_response) {
  const loop_bench b;
  const auto program = emit_programming_iteration(b.in, {0, {0}, 0.25F, 0.05F});
  const auto draws = of_function(program, vector_function::draw_normal);
  ASSERT_EQ(draws.size(), 1U);
  EXPECT_FLOAT_EQ(draws[0].rate.factor, 1 / std::sqrt(10.0F));
  EXPECT_EQ(draws[0].outputs[0].length, 10U);
  const auto updates = of_kind(program, operation_kind::outer_product_update);
  EXPECT_EQ(of_kind(program, operation_kind::forward_mvm).size(), 4U);
  ASSERT_EQ(updates.size(), 4U);
  for (std::uint32_t piece = 0; piece < 4; ++piece) {
    EXPECT_EQ(updates[piece].array, b.map.layers[0].array(piece / 2, piece % 2, 0, 0));
    EXPECT_EQ(updates[piece].inputs[1].slot, b.layout.programming[0].responses);
    EXPECT_EQ(updates[piece].rate.at(99), 0.25F) << "whatever the step's rate";
  }
  EXPECT_TRUE(of_function(program, vector_function::difference).empty());
  for (const auto& op : program.operations())
    EXPECT_EQ(op.phase, phase::program);
}

TEST(programming_program, of_other_copies_updates_them_by_their_distance_from_the_first) {
  const loop_bench b;
  const auto program = emit_programming_iteration(b.in, {1, {1, 2}, 0.25F, 0.01F});
  EXPECT_EQ(of_kind(program, operation_kind::forward_mvm).size(), 2U * 3) << "the first one responds too";
  EXPECT_EQ(of_function(program, vector_function::accumulate_partial_sums).size(), 3U);
  const auto differences = of_function(program, vector_function::difference);
  ASSERT_EQ(differences.size(), 2U);
  for (const auto& op : differences) {
    EXPECT_EQ(op.inputs[1].first_vector, 0U);
    EXPECT_EQ(op.outputs[0].first_vector, op.inputs[0].first_vector);
  }
  for (const auto& op : of_kind(program, operation_kind::outer_product_update))
    EXPECT_NE(b.map.arrays[op.array].id.copy, 0) << "the first one stays";
  EXPECT_EQ(of_function(program, vector_function::moving_variance).size(), 2U);
}

TEST(programming_program, works_on_copies_at_the_same_time) {
  const loop_bench b;
  const auto program = emit_programming_iteration(b.in, {1, {1, 2}, 0.25F, 0.01F});
  std::vector<std::size_t> updates;
  for (std::size_t k = 0; k < program.size(); ++k)
    if (program.operations()[k].kind == operation_kind::outer_product_update)
      updates.push_back(k);
  for (const auto k : updates)
    for (const auto before : program.predecessors(k))
      EXPECT_EQ(std::ranges::count(updates, std::size_t{before}), 0);
}

TEST(programming_loop, stops_the_first_copy_at_the_spread_of_initial_weights_and_the_noise_of_its_reads) {
  loop_bench b;
  const float wanted = 2.0F / 17 + 2 * 0.25F * read_noise * read_noise; // two input splits, the largest |x| is 0.5
  b.iterate(1.01F * wanted);
  EXPECT_TRUE(b.loop.status().first_copy);
  b.iterate(0.99F * wanted);
  EXPECT_FALSE(b.loop.status().first_copy);
  EXPECT_EQ(b.loop.status().copies, 2U);
  EXPECT_EQ(b.loop.iterations()[0], (std::vector<std::uint32_t>{2, 0, 0}));
}

TEST(programming_loop, stops_further_copies_one_by_one_at_the_tolerance_and_twice_the_noise) {
  loop_bench b;
  b.iterate(0);
  const float enough = 0.025F * 0.025F + 2 * 2 * 0.25F * read_noise * read_noise;
  b.iterate(1.01F * enough);
  EXPECT_EQ(b.loop.status().copies, 2U);
  (void)b.loop.next(b.in);
  b.arena.view(b.layout.programming[0].variances)[1][0] = 0.99F * enough; // of copy 1 alone
  b.loop.finished(b.loop.copies_done(b.layout, b.arena));
  EXPECT_EQ(b.loop.status().copies, 1U);
  EXPECT_EQ(b.loop.status().layer, 0U);
  b.iterate(0.99F * enough);
  EXPECT_EQ(b.loop.status().layer, 1U);
  EXPECT_TRUE(b.loop.status().first_copy);
  EXPECT_EQ(b.loop.iterations()[0], (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(programming_loop, gives_up_after_so_many_iterations) {
  loop_bench b;
  while (!b.loop.done())
    b.iterate(1e9F);
  EXPECT_EQ(b.loop.iterations(), (std::vector<std::vector<std::uint32_t>>(2, {6, 6, 6})));
  EXPECT_EQ(b.steps.size(), 2U * 12);
}

TEST(programming_loop, numbers_all_iterations_of_a_layer) {
  loop_bench b;
  while (!b.loop.done())
    b.iterate(1e9F);
  for (std::size_t k = 0; k < b.steps.size(); ++k) {
    EXPECT_EQ(b.steps[k].step, k % 12);
    EXPECT_EQ(b.steps[k].first_vector - b.steps[0].first_vector, k % 12) << "copy 0 reads in both parts";
  }
}

TEST(programming_loop, resumes_anywhere) {
  for (std::size_t cut = 0; cut <= 24; ++cut) {
    loop_bench first;
    for (std::size_t k = 0; k < cut; ++k)
      first.iterate(1e9F);
    std::stringstream state;
    first.loop.save(state);
    loop_bench second;
    second.loop.restore(state);
    while (!second.loop.done())
      second.iterate(1e9F);
    EXPECT_EQ(first.steps.size() + second.steps.size(), 24U) << cut;
    EXPECT_EQ(second.loop.iterations(), (std::vector<std::vector<std::uint32_t>>(2, {6, 6, 6}))) << cut;
  }
}

TEST(programming_loop, of_the_absolute_method_has_nothing_to_do) {
  const loop_bench b;
  EXPECT_TRUE(programming_loop({}, b.network, b.map, b.algorithm, 7).done());
}

TEST(weight_read, reads_every_line_of_every_visible_array_into_memory) {
  loop_bench b;
  operand_arena arena;
  const auto layout = lay_out(arena, {.network = b.network,
                                      .map = b.map,
                                      .algorithm = b.algorithm,
                                      .stages = b.stages,
                                      .vectors = 5,
                                      .reads_weights = true});
  const program_inputs in{b.network, b.map, layout, {}, b.algorithm, b.stages, {{}}};
  const auto program = emit_weight_read(in);
  ASSERT_EQ(program.size(), b.map.arrays.size());
  std::vector<bool> seen(program.size(), false);
  for (const auto& op : program.operations()) {
    const auto& region = b.map.arrays[op.array];
    EXPECT_EQ(op.kind, operation_kind::read_line);
    EXPECT_EQ(op.phase, phase::read_out);
    EXPECT_EQ(op.vectors, region.inputs);
    EXPECT_EQ(op.outputs[0].length, region.outputs);
    EXPECT_EQ(arena.slot(op.outputs[0].slot).home, residence::memory);
    seen[op.array] = true;
  }
  EXPECT_EQ(std::ranges::count(seen, true), static_cast<std::ptrdiff_t>(program.size()));
}

} // namespace
} // namespace tilework::workload
