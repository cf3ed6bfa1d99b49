// SPDX-License-Identifier: Apache-2.0
// Numbers by hand from the rules of AIHWKit's compounds and of the multi-tile study.
#include <tilework/workloads/algorithm.h>

#include <gtest/gtest.h>

namespace tilework::workload {
namespace {

algorithm_configuration transfer(transfer_kind kind, std::vector<float> granularity = {0.001F, 0.002F}) {
  algorithm_configuration a;
  a.family = algorithm_family::transfer;
  a.kind = kind;
  a.roles = static_cast<std::uint32_t>(granularity.size());
  a.granularity = std::move(granularity);
  return a;
}

transfer_period period_of(const algorithm_configuration& a, std::uint32_t stage = 0) {
  return plan_stage(a, stage, 6, 10, 8, 1).period;
}

const numerics::chopped_rule& chopped_rule_of(const stage_plan& plan) {
  return std::get<numerics::chopped_rule>(plan.stage.rule);
}

TEST(algorithm, periods_in_mini_batches_become_vectors_only_where_they_must) {
  auto a = transfer(transfer_kind::tiki_taka);
  EXPECT_EQ(period_of(a).every, 1U);
  EXPECT_TRUE(period_of(a).in_mini_batches);
  a.transfer_every = 1.3; // 10.4 of 8 vectors each
  EXPECT_EQ(period_of(a).every, 11U);
  EXPECT_FALSE(period_of(a).in_mini_batches);
  a.units_in_mbatch = false;
  EXPECT_EQ(period_of(a).every, 1U);
  EXPECT_FALSE(period_of(a).in_mini_batches);
  a.transfer_every = 2.5;
  EXPECT_EQ(period_of(a).every, 3U);
  a.transfer_every = 0;
  EXPECT_EQ(period_of(a).every, 0U);
}

TEST(algorithm, later_stages_wait_until_all_lines_of_the_other_side_were_read) {
  auto a = transfer(transfer_kind::tiki_taka, {0.001F, 0.001F, 0.001F, 0.001F});
  a.n_reads_per_transfer = 2;
  EXPECT_EQ(period_of(a, 1).every, 5U); // 1 * 10 outputs / 2 reads
  EXPECT_EQ(period_of(a, 2).every, 25U);
  a.transfer_columns = false;
  EXPECT_EQ(period_of(a, 1).every, 3U); // 1 * 6 inputs / 2 reads
  a.transfer_every_vec = {1, 7, 9};
  EXPECT_EQ(period_of(a, 2).every, 9U);
}

TEST(algorithm, a_negative_period_of_choppers_follows_from_the_number_of_states) {
  auto a = transfer(transfer_kind::chopped);
  a.units_in_mbatch = false;
  a.states = 1000;
  a.transfer_every = -0.05; // 1000 / 6 * 0.05 = 8.33
  EXPECT_EQ(period_of(a).every, 8U);
  EXPECT_FALSE(period_of(a).in_mini_batches);
  a.transfer_every = -0.001;
  EXPECT_EQ(period_of(a).every, 1U);
}

TEST(algorithm, lines_are_columns_or_rows) {
  auto a = transfer(transfer_kind::tiki_taka);
  a.n_reads_per_transfer = 100;
  a.random_selection = true;
  a.seed = 5;
  auto stage = plan_stage(a, 0, 6, 10, 8, 77).stage;
  EXPECT_EQ(stage.side, line_side::inputs);
  EXPECT_EQ(stage.order.lines, 6U);
  EXPECT_EQ(stage.order.per_event, 6U);
  EXPECT_EQ(stage.order.first, 0U);
  EXPECT_TRUE(stage.order.random);
  EXPECT_EQ(stage.order.seed, 5U);
  EXPECT_EQ(stage.order.stream, 77U);
  a.transfer_columns = false;
  stage = plan_stage(a, 0, 6, 10, 8, 77).stage;
  EXPECT_EQ(stage.side, line_side::outputs);
  EXPECT_EQ(stage.order.lines, 10U);
  EXPECT_EQ(stage.order.per_event, 10U);
  a.kind = transfer_kind::chopped; // one line after the other, whatever these say
  stage = plan_stage(a, 0, 6, 10, 8, 77).stage;
  EXPECT_EQ(stage.order.per_event, 1U);
  EXPECT_FALSE(stage.order.random);
}

TEST(algorithm, tiki_taka_writes_what_it_reads_at_the_transfer_rate) {
  auto a = transfer(transfer_kind::tiki_taka);
  a.transfer_lr = 0.5F;
  a.gamma = {0.25F, 1};
  auto plan = plan_stage(a, 0, 6, 10, 8, 1);
  EXPECT_FLOAT_EQ(plan.transfer_rate.at(0.1F), 0.05F); // without the factors of the devices
  EXPECT_FLOAT_EQ(plan.write_rate.at(0.1F), 0.05F);
  a.scale_transfer_lr = false;
  a.transfer_lr_vec = {0.75F, 9};
  plan = plan_stage(a, 0, 6, 10, 8, 1);
  EXPECT_FLOAT_EQ(plan.write_rate.at(0.1F), 0.75F);
  EXPECT_TRUE(std::holds_alternative<numerics::direct_rule>(plan.stage.rule));
}

TEST(algorithm, a_buffer_has_the_threshold_of_the_slow_device) {
  auto a = transfer(transfer_kind::buffered);
  a.thres_scale = 3;
  a.step = 2;
  a.gamma = {0.25F, 0.5F};
  a.transfer_desired_bl = 4;
  const auto plan = plan_stage(a, 0, 6, 10, 8, 1);
  const auto rule = std::get<numerics::buffered_rule>(plan.stage.rule);
  EXPECT_FLOAT_EQ(rule.threshold, 0.006F);
  EXPECT_EQ(rule.most_pulses, 4);
  EXPECT_FLOAT_EQ(rule.momentum, 0.1F);
  EXPECT_FLOAT_EQ(plan.transfer_rate.at(0.1F), 0.05F); // times 0.25 / 0.5
  EXPECT_FLOAT_EQ(plan.write_rate.at(0.1F), 0.004F);   // 2 steps of the slow device
}

// The deterministic example of c-TTv2 in the specification: L = lr / b = 4 at lr 0.1 on a 2 x 2 array.
TEST(algorithm, choppers_have_the_threshold_of_the_fast_device) {
  auto a = transfer(transfer_kind::chopped);
  a.units_in_mbatch = false;
  a.momentum = 0;
  a.auto_granularity = 50;
  a.in_chop_prob = 0.25F;
  a.in_chop_random = false;
  auto plan = plan_stage(a, 0, 2, 2, 1, 1);
  EXPECT_FLOAT_EQ(plan.transfer_rate.at(0.1F) / chopped_rule_of(plan).threshold, 4);
  EXPECT_EQ(chopped_rule_of(plan).input_choppers, numerics::chopper_schedule::regular);
  EXPECT_FALSE(chopped_rule_of(plan).dynamic);
  EXPECT_FLOAT_EQ(plan.write_rate.at(0.1F), 0.002F);
  a.correct_gradient_magnitudes = true; // times g_1 / g_0
  a.in_chop_random = true;
  plan = plan_stage(a, 0, 2, 2, 1, 1);
  EXPECT_FLOAT_EQ(plan.transfer_rate.at(0.1F) / chopped_rule_of(plan).threshold, 2);
  EXPECT_TRUE(chopped_rule_of(plan).relative_to_fast_rate);
  EXPECT_EQ(chopped_rule_of(plan).input_choppers, numerics::chopper_schedule::random);
  a.auto_granularity = 0;
  a.buffer_granularity = 0; // stands for 1
  a.in_chop_prob = 0;
  plan = plan_stage(a, 0, 2, 2, 1, 1);
  EXPECT_FLOAT_EQ(chopped_rule_of(plan).threshold, 0.002F);
  EXPECT_EQ(chopped_rule_of(plan).input_choppers, numerics::chopper_schedule::never);
}

// Layer 1 of the study: x = 784, batch 64, dw 0.002, auto_granularity 750, lr 0.1: lr_H is about 3345.
TEST(algorithm, the_study_counts_its_period_in_samples) {
  auto a = transfer(transfer_kind::study_dynamic, {0.002F, 0.004F});
  a.momentum = 0;
  a.auto_granularity = 750;
  a.in_chop_prob = 0.005F;
  a.in_chop_random = false;
  a.tail_weightening = 50;
  const auto plan = plan_stage(a, 0, 784, 256, 64, 1);
  const auto& rule = chopped_rule_of(plan);
  EXPECT_NEAR(plan.transfer_rate.at(0.1F) / rule.threshold, 3345, 0.5);
  EXPECT_EQ(plan.stage.order.first, 1U);
  EXPECT_TRUE(rule.dynamic);
  EXPECT_TRUE(rule.study_schedule);
  EXPECT_FALSE(rule.warm_up);
  EXPECT_EQ(plan.period.every, 1U);
  EXPECT_TRUE(plan.period.in_mini_batches);
  EXPECT_FLOAT_EQ(plan.write_rate.at(0.1F), 0.004F);
  EXPECT_EQ(plan_stage(a, 0, 1, 256, 64, 1).stage.order.first, 0U); // one line only
  EXPECT_FLOAT_EQ(update_granularity_of(a), 0.002F);                // arrays of their own
}

TEST(algorithm, mixed_precision_takes_rows_out_of_a_digital_gradient) {
  algorithm_configuration a;
  a.family = algorithm_family::mixed_precision;
  a.granularity = {0.002F};
  a.transfer_lr = 0.5F;
  a.n_x_bins = 5;
  a.stoc_round_x = false;
  auto plan = plan_stage(a, 0, 6, 10, 8, 1);
  EXPECT_EQ(plan.stage.side, line_side::outputs);
  EXPECT_EQ(plan.stage.order.per_event, 10U);
  EXPECT_FLOAT_EQ(plan.write_rate.at(0.1F), 0.001F);
  EXPECT_FLOAT_EQ(plan.transfer_rate.at(0.1F), 0.1F);
  const auto rule = std::get<numerics::rank_one_rule>(plan.stage.rule);
  EXPECT_FLOAT_EQ(rule.granularity, 0.002F);
  EXPECT_EQ(rule.x_bins, 5);
  EXPECT_FALSE(rule.stochastic_x);
  EXPECT_TRUE(rule.stochastic_d);
  a.mixed_granularity = 0.01F;
  a.n_rows_per_transfer = 3;
  a.transfer_every = 4;
  plan = plan_stage(a, 0, 6, 10, 8, 1);
  EXPECT_EQ(plan.stage.order.per_event, 3U);
  EXPECT_FLOAT_EQ(plan.write_rate.at(0.1F), 0.005F);
  EXPECT_EQ(plan.period.every, 4U);
  EXPECT_TRUE(plan.period.in_mini_batches);
}

TEST(algorithm, fast_arrays_learn_at_their_own_rate) {
  EXPECT_FLOAT_EQ(fast_rate_of({}).at(0.1F), 0.1F);
  auto a = transfer(transfer_kind::tiki_taka);
  a.fast_lr = 0.5F;
  EXPECT_FLOAT_EQ(fast_rate_of(a).at(0.1F), 0.05F);
  a.scale_fast_lr = false;
  EXPECT_FLOAT_EQ(fast_rate_of(a).at(0.1F), 0.5F);
  a.fast_lr = 0; // off
  EXPECT_FLOAT_EQ(fast_rate_of(a).at(0.1F), 0.1F);
}

TEST(algorithm, automatic_rates_use_the_fast_device_but_pulses_the_mean) {
  auto a = transfer(transfer_kind::chopped, {0.001F, 0.003F});
  a.fast_lr = 0.5F;
  a.scale_fast_lr = false;
  const auto fast = plan_stage(a, 0, 2, 2, 1, 1).stage.fast_rate;
  EXPECT_FLOAT_EQ(fast.granularity, 0.001F);
  EXPECT_FLOAT_EQ(fast.fast_lr, 0.5F);
  EXPECT_EQ(fast.desired_bl, 31);
  EXPECT_FALSE(fast.times_learning_rate);
  EXPECT_FLOAT_EQ(update_granularity_of(a), 0.002F);
}

} // namespace
} // namespace tilework::workload
