// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/outcomes.h>

#include <gtest/gtest.h>

#include <array>

namespace tilework {
namespace {

constexpr auto at(phase p) {
  return static_cast<std::size_t>(p);
}

/// 2 ms of training that take 8 mJ, 2 of them leakage, on 4 mm2; an evaluation that must not count.
run_results simple_run() {
  run_results r;
  r.epochs = 3;
  r.training_macs = 1'000'000;
  r.exposed[at(phase::forward)] = femtoseconds::from_seconds(1.5e-3);
  r.exposed[at(phase::update)] = femtoseconds::from_seconds(0.5e-3);
  r.exposed[at(phase::evaluate)] = femtoseconds::from_seconds(1);
  r.costs.entries.resize(2);
  r.costs.rows = {{"adc", component_kind::adc, action::adc_conversion, phase::forward, 1, 6e-3, 0},
                  {"adc", component_kind::adc, std::nullopt, phase::update, 1, 2e-3, 1},
                  {"adc", component_kind::adc, std::nullopt, phase::evaluate, 1, 5, 1}};
  r.costs.training_energy_J = 8e-3;
  r.costs.area_m2 = 4e-6;
  return r;
}

evaluation_row row(unsigned epoch, double accuracy, double time_s, double energy_J) {
  return {.epoch = epoch, .test_accuracy = accuracy, .simulated_time_s = time_s, .energy_J = energy_J};
}

TEST(training_macs, are_those_of_plain_sgd) {
  EXPECT_EQ(training_macs_per_sample(std::array<std::uint32_t, 3>{5, 4, 2}), 2U * 5 * 4 + 3U * 4 * 2);
  EXPECT_EQ(training_macs_per_sample(std::array<std::uint32_t, 2>{784, 10}), 2U * 784 * 10);
}

TEST(outcomes, by_hand) {
  const auto o = outcomes_of(simple_run());
  EXPECT_DOUBLE_EQ(o.operations, 2e6);
  EXPECT_DOUBLE_EQ(o.operations_per_s, 1e9);
  EXPECT_DOUBLE_EQ(o.operations_per_J, 2.5e8);
  EXPECT_DOUBLE_EQ(o.operations_per_s_m2, 2.5e14);
  EXPECT_DOUBLE_EQ(o.average_power_W, 4);
  EXPECT_DOUBLE_EQ(o.leakage_power_W, 1);
  EXPECT_DOUBLE_EQ(o.dynamic_power_W, 3);
  EXPECT_DOUBLE_EQ(o.energy_delay_Js, 16e-6);
}

TEST(outcomes, energy_is_average_power_times_time) {
  for (const double scale : {1e-6, 0.3, 1.0, 77.0}) {
    auto r = simple_run();
    r.costs.training_energy_J *= scale;
    for (auto& row : r.costs.rows)
      row.energy_J *= scale;
    const auto o = outcomes_of(r);
    EXPECT_DOUBLE_EQ(o.average_power_W * r.simulated_time().seconds(), r.costs.training_energy_J);
    EXPECT_DOUBLE_EQ(o.dynamic_power_W + o.leakage_power_W, o.average_power_W);
  }
}

TEST(outcomes, of_a_run_without_time_are_0) {
  const auto o = outcomes_of({});
  EXPECT_EQ(o.operations_per_s, 0);
  EXPECT_EQ(o.operations_per_J, 0);
  EXPECT_EQ(o.average_power_W, 0);
}

TEST(cost_of_accuracy, is_that_of_the_first_evaluation_that_reaches_it) {
  auto r = simple_run();
  r.evaluations = {row(1, 0.8, 1e-3, 3e-3), row(2, 0.9, 1.5e-3, 5e-3), row(3, 0.85, 2e-3, 8e-3)};
  const auto reached = cost_of_accuracy(r, 0.9);
  EXPECT_TRUE(reached.reached);
  EXPECT_EQ(reached.epoch, 2U);
  EXPECT_EQ(reached.time_s, 1.5e-3);
  EXPECT_EQ(reached.energy_J, 5e-3);
  EXPECT_DOUBLE_EQ(reached.energy_delay_Js(), 7.5e-6);
  const auto censored = cost_of_accuracy(r, 0.95);
  EXPECT_FALSE(censored.reached);
  EXPECT_DOUBLE_EQ(censored.time_s, 2e-3);
  EXPECT_DOUBLE_EQ(censored.energy_J, 8e-3);
}

TEST(area_of_tiles, counts_all_and_leaves_shared_parts_out) {
  cost_sheet sheet;
  for (const auto& [kind, area_m2] : {std::pair{component_kind::crossbar, 3e-6}, std::pair{component_kind::adc, 1e-6},
                                      std::pair{component_kind::crossbar, 3e-6}, std::pair{component_kind::adc, 1e-6},
                                      std::pair{component_kind::sram, 7e-6}}) {
    component_cost cost;
    cost.kind = kind;
    cost.area_m2 = area_m2;
    sheet.components.push_back(cost);
  }
  const auto area = area_of_tiles(sheet);
  EXPECT_EQ(area.tiles, 2U);
  EXPECT_DOUBLE_EQ(area.total_m2, 8e-6);
  EXPECT_DOUBLE_EQ(area.of_one_m2(), 4e-6);
  EXPECT_EQ(area_of_tiles({}).of_one_m2(), 0);
}

TEST(endurance, by_hand) {
  const auto use =
      use_of({1e6, "paper"}, {.layer = 1, .role = 0, .pulses_per_cell = 10, .most_pulses_per_cell = 500}, 2);
  EXPECT_DOUBLE_EQ(use.share, 5e-4);
  EXPECT_DOUBLE_EQ(use.trainings, 2000);
  EXPECT_DOUBLE_EQ(use.life_s, 4000);
  EXPECT_EQ(use_of({1e6, "paper"}, {}, 2).share, 0);
}

} // namespace
} // namespace tilework
