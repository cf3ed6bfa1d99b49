// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/comparison.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace tilework::report {
namespace {

run_summary run(const std::string& configuration, std::uint64_t seed, double accuracy, double energy_J) {
  run_summary r;
  r.directory = configuration + std::to_string(seed);
  r.experiment = "experiment";
  r.machine = "machine";
  r.configuration = configuration;
  r.seed = seed;
  r.epochs = 2;
  r.test_accuracy = accuracy;
  r.time_s = 2e-3;
  r.energy_J = energy_J;
  r.area_mm2 = 4;
  r.evaluations = {{.epoch = 1, .test_accuracy = accuracy - 0.1, .simulated_time_s = 1e-3, .energy_J = energy_J / 2},
                   {.epoch = 2, .test_accuracy = accuracy, .simulated_time_s = 2e-3, .energy_J = energy_J}};
  return r;
}

std::vector<run_group> two_groups() {
  return grouped({run("a", 1, 0.9, 1e-3), run("a", 2, 0.8, 2e-3), run("b", 1, 0.95, 4e-3), run("a", 3, 0.85, 3e-3)});
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(spread, of_plain_values) {
  const auto odd = spread_of(std::array{observation{3}, observation{1}, observation{2}});
  EXPECT_EQ(odd.median.value, 2);
  EXPECT_EQ(odd.least.value, 1);
  EXPECT_EQ(odd.most.value, 3);
  EXPECT_FALSE(odd.median.censored || odd.least.censored || odd.most.censored);
  EXPECT_EQ(spread_of(std::array{observation{4}, observation{1}}).median.value, 2.5);
}

TEST(spread, keeps_censored_values) {
  // One of three never got there: the median is known, the largest is not.
  const auto one = spread_of(std::array{observation{10, true}, observation{4}, observation{6}});
  EXPECT_EQ(one.median.value, 6);
  EXPECT_FALSE(one.median.censored);
  EXPECT_FALSE(one.least.censored);
  EXPECT_EQ(one.most.value, 10);
  EXPECT_TRUE(one.most.censored);
  const auto most = spread_of(std::array{observation{10, true}, observation{4}, observation{10, true}});
  EXPECT_EQ(most.median.value, 10);
  EXPECT_TRUE(most.median.censored);
  // A run that was censored early may be anywhere above: all but a bound of the least is lost.
  const auto early = spread_of(std::array{observation{1, true}, observation{4}});
  EXPECT_EQ(early.least.value, 1);
  EXPECT_TRUE(early.least.censored);
  EXPECT_TRUE(early.median.censored);
}

TEST(grouped, joins_what_differs_in_the_seed_only) {
  const auto groups = two_groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].runs.size(), 3U);
  EXPECT_EQ(groups[0].name, "experiment");
  EXPECT_EQ(groups[1].name, "experiment on machine");
  EXPECT_NO_THROW(require_distinct(groups));
  auto other_timing = run("a", 4, 0.9, 1);
  other_timing.timing = "approximately_timed";
  EXPECT_EQ(grouped({run("a", 1, 0.9, 1), other_timing}).size(), 2U);
}

TEST(grouped, the_same_run_twice_is_refused) {
  EXPECT_THROW(require_distinct(grouped({run("a", 1, 0.9, 1), run("a", 1, 0.9, 1)})), input_error);
}

TEST(common_target, is_that_of_all_runs) {
  auto groups = two_groups();
  EXPECT_EQ(common_target(groups, std::nullopt), std::nullopt);
  EXPECT_EQ(common_target(groups, 0.5), 0.5);
  for (auto& group : groups)
    for (auto& r : group.runs)
      r.target_accuracy = 0.9;
  EXPECT_EQ(common_target(groups, std::nullopt), 0.9);
  groups[1].runs[0].target_accuracy = 0.8;
  EXPECT_EQ(common_target(groups, std::nullopt), std::nullopt) << "they disagree";
}

