// SPDX-License-Identifier: Apache-2.0
// Outcomes of real runs, and runs side by side.
#include "support/small_runs.h"

#include <gtest/gtest.h>

namespace tilework::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

double number(const json& j, const char* key) {
  return j.at(key).get<double>();
}

void run_into(const std::filesystem::path& out, const std::vector<std::string>& more = {}) {
  const auto result = run_program(small_run(out, more));
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

void expect_refused(const std::vector<std::string>& arguments, const std::string& part) {
  const auto result = run_program(arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(contains(result.err, part)) << result.err;
}

TEST(outcomes, agree_with_the_totals) {
  const auto s = summary_of_run({"--set", "training.batch_size=8"});
  const auto& o = s.at("outcomes");
  const double energy_J = s.at("energy_J");
  const double time_s = s.at("simulated_time_s");
  EXPECT_EQ(number(o, "operations"), 2.0 * 600 * (2 * 784 * 32 + 3 * 32 * 10));
  EXPECT_NEAR(number(o, "average_power_W") * time_s / energy_J, 1, 1e-12);
  EXPECT_NEAR(number(o, "TOPS") * 1e12 * time_s / number(o, "operations"), 1, 1e-12);
  EXPECT_NEAR(number(o, "TOPS_per_W") * number(o, "average_power_W") / number(o, "TOPS"), 1, 1e-12);
  EXPECT_GE(number(o, "peak_power_W"), number(o, "average_power_W"));
  EXPECT_GT(number(o, "update_current_array_A"), 0);
  EXPECT_LE(number(o, "update_current_array_A"), number(o, "update_current_machine_A"));
  EXPECT_LE(number(o, "update_current_array_A"), number(o, "update_current_array_bound_A"));
  EXPECT_LE(number(o, "update_current_machine_A"), number(o, "update_current_machine_bound_A"));
}

/// The meter that runs along finds the energy that the books are priced at.
TEST(outcomes, a_window_as_long_as_the_run_has_the_average_power) {
  const auto s = summary_of_run({"--set", "report.power_window=1 s"});
  EXPECT_NEAR(number(s.at("outcomes"), "peak_power_W") / number(s.at("outcomes"), "average_power_W"), 1, 1e-9);
  const auto steps = summary_of_run();
  const auto windows = summary_of_run({"--set", "report.power_window=100 us"});
  EXPECT_LE(number(windows.at("outcomes"), "peak_power_W"), number(steps.at("outcomes"), "peak_power_W") * (1 + 1e-9));
  EXPECT_EQ(windows.at("weights_digest"), steps.at("weights_digest"));
}

TEST(outcomes, prices_and_areas_sum_to_the_totals) {
  const auto s = summary_of_run();
  double energy_J = 0;
  double area_mm2 = 0;
  for (const auto& p : s.at("prices")) {
    energy_J += number(p, "energy_J");
    area_mm2 += number(p, "area_mm2");
    EXPECT_NE(p.at("source"), "");
  }
  EXPECT_NEAR(energy_J / number(s, "energy_J"), 1, 1e-9);
  EXPECT_NEAR(area_mm2 / number(s, "area_mm2"), 1, 1e-9);
  double kinds_mm2 = 0;
  for (const auto& [kind, area] : s.at("area").at("kinds_mm2").items())
    kinds_mm2 += area.get<double>();
  EXPECT_NEAR(kinds_mm2 / number(s, "area_mm2"), 1, 1e-9);
  EXPECT_EQ(s.at("area").at("tiles"), 4); // two of them without an array
}

TEST(outcomes, target_accuracy_is_reached_or_censored) {
  const auto reached = summary_of_run({"--set", "evaluate.target_accuracy=0.01"});
  EXPECT_EQ(reached.at("to_accuracy").at("reached"), true);
  EXPECT_EQ(reached.at("to_accuracy").at("energy_J"), reached.at("evaluations").at(0).at("energy_J"));
  const auto censored = summary_of_run({"--set", "evaluate.target_accuracy=1"});
  EXPECT_EQ(censored.at("to_accuracy").at("reached"), false);
  EXPECT_EQ(censored.at("to_accuracy").at("energy_J"), censored.at("energy_J"));
  EXPECT_FALSE(summary_of_run().contains("to_accuracy"));
}

TEST(outcomes, endurance_follows_from_the_most_pulsed_cell) {
  const auto s = summary_of_run({"--set", "machine.tile.cell.endurance={pulses: 1e6, source: test}"});
  const auto& e = s.at("endurance");
  EXPECT_GT(number(e, "most_pulses_per_cell"), number(e, "pulses_per_cell"));
  EXPECT_NEAR(number(e, "share"), number(e, "most_pulses_per_cell") / 1e6, 1e-12);
  EXPECT_NEAR(number(e, "trainings") * number(e, "share"), 1, 1e-12);
  constexpr double year_s = 365.25 * 24 * 3600;
  EXPECT_NEAR(number(e, "life_years") * year_s / (number(e, "trainings") * number(s, "simulated_time_s")), 1, 1e-12);
  EXPECT_FALSE(summary_of_run().contains("endurance"));
}

TEST(outcomes, bad_values_are_refused) {
  const auto refuse = [](const std::string& setting, const std::string& part) {
    expect_refused({"run", experiment_file().string(), "--set", setting}, part);
  };
  refuse("evaluate.target_accuracy=0", "target_accuracy");
  refuse("evaluate.target_accuracy=97", "target_accuracy");
  refuse("evaluate={target_accuracy: 0.9, every: never}", "never reached without evaluations");
  refuse("report.power_window=10", "expected a time");
  refuse("report.powr_window=10 us", "did you mean 'power_window'?");
  refuse("machine.tile.cell.endurance={pulses: 1e6}", "source");
}

TEST(compare, groups_seeds_and_shows_ratios) {
  const temporary_directory folder;
  run_into(folder / "a1", {"--seed", "1"});
  run_into(folder / "a2", {"--seed", "2"});
  run_into(folder / "b1", {"--set", "training.batch_size=8"});
  const auto file = folder / "comparison.json";
  const auto result = run_program({"compare", (folder / "a1").string(), (folder / "b1").string(),
                                   (folder / "a2").string(), "--json", file.string(), "--target-accuracy", "0.999"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const std::string part : {"median of 2", "glyphs-sgd on mesh-2x2", "means over those of glyphs-sgd", "> "})
    EXPECT_TRUE(contains(result.out, part)) << part << "\n" << result.out;
  for (const auto& line : lines_of(result.out))
    EXPECT_LE(line.size(), 3U * 120) << "the rules are of three bytes per character";
  const auto j = json::parse(read_file(file));
  ASSERT_EQ(j.at("groups").size(), 2U);
  const auto& a = j.at("groups")[0];
  EXPECT_EQ(a.at("runs").size(), 2U);
  const double mean_J =
      (number(summary_in(folder / "a1"), "energy_J") + number(summary_in(folder / "a2"), "energy_J")) / 2;
  EXPECT_NEAR(a.at("figures").at("energy_J").at("median").at("value").get<double>() / mean_J, 1, 1e-12);
  EXPECT_NEAR(j.at("groups")[1].at("ratio_to_first").at("energy").get<double>(),
              number(summary_in(folder / "b1"), "energy_J") / mean_J, 1e-12);
  EXPECT_EQ(a.at("to_accuracy").at("reached"), 0);

  const auto named =
      run_program({"compare", "--group", "both=" + (folder / "a1").string() + "," + (folder / "b1").string()});
  EXPECT_EQ(named.exit_code, 0) << named.err;
  EXPECT_TRUE(contains(named.out, "both")) << named.out;
}

TEST(compare, refuses_what_is_no_run) {
  const temporary_directory folder;
  run_into(folder / "run");
  const auto run = (folder / "run").string();
  expect_refused({"compare"}, "give run directories");
  expect_refused({"compare", (folder / "nothing").string()}, "no such folder");
  expect_refused({"compare", folder.path().string()}, "holds no config.yaml");
  expect_refused({"compare", run, run}, "is the same run as");
  expect_refused({"compare", run, "--target-accuracy", "0"}, "--target-accuracy");
  expect_refused({"compare", run, "--target-accuracy", "1.5"}, "--target-accuracy");
  expect_refused({"compare", "--group", run}, "expected NAME=DIR");

  const auto file = folder / "run/summary.json";
  const auto whole = read_file(file);
  auto other = json::parse(whole);
  other["schema"] = 1;
  write_file(file, other.dump());
  expect_refused({"compare", run}, "has schema 1, and this program reads schema 2");
  write_file(file, whole.substr(0, whole.size() / 2));
  expect_refused({"compare", run}, "is damaged");
  std::filesystem::remove(file);
  expect_refused({"compare", run}, "not over");
}

} // namespace
} // namespace tilework::test
