// SPDX-License-Identifier: Apache-2.0
#include <tilework/workloads/programs.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace tilework::workload {
namespace {

/// Layers 10 -> 7 -> 3 on arrays of 6 x 4: layer 0 in 2 x 2 pieces, layer 1 in 2 x 1.
struct programs : testing::Test {
  network_configuration network{{10, 7, 3}, activation::sigmoid, true};
  network_map map = map_network(network, {6, 6, 4}, {});
  operand_arena arena;
  algorithm_configuration algorithm;
  std::vector<stage_plan> stages;
  operand_layout layout = lay_out(arena, {network, map, algorithm, stages, 5});
  program_inputs in{network, map, layout, {}, algorithm, stages, {{}}};
  [[nodiscard]] step_program training_step() const { return emit_training_step(in, {.vectors = 5}); }
};

using condition = std::function<bool(const operation&)>;

condition is(operation_kind kind, std::uint32_t array) {
  return [=](const operation& o) { return o.kind == kind && o.array == array; };
}
condition is(vector_function function, std::uint16_t layer, phase p = phase::forward) {
  return [=](const operation& o) { return o.function == function && o.layer == layer && o.phase == p; };
}

std::vector<std::uint32_t> all(const step_program& program, const condition& wanted) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t k = 0; k < program.size(); ++k)
    if (wanted(program.operations()[k]))
      found.push_back(k);
  return found;
}

/// The only operation that meets a condition.
std::uint32_t the(const step_program& program, const condition& wanted) {
  const auto found = all(program, wanted);
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? 0 : found.front();
}

/// Whether there is a path of edges.
bool ordered(const step_program& program, std::uint32_t before, std::uint32_t after) {
  const auto next = program.successors(before);
  return std::any_of(next.begin(), next.end(), [&](auto n) { return n == after || ordered(program, n, after); });
}

TEST_F(programs, programming_writes_every_array_once_without_order) {
  const auto program = emit_programming(in);
  ASSERT_EQ(program.size(), 6U);
  for (std::uint32_t a = 0; a < 6; ++a) {
    const auto& op = program.operations()[a];
    EXPECT_EQ(op.kind, operation_kind::program);
    EXPECT_EQ(op.phase, phase::program);
    EXPECT_EQ(op.array, a);
    EXPECT_EQ(op.vectors, map.arrays[a].outputs);
    EXPECT_EQ(op.inputs[0].length, map.arrays[a].inputs);
    EXPECT_EQ(arena.slot(op.inputs[0].slot).home, residence::memory);
    EXPECT_TRUE(program.predecessors(a).empty());
  }
}

TEST_F(programs, forward_chain_follows_the_layers) {
  const auto program = training_step();
  const auto load = the(program, [](const auto& o) { return o.kind == operation_kind::load_samples; });
  const auto activate = the(program, is(vector_function::bias_activation, 0));
  const auto loss = the(program, is(vector_function::loss_gradient, 1));
  for (std::uint32_t a = 0; a < 4; ++a) {
    const auto forward = the(program, is(operation_kind::forward_mvm, a));
    EXPECT_TRUE(ordered(program, load, forward));
    EXPECT_TRUE(ordered(program, forward, activate));
  }
  for (std::uint32_t a = 4; a < 6; ++a) {
    const auto forward = the(program, is(operation_kind::forward_mvm, a));
    EXPECT_TRUE(ordered(program, activate, forward));
    EXPECT_TRUE(ordered(program, forward, loss));
  }
  for (const auto& op : program.operations())
    EXPECT_EQ(op.vectors, 5U);
}

TEST_F(programs, pieces_of_a_layer_run_side_by_side) {
  const auto program = training_step();
  for (std::uint32_t a = 0; a < 4; ++a)
    for (std::uint32_t b = 0; b < 4; ++b)
      EXPECT_FALSE(ordered(program, the(program, is(operation_kind::forward_mvm, a)),
                           the(program, is(operation_kind::forward_mvm, b))));
}

