// SPDX-License-Identifier: Apache-2.0
// A finished run with other prices gives what the run itself would have given with them.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

namespace tilework::test {
namespace {

std::string technology(const std::string& name) {
  return (source_folder() / "platforms/technologies" / name).string();
}

std::string technology_override(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names)
    list += (list.empty() ? "" : ", ") + technology(name);
  return "machine.technology=[" + list + "]";
}

/// One run that all tests price again.
class repricing : public testing::Test {
protected:
  void SetUp() override {
    const auto result = run_program(small_run(run()));
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  [[nodiscard]] std::filesystem::path run() const { return folder / "run"; }
  program_result reprice(const std::vector<std::string>& technologies, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"reprice", run().string(), "--technology"};
    for (const auto& name : technologies)
      arguments.push_back(technology(name));
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  void replace(const std::string& file, const std::string& from, const std::string& to) {
    auto text = read_file(run() / file);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << file;
    std::ofstream(run() / file) << text.replace(at, from.size(), to);
  }
  temporary_directory folder;
};

TEST_F(repricing, with_the_same_technology_changes_nothing) {
  const auto result = reprice({"generic_14nm.yaml"}, {"--out", (folder / "again").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read_file(folder / "again/costs.csv"), read_file(run() / "costs.csv"));
  auto before = summary_in(run());
  for (auto& row : before.at("evaluations"))
    row.erase("energy_J");
  before.at("outcomes").at("peak_power_W") = nullptr;
  before.at("outcomes").at("peak_power_window_s") = 0.0;
  EXPECT_EQ(summary_in(folder / "again"), without_host(before));
}

TEST_F(repricing, equals_a_run_with_those_prices_to_the_last_bit) {
  const std::vector<std::string> study{"gallo.yaml", "gallo_left_out.yaml"};
  const auto begin = std::chrono::steady_clock::now();
  const auto result = reprice(study, {"--out", (folder / "again").string()});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_LT(took.count(), 5); // 0.1 s on an idle computer
  const auto direct = run_program(small_run(folder / "direct", {"--set", technology_override(study)}));
  ASSERT_EQ(direct.exit_code, 0) << direct.err;
  const auto repriced = summary_in(folder / "again");
  const auto expected = summary_in(folder / "direct");
  ASSERT_NE(expected.at("energy_J"), summary_in(run()).at("energy_J"));
  for (const char* key : {"technology", "energy_J", "area_mm2", "area", "prices", "uncertainty", "phases", "components",
                          "actions", "assumptions"})
    EXPECT_EQ(repriced.at(key), expected.at(key)) << key;
  EXPECT_EQ(read_file(folder / "again/costs.csv"), read_file(folder / "direct/costs.csv"));
}

TEST_F(repricing, refuses_what_is_no_finished_run) {
  const auto refused = [&](const std::string& message) {
    const auto result = reprice({"generic_14nm.yaml"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
  };
  const auto changed = [&](const std::string& file, const std::string& from, const std::string& to,
                           const std::string& message) {
    const auto intact = read_file(run() / file);
    replace(file, from, to);
    refused(message);
    std::ofstream(run() / file) << intact;
  };
  changed("costs.csv", "component,action", "component,deed", "costs.csv:1:1: is no table of costs");
  changed("costs.csv", "\nchip0.tile0.row_driver,", "\nchip9.tile0.row_driver,",
          "costs.csv:2:1: the machine of config.yaml has no component 'chip9.tile0.row_driver'");
  changed("costs.csv", ",dac_conversion,", ",dac_conversions,", "costs.csv:2:1: unknown action 'dac_conversions'");
  changed("costs.csv", ",dac_conversion,", ",alu_add,",
          "costs.csv:2:1: chip0.tile0.row_driver does not perform alu_add");
  changed("costs.csv", ",forward,", ",forwards,", "unknown phase 'forwards'");
  changed("costs.csv", ",forward,", ",forward,-", "expected a number, got '-");
  changed("costs.csv", ",forward,", ",forward,9", "does not count what summary.json counts");
  changed("summary.json", "\"exposed_fs\": ", "\"exposed_fs\": 9", "fs in summary.json");
  changed("summary.json", "{", "", "summary.json:0:0: is no summary of a run");
  changed("summary.json", "\"schema\": 2", "\"schema\": 99", "has schema 99");
  for (const std::string file : {"summary.json", "costs.csv", "config.yaml"}) {
    std::filesystem::rename(run() / file, folder / "kept");
    refused(file);
    std::filesystem::rename(folder / "kept", run() / file);
  }
  EXPECT_EQ(reprice({"generic_14nm.yaml"}).exit_code, 0); // intact again
  EXPECT_EQ(reprice({"nowhere.yaml"}).exit_code, 2);
  const auto incomplete = reprice({"gallo.yaml"});
  EXPECT_EQ(incomplete.exit_code, 2);
  EXPECT_NE(incomplete.err.find("has no price for"), std::string::npos) << incomplete.err;
}

} // namespace
} // namespace tilework::test