TEST(comparison, tables_say_median_range_target_and_ratio) {
  const auto text = comparison_tables(two_groups(), 0.9);
  for (const std::string part :
       {"median of 3", "least", "most", "85.00 %", "90.00 %", "2 mJ", "> 3 mJ", "1 of 3 run(s) reached it"})
    EXPECT_TRUE(contains(text, part)) << part << "\n" << text;
  EXPECT_FALSE(contains(comparison_tables(two_groups(), std::nullopt), "to a test accuracy"));
}

TEST(comparison, json_has_the_figures_of_groups_and_runs) {
  const auto j = nlohmann::json::parse(comparison_json(two_groups(), 0.9));
  const auto& a = j.at("groups").at(0);
  EXPECT_EQ(a.at("figures").at("energy_J").at("median").at("value"), 2e-3);
  EXPECT_EQ(a.at("to_accuracy").at("reached"), 1);
  EXPECT_EQ(a.at("to_accuracy").at("energy_J").at("median").at("censored"), true);
  EXPECT_EQ(a.at("runs").size(), 3U);
  EXPECT_EQ(a.at("runs").at(0).at("to_accuracy").at("time_s").at("censored"), false);
  EXPECT_DOUBLE_EQ(j.at("groups").at(1).at("ratio_to_first").at("energy").get<double>(), 2);
  EXPECT_DOUBLE_EQ(a.at("ratio_to_first").at("time").get<double>(), 1);
}

priced_part part(const std::string& title, double amount) {
  return {{title, "paper", confidence::low}, {}, amount};
}

// What both pay for at the same price cancels; what only one pays for does not.
TEST(comparison, says_how_certain_the_ratios_are) {
  auto first = run("a", 1, 0.9, 1e-3);
  first.energy_parts = {part("adc", 1e-3)};
  auto same_price = run("b", 1, 0.9, 2e-3);
  same_price.energy_parts = {part("adc", 2e-3)};
  auto other_price = run("c", 1, 0.9, 2e-3);
  other_price.energy_parts = {part("mac", 2e-3)};
  const auto groups = grouped({first, same_price, other_price});
  const auto j = nlohmann::json::parse(comparison_json(groups, std::nullopt));
  const auto energy = [&](std::size_t group) { return j.at("groups").at(group).at("ratio_uncertainty").at("energy"); };
  EXPECT_NEAR(energy(1).at("low").get<double>(), 2, 1e-12);
  EXPECT_NEAR(energy(1).at("high").get<double>(), 2, 1e-12);
  EXPECT_EQ(energy(1).at("ranking_holds"), 1.0);
  EXPECT_LT(energy(2).at("low").get<double>(), 1);
  EXPECT_GT(energy(2).at("high").get<double>(), 4);
  EXPECT_NEAR(energy(2).at("ranking_holds").get<double>(), 0.69, 0.04);           // see the test of uncertainty
  EXPECT_TRUE(j.at("groups").at(1).at("ratio_uncertainty").at("area").is_null()); // no parts, no interval
  const auto text = comparison_tables(groups, std::nullopt);
  EXPECT_TRUE(contains(text, "ranking holds")) << text;
  EXPECT_TRUE(contains(text, "[2, 2]")) << text;
}

TEST(comparison, says_where_groups_differ) {
  const auto groups = two_groups();
  const std::array differences{difference{"machine.tile.adc.bits", {"9", "7"}}};
  EXPECT_TRUE(contains(comparison_tables(groups, std::nullopt, differences), "machine.tile.adc.bits"));
  const auto j = nlohmann::json::parse(comparison_json(groups, std::nullopt, differences));
  EXPECT_EQ(j.at("differences").at("machine.tile.adc.bits"), nlohmann::json({"9", "7"}));
}

TEST(comparison, of_runs_without_accuracy_or_area) {
  auto lone = run("a", 1, 0.9, 0);
  lone.test_accuracy.reset();
  lone.area_mm2 = 0;
  auto other = lone;
  other.configuration = "b";
  const auto text = comparison_tables(grouped({lone, other}), std::nullopt);
  EXPECT_TRUE(contains(text, " - ")) << text;
  EXPECT_FALSE(contains(text, "nan")) << text;
}

} // namespace
} // namespace tilework::report