TEST_F(programs, partial_sums_lie_in_split_order) {
  const auto program = training_step();
  const auto sum = the(program, is(vector_function::accumulate_partial_sums, 0));
  const auto& op = program.operations()[sum];
  EXPECT_EQ(op.inputs[0].length, 2U * 7);
  EXPECT_EQ(op.outputs[0].length, 7U);
  for (std::uint32_t i = 0; i < 2; ++i)
    for (std::uint32_t o = 0; o < 2; ++o) {
      const auto forward = the(program, is(operation_kind::forward_mvm, map.layers[0].array(i, o)));
      const auto& region = map.arrays[map.layers[0].array(i, o)];
      const auto& out = program.operations()[forward].outputs[0];
      EXPECT_EQ(out.slot, op.inputs[0].slot);
      EXPECT_EQ(out.first, i * 7 + region.first_output);
      EXPECT_EQ(out.length, region.outputs);
      EXPECT_TRUE(ordered(program, forward, sum));
    }
  EXPECT_TRUE(ordered(program, sum, the(program, is(vector_function::bias_activation, 0))));
}

TEST_F(programs, output_splits_add_up_on_the_way_back) {
  network.layers = {10, 7, 7, 3};
  map = map_network(network, {20, 6, 4}, {}); // layer 1 in 2 x 2 pieces
  arena = {};
  layout = lay_out(arena, {network, map, algorithm, stages, 5});
  const auto program = training_step();
  const auto sum = the(program, is(vector_function::accumulate_partial_sums, 1, phase::backward));
  const auto& op = program.operations()[sum];
  EXPECT_EQ(op.inputs[0].length, 2U * 7);
  for (std::uint32_t i = 0; i < 2; ++i)
    for (std::uint32_t o = 0; o < 2; ++o) {
      const auto a = map.layers[1].array(i, o);
      const auto backward = the(program, is(operation_kind::backward_mvm, a));
      const auto& out = program.operations()[backward].outputs[0];
      EXPECT_EQ(out.slot, op.inputs[0].slot);
      EXPECT_EQ(out.first, o * 7 + map.arrays[a].first_input);
      EXPECT_EQ(out.length, map.arrays[a].inputs);
      EXPECT_TRUE(ordered(program, backward, sum));
    }
  const auto gradient = the(program, is(vector_function::activation_gradient, 0, phase::backward));
  EXPECT_TRUE(ordered(program, sum, gradient));
}

TEST_F(programs, updates_come_after_all_reads_of_their_array) {
  const auto program = training_step();
  for (std::uint32_t a = 0; a < 6; ++a) {
    const auto update = the(program, is(operation_kind::outer_product_update, a));
    EXPECT_TRUE(ordered(program, the(program, is(operation_kind::forward_mvm, a)), update));
    if (a >= 4) { // no gradient of the network's input
      EXPECT_TRUE(ordered(program, the(program, is(operation_kind::backward_mvm, a)), update));
    }
  }
  EXPECT_TRUE(
      all(program, [](const auto& o) { return o.kind == operation_kind::backward_mvm && o.layer == 0; }).empty());
}

TEST_F(programs, update_of_a_layer_runs_beside_the_backward_pass_below) {
  network.layers = {5, 4, 4, 3};
  map = map_network(network, {3, 6, 4}, {});
  arena = {};
  layout = lay_out(arena, {network, map, algorithm, stages, 5});
  const auto program = training_step();
  EXPECT_FALSE(ordered(program, the(program, is(operation_kind::outer_product_update, 2)),
                       the(program, is(operation_kind::backward_mvm, 1))));
}

TEST_F(programs, serial_order_keeps_the_update_apart_from_the_backward_pass_below) {
  network.layers = {5, 4, 4, 3};
  map = map_network(network, {3, 6, 4}, {});
  arena = {};
  layout = lay_out(arena, {network, map, algorithm, stages, 5});
  in.order = step_order::serial;
  const auto program = training_step();
  EXPECT_TRUE(ordered(program, the(program, is(operation_kind::outer_product_update, 2)),
                      the(program, is(operation_kind::backward_mvm, 1))));
}

/// Operations of one kind on one array that work on a vector.
condition of_vector(operation_kind kind, std::uint32_t array, std::uint32_t vector) {
  return [=](const operation& o) {
    return o.kind == kind && o.array == array && o.first_vector <= vector && vector < o.first_vector + o.vectors;
  };
}

TEST_F(programs, bursts_of_a_pipeline_go_through_the_layers_one_after_the_other) {
  in.order = step_order::pipelined;
  in.micro_batch = 2;
  const auto program = training_step(); // vectors 0 and 1, 2 and 3, 4
  for (const auto kind : {operation_kind::forward_mvm, operation_kind::backward_mvm}) {
    const auto found = all(program, is(kind, 4));
    ASSERT_EQ(found.size(), 3U);
    std::uint32_t next = 0;
    for (const auto index : found) {
      const auto& op = program.operations()[index];
      EXPECT_EQ(op.first_vector, next);
      EXPECT_EQ(op.vectors, next == 4 ? 1U : 2U);
      EXPECT_EQ(op.inputs[0].first_vector, next);
      EXPECT_EQ(op.outputs[0].vectors, op.vectors);
      next += op.vectors;
    }
  }
  for (const auto vector : {0U, 2U, 4U}) {
    const auto first = the(program, of_vector(operation_kind::forward_mvm, 0, vector));
    const auto second = the(program, of_vector(operation_kind::forward_mvm, 4, vector));
    const auto back = the(program, of_vector(operation_kind::backward_mvm, 4, vector));
    const auto update = the(program, is(operation_kind::outer_product_update, 4));
    EXPECT_TRUE(ordered(program, first, second));
    EXPECT_TRUE(ordered(program, second, back));
    EXPECT_TRUE(ordered(program, back, update)); // one update, of all vectors, as ever
    for (const auto other : {0U, 2U, 4U})
      for (const auto later : {operation_kind::forward_mvm, operation_kind::backward_mvm}) {
        EXPECT_EQ(ordered(program, first, the(program, of_vector(later, 4, other))), other == vector);
      }
  }
  EXPECT_EQ(program.operations()[the(program, is(operation_kind::outer_product_update, 4))].vectors, 5U);
  for (const auto& op : program.operations())
    if (op.function == vector_function::loss_gradient) {
      EXPECT_EQ(op.loss_vectors, 5U); // of the mean
    }
}

TEST_F(programs, a_pipeline_of_one_burst_is_the_plain_program) {
  const auto plain = training_step();
  in.order = step_order::pipelined;
  in.micro_batch = 5;
  const auto pipelined = training_step();
  ASSERT_EQ(plain.size(), pipelined.size());
  for (std::size_t k = 0; k < plain.size(); ++k) {
    EXPECT_EQ(plain.operations()[k].vectors, pipelined.operations()[k].vectors);
    EXPECT_TRUE(std::ranges::equal(plain.predecessors(k), pipelined.predecessors(k)));
  }
}

TEST_F(programs, mini_batches_of_one_step_share_slots_but_no_vectors) {
  arena = {};
  layout = lay_out(arena, {network, map, algorithm, stages, 7});
  const auto program = emit_training_step(in, {.vectors = 7, .mini_batch = 3}); // 3, 3 and 1
  for (std::uint32_t a = 0; a < 6; ++a) {
    const auto updates = all(program, is(operation_kind::outer_product_update, a));
    ASSERT_EQ(updates.size(), 3U);
    for (std::uint32_t k = 0; k < 3; ++k) {
      const auto& op = program.operations()[updates[k]];
      EXPECT_EQ(op.mini_batch, k);
      EXPECT_EQ(op.first_vector, 3 * k);
      EXPECT_EQ(op.vectors, k < 2 ? 3U : 1U);
      EXPECT_EQ(op.updates_before, k);
      const auto forward = the(program, of_vector(operation_kind::forward_mvm, a, 3 * k));
      EXPECT_EQ(program.operations()[forward].updates_before, k);
      EXPECT_TRUE(ordered(program, forward, updates[k]));
      for (std::uint32_t earlier = 0; earlier < k; ++earlier) {
        EXPECT_TRUE(ordered(program, updates[earlier], updates[k]));
        EXPECT_FALSE(ordered(program, updates[earlier], forward));
      }
    }
  }
  for (const auto& op : program.operations())
    if (op.function == vector_function::loss_gradient) {
      EXPECT_EQ(op.loss_vectors, op.mini_batch < 2 ? 3U : 1U);
    }
}

TEST_F(programs, bias_changes_after_its_use) {
  const auto program = training_step();
  EXPECT_TRUE(ordered(program, the(program, is(vector_function::bias_activation, 0)),
                      the(program, is(vector_function::bias_update, 0, phase::update))));
  EXPECT_TRUE(ordered(program, the(program, is(vector_function::add_bias, 1)),
                      the(program, is(vector_function::bias_update, 1, phase::update))));
  network.bias = false;
  EXPECT_TRUE(all(training_step(), [](const auto& o) { return o.function == vector_function::bias_update; }).empty());
}

TEST_F(programs, management_is_on_the_critical_path) {
  const auto program = training_step();
  const auto forward_scales = all(program, is(vector_function::noise_management, 0));
  ASSERT_EQ(forward_scales.size(), 2U); // one per input piece
  for (std::uint32_t i = 0; i < 2; ++i)
    for (std::uint32_t o = 0; o < 2; ++o)
      EXPECT_TRUE(ordered(program, forward_scales[i],
                          the(program, is(operation_kind::forward_mvm, map.layers[0].array(i, o)))));
  const auto backward_scales = all(program, is(vector_function::noise_management, 1, phase::backward));
  ASSERT_EQ(backward_scales.size(), 1U);
  for (std::uint32_t a = 4; a < 6; ++a)
    EXPECT_TRUE(ordered(program, backward_scales[0], the(program, is(operation_kind::backward_mvm, a))));
  const auto update_scales = all(program, is(vector_function::update_management, 0, phase::update));
  ASSERT_EQ(update_scales.size(), 4U); // one per array
  for (std::uint32_t a = 0; a < 4; ++a)
    EXPECT_TRUE(ordered(program, update_scales[a], the(program, is(operation_kind::outer_product_update, a))));
}

TEST_F(programs, management_that_is_off_costs_nothing) {
  in.managed = {false, false, false};
  const auto program = training_step();
  for (const auto& op : program.operations()) {
    EXPECT_NE(op.function, vector_function::noise_management);
    EXPECT_NE(op.function, vector_function::update_management);
  }
}

/// The programs with a static input range per array.
struct ranged_programs : programs {
  ranged_programs() { in.range.enable = true; }
  step_program emit(bool estimates = false) {
    arena = {};
    in.first_layer_gradient = in.range.learned();
    layout = lay_out(arena, {network, map, algorithm, stages, 5, false, in.first_layer_gradient, in.range});
    return emit_training_step(in, {.vectors = 5, .estimates_ranges = estimates});
  }
  /// Vector operations of one function on the range of one array.
  condition of(vector_function function, std::uint32_t array) {
    return [this, function, array](const operation& o) {
      return o.function == function &&
             (o.inputs[1].slot == layout.range[array] || o.inputs[2].slot == layout.range[array]);
    };
  }
};

TEST_F(ranged_programs, wrap_every_product) {
  const auto program = emit();
  for (std::uint32_t a = 0; a < 6; ++a) {
    const auto apply = the(program, of(vector_function::input_range_apply, a));
    const auto forward = the(program, is(operation_kind::forward_mvm, a));
    const auto restore = the(program, of(vector_function::input_range_restore, a));
    const auto& ops = program.operations();
    EXPECT_EQ(ops[apply].inputs[0].slot, layout.layers[ops[apply].layer].input);
    EXPECT_EQ(ops[apply].inputs[0].first, map.arrays[a].first_input);
    EXPECT_EQ(ops[forward].inputs[0].slot, layout.ranged_input[a]);
    EXPECT_EQ(ops[forward].inputs[0].length, map.arrays[a].inputs);
    EXPECT_EQ(ops[restore].inputs[0].slot, ops[forward].outputs[0].slot);
    EXPECT_EQ(ops[restore].inputs[0].first, ops[forward].outputs[0].first);
    EXPECT_EQ(ops[restore].outputs[0].first, ops[forward].outputs[0].first);
    EXPECT_TRUE(ordered(program, apply, forward));
    EXPECT_TRUE(ordered(program, forward, restore));
    const auto used = a < 4 ? is(vector_function::bias_activation, 0) : is(vector_function::loss_gradient, 1);
    EXPECT_TRUE(ordered(program, restore, the(program, used)));
    // The update sees what the array saw.
    EXPECT_EQ(ops[the(program, is(operation_kind::outer_product_update, a))].inputs[0].slot, layout.ranged_input[a]);
  }
  EXPECT_TRUE(all(program, [](const auto& o) { return o.function == vector_function::input_range_estimate; }).empty());
}

TEST_F(ranged_programs, estimate_before_use_and_learn_after_it) {
  const auto program = emit(true);
  for (std::uint32_t a = 0; a < 6; ++a) {
    const auto estimate = the(program, of(vector_function::input_range_estimate, a));
    const auto apply = the(program, of(vector_function::input_range_apply, a));
    const auto backward = the(program, is(operation_kind::backward_mvm, a)); // of the first layer too
    const auto learn = the(program, of(vector_function::input_range_update, a));
    EXPECT_TRUE(ordered(program, estimate, apply));
    EXPECT_TRUE(ordered(program, apply, learn));
    EXPECT_TRUE(ordered(program, backward, learn));
    EXPECT_EQ(program.operations()[learn].inputs[1].slot, program.operations()[backward].outputs[0].slot);
    EXPECT_EQ(program.operations()[learn].inputs[1].first, program.operations()[backward].outputs[0].first);
    EXPECT_EQ(program.operations()[learn].outputs[0].length, 1U);
  }
}

TEST_F(ranged_programs, fixed_ranges_need_no_further_gradient) {
  in.range.learn_input_range = false;
  const auto program = emit();
  for (const auto& op : program.operations()) {
    EXPECT_NE(op.function, vector_function::input_range_update);
    EXPECT_FALSE(op.kind == operation_kind::backward_mvm && op.layer == 0);
  }
}

TEST_F(ranged_programs, evaluation_changes_no_range) {
  emit();
  const auto program = emit_evaluation(in, 5);
  EXPECT_EQ(all(program, [](const auto& o) { return o.function == vector_function::input_range_apply; }).size(), 6U);
  for (const auto& op : program.operations())
    for (const auto& out : op.outputs)
      EXPECT_EQ(std::ranges::count(layout.range, out.slot), 0);
}

TEST_F(programs, reads_expect_the_weights_before_the_update) {
  const auto program = training_step();
  for (const auto& op : program.operations())
    EXPECT_EQ(op.updates_before, 0U); // one update per array and step, and it is the last access
}

TEST_F(programs, evaluation_only_reads) {
  const auto program = emit_evaluation(in, 5);
  for (const auto& op : program.operations()) {
    EXPECT_EQ(op.phase, phase::evaluate);
    EXPECT_NE(op.kind, operation_kind::outer_product_update);
    EXPECT_NE(op.kind, operation_kind::backward_mvm);
    EXPECT_NE(op.function, vector_function::bias_update);
  }
  EXPECT_EQ(all(program, [](const auto& o) { return o.kind == operation_kind::forward_mvm; }).size(), 6U);
  the(program, is(vector_function::loss_gradient, 1, phase::evaluate));
}

TEST_F(programs, phases_of_training) {
  const auto program = training_step();
  for (const auto& op : program.operations()) {
    EXPECT_TRUE(is_training(op.phase));
    EXPECT_TRUE(op.kind != operation_kind::forward_mvm || op.phase == phase::forward);
    EXPECT_TRUE(op.kind != operation_kind::backward_mvm || op.phase == phase::backward);
    EXPECT_TRUE(op.kind != operation_kind::outer_product_update || op.phase == phase::update);
  }
}

/// One layer 6 -> 4, fast and slow arrays, two replicas of both unless a test says otherwise.
struct transfers : testing::Test {
  transfers() {
    network.layers = {6, 4};
    algorithm.family = algorithm_family::transfer;
    algorithm.kind = transfer_kind::dynamic;
    algorithm.roles = 2;
    algorithm.replicas = 2;
    algorithm.replicate = replication::fast_and_slow;
    algorithm.auto_scale = true;
    stages = {{{.order = {.lines = 6}, .rule = numerics::chopped_rule{}}, {1, true}, {1, false}, {0.002F, true}}};
  }
  step_program emit(const stage_events& events, bool evaluation = false) {
    map = map_network(network, {20, 6, 4}, {}, algorithm.copies());
    arena = {};
    layout = lay_out(arena, {network, map, algorithm, stages, 5, every_copy});
    const program_inputs in{network, map, layout, {}, algorithm, stages, traits, order, 5, every_copy};
    return evaluation ? emit_evaluation(in, 5) : emit_training_step(in, {.vectors = 5, .events = {events}});
  }
  [[nodiscard]] std::uint32_t fast(std::uint32_t copy) const { return map.layers[0].array(0, 0, 0, copy); }
  [[nodiscard]] std::uint32_t slow(std::uint32_t copy) const { return map.layers[0].array(0, 0, 1, copy); }

  network_configuration network;
  algorithm_configuration algorithm;
  std::vector<stage_plan> stages;
  std::vector<role_traits> traits{2};
  step_order order = step_order::by_data;
  bool every_copy = false;
  network_map map;
  operand_arena arena;
  operand_layout layout;
};

condition is(transfer_function function) {
  return [=](const operation& o) { return o.transfer == function; };
}

TEST_F(transfers, replicas_share_a_mini_batch) {
  const auto program = emit({.first = 3});
  for (std::uint32_t copy = 0; copy < 2; ++copy) {
    const auto& forward = program.operations()[the(program, is(operation_kind::forward_mvm, slow(copy)))];
    const auto& update = program.operations()[the(program, is(operation_kind::outer_product_update, fast(copy)))];
    for (const auto* op : {&forward, &update}) {
      EXPECT_EQ(op->first_vector, copy == 0 ? 0U : 3U);
      EXPECT_EQ(op->vectors, copy == 0 ? 3U : 2U);
      EXPECT_EQ(op->inputs[0].first_vector, op->first_vector);
      EXPECT_EQ(op->inputs[0].vectors, op->vectors);
    }
    EXPECT_NE(update.inputs[3].slot, no_slot); // automatic rates
    EXPECT_NE(update.inputs[4].slot, no_slot); // choppers
  }
  EXPECT_FALSE(ordered(program, the(program, is(operation_kind::forward_mvm, slow(0))),
                       the(program, is(operation_kind::forward_mvm, slow(1)))));
}

TEST_F(transfers, gather_from_all_fast_copies_and_broadcast_to_all_slow_ones) {
  const auto program = emit({.first = 3});
  const auto line = the(program, is(transfer_function::accumulate_line));
  EXPECT_EQ(program.operations()[line].inputs[0].vectors, 2U);
  for (std::uint32_t copy = 0; copy < 2; ++copy) {
    const auto read = the(program, is(operation_kind::read_line, fast(copy)));
    EXPECT_TRUE(ordered(program, the(program, is(operation_kind::outer_product_update, fast(copy))), read));
    EXPECT_TRUE(ordered(program, read, line));
    const auto write = the(program, is(operation_kind::write_line, slow(copy)));
    EXPECT_TRUE(ordered(program, line, write));
    EXPECT_TRUE(ordered(program, the(program, is(operation_kind::forward_mvm, slow(copy))), write));
    EXPECT_EQ(program.operations()[write].rate.at(0.5F), 0.002F);
  }
  EXPECT_FALSE(ordered(program, the(program, is(operation_kind::read_line, fast(0))),
                       the(program, is(operation_kind::read_line, fast(1)))));
}

TEST_F(transfers, one_fast_array_takes_all_vectors) {
  algorithm.replicate = replication::slow;
  const auto program = emit({.first = 5});
  EXPECT_EQ(program.operations()[the(program, is(operation_kind::outer_product_update, fast(0)))].vectors, 5U);
  EXPECT_EQ(all(program, [](const auto& o) { return o.kind == operation_kind::write_line; }).size(), 2U);
}

TEST_F(transfers, come_between_the_vectors) {
  algorithm.replicas = 1;
  const auto program = emit({.first = 2, .every = 2});
  const auto updates = all(program, is(operation_kind::outer_product_update, fast(0)));
  const auto reads = all(program, is(operation_kind::read_line, fast(0)));
  ASSERT_EQ(updates.size(), 3U);
  ASSERT_EQ(reads.size(), 2U);
  for (std::uint32_t k = 0; k < 2; ++k) {
    EXPECT_EQ(program.operations()[reads[k]].read, k);
    EXPECT_TRUE(ordered(program, updates[k], reads[k]));
    EXPECT_TRUE(ordered(program, reads[k], updates[k + 1]));
    // The rule sees the latest rate: that of the vector before.
    const auto& rate = program.operations()[all(program, is(transfer_function::accumulate_line))[k]].inputs[1];
    EXPECT_EQ(rate.first_vector, 2 * k + 1);
  }
  EXPECT_EQ(program.operations()[updates[2]].first_vector, 4U);
  EXPECT_EQ(program.operations()[updates[2]].vectors, 1U);
}

TEST_F(transfers, may_wait_for_the_next_step) {
  const auto left = emit({.first = 3, .deferred = true});
  EXPECT_TRUE(all(left, is(transfer_function::accumulate_line)).empty());
  const auto next = emit({.first = 3, .pending = true, .deferred = true});
  const auto line = the(next, is(transfer_function::accumulate_line));
  for (std::uint32_t copy = 0; copy < 2; ++copy) {
    const auto write = the(next, is(operation_kind::write_line, slow(copy)));
    EXPECT_TRUE(ordered(next, line, write));
    EXPECT_TRUE(ordered(next, write, the(next, is(operation_kind::forward_mvm, slow(copy)))));
  }
}

TEST_F(transfers, rest_once_per_mini_batch) {
  traits[1].rests = true;
  const auto program = emit({.first = 3});
  for (std::uint32_t copy = 0; copy < 2; ++copy) {
    EXPECT_TRUE(ordered(program, the(program, is(operation_kind::write_line, slow(copy))),
                        the(program, is(operation_kind::rest, slow(copy)))));
    EXPECT_TRUE(all(program, is(operation_kind::rest, fast(copy))).empty());
  }
}

TEST_F(transfers, rest_after_a_transfer_that_waited) {
  traits[1].rests = true;
  const auto left = emit({.first = 3, .deferred = true});
  EXPECT_TRUE(all(left, is(operation_kind::rest, slow(0))).empty());
  const auto next = emit({.first = 3, .pending = true, .deferred = true});
  const auto rest = the(next, is(operation_kind::rest, slow(0)));
  EXPECT_EQ(next.operations()[rest].vectors, 0U); // numbered by the end of the mini-batch before
  EXPECT_TRUE(ordered(next, the(next, is(operation_kind::write_line, slow(0))), rest));
  EXPECT_TRUE(ordered(next, rest, the(next, is(operation_kind::forward_mvm, slow(0)))));
}

TEST_F(transfers, serial_order_leaves_only_replicas_side_by_side) {
  order = step_order::serial;
  const auto program = emit({.first = 3});
  const auto loss = the(program, is(vector_function::loss_gradient, 0));
  const auto update = the(program, is(operation_kind::outer_product_update, fast(0)));
  const auto bias = the(program, is(vector_function::bias_update, 0, phase::update));
  EXPECT_TRUE(ordered(program, loss, update));
  EXPECT_TRUE(ordered(program, the(program, is(operation_kind::write_line, slow(1))), bias));
  EXPECT_FALSE(ordered(program, update, the(program, is(operation_kind::outer_product_update, fast(1)))));
}

TEST_F(transfers, bursts_of_a_pipeline_belong_to_one_replica_each) {
  map = map_network(network, {20, 6, 4}, {}, algorithm.copies());
  arena = {};
  layout = lay_out(arena, {network, map, algorithm, stages, 5});
  const program_inputs in{.network = network,
                          .map = map,
                          .layout = layout,
                          .managed = {},
                          .algorithm = algorithm,
                          .stages = stages,
                          .roles = traits,
                          .order = step_order::pipelined,
                          .mini_batch = 5,
                          .micro_batch = 2};
  const auto program = emit_training_step(in, {.vectors = 5, .events = {{.first = 3}}});
  std::vector<std::pair<std::uint32_t, std::uint32_t>> of_first; // replica 0 has vectors 0 to 2, replica 1 the others
  for (const auto k : all(program, is(operation_kind::forward_mvm, slow(0))))
    of_first.emplace_back(program.operations()[k].first_vector, program.operations()[k].vectors);
  EXPECT_EQ(of_first, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 2}, {2, 1}}));
  const auto of_second = the(program, is(operation_kind::forward_mvm, slow(1)));
  EXPECT_EQ(program.operations()[of_second].first_vector, 3U);
  EXPECT_EQ(program.operations()[of_second].vectors, 2U);
}

TEST_F(transfers, evaluation_averages_the_copies) {
  every_copy = true;
  const auto program = emit({}, true);
  const auto sum = the(program, is(vector_function::accumulate_partial_sums, 0, phase::evaluate));
  EXPECT_EQ(program.operations()[sum].inputs[0].length, 2U * 4);
  EXPECT_EQ(program.operations()[sum].inputs[1].length, 2U);
  for (std::uint32_t copy = 0; copy < 2; ++copy) {
    const auto& op = program.operations()[the(program, is(operation_kind::forward_mvm, slow(copy)))];
    EXPECT_EQ(op.vectors, 5U);
    EXPECT_EQ(op.outputs[0].first, copy * 4);
  }
}

TEST_F(transfers, digital_gradients_become_pulses_after_the_first_vector) {
  algorithm.family = algorithm_family::mixed_precision;
  algorithm.roles = 1;
  algorithm.replicas = 1;
  stages = {{{.order = {.lines = 4, .per_event = 4}, .side = line_side::outputs, .rule = numerics::rank_one_rule{}},
             {1, true},
             {1, true},
             {0.001F, true}}};
  traits.resize(1);
  map = map_network(network, {20, 6, 4}, {});
  arena = {};
  layout = lay_out(arena, {network, map, algorithm, stages, 5});
  const program_inputs in{network, map, layout, {}, algorithm, stages, traits};
  const auto first = emit_training_step(in, {.vectors = 5});
  EXPECT_TRUE(all(first, is(transfer_function::take_lines)).empty());
  EXPECT_EQ(first.operations()[the(first, is(transfer_function::accumulate_product))].vectors, 5U);
  const auto later = emit_training_step(in, {.vectors = 5, .takes_pulses = true});
  const auto products = all(later, is(transfer_function::accumulate_product));
  ASSERT_EQ(products.size(), 2U);
  EXPECT_EQ(later.operations()[products[0]].vectors, 1U);
  EXPECT_EQ(later.operations()[products[1]].first_vector, 1U);
  const auto take = the(later, is(transfer_function::take_lines));
  const auto write = the(later, is(operation_kind::write_line, 0));
  EXPECT_TRUE(ordered(later, products[0], take));
  EXPECT_TRUE(ordered(later, take, write));
  EXPECT_TRUE(ordered(later, take, products[1]));
  EXPECT_EQ(later.operations()[write].vectors, 4U);
}

} // namespace
} // namespace tilework::workload
