// SPDX-License-Identifier: Apache-2.0
// A device from outside the tree is as good as one of the program's own.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

namespace tilework::test {
namespace {

const std::filesystem::path folder = TILEWORK_EXTENSION_FOLDER;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(extension, devices_of_the_extension_are_listed_beside_those_of_the_program) {
  const auto list = run_program({"devices", "list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  for (const std::string name : {"\n  IonDrift ", "\n  OxideDrift ", "\n  SoftBounds ", "\n  EcRam "})
    EXPECT_TRUE(contains(list.out, name)) << name;
  const auto shown = run_program({"devices", "show", "OxideDrift"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_TRUE(contains(shown.out, "sharpness of the window"));
  EXPECT_TRUE(contains(run_program({"devices", "show", "OxideDrif"}).err, "did you mean 'OxideDrift'?"));
}

TEST(extension, the_device_responds_to_pulses) {
  const auto result = run_program({"devices", "respond", "OxideDrift", "--pulses", "3000", "--devices", "400"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto rows = lines_of(result.out);
  ASSERT_EQ(rows.size(), 6002U);
  const auto mean_after = [&](std::size_t pulses) {
    const auto& row = rows[1 + pulses];
    const auto begin = row.find(',', row.find(',', row.find(',') + 1) + 1) + 1; // device,phase,pulse,mean
    return std::stod(row.substr(begin, row.find(',', begin) - begin));
  };
  EXPECT_EQ(mean_after(0), 0);
  // Bounds of mean 1 and spread 0.1: 0.005 for the mean of 400; ten times that, and nothing is left to go.
  EXPECT_NEAR(mean_after(3000), 1, 0.05);
  EXPECT_NEAR(mean_after(6000), -1, 0.05);
  // Up steps: nearly full in the middle, small at the end.
  EXPECT_GT(mean_after(200) - mean_after(0), 10 * (mean_after(3000) - mean_after(2800)));
}

TEST(extension, an_experiment_with_the_device_trains) {
  const auto summary = summary_in(folder / "build/run");
  EXPECT_EQ(summary.at("experiment"), "glyphs-oxide");
  EXPECT_GT(summary.at("test_accuracy").get<double>(), 0.5); // ten classes
  EXPECT_GT(summary.at("actions").at("update").at("update_pulse").get<std::uint64_t>(), 0U);
  EXPECT_TRUE(contains(read_file(folder / "build/run/config.yaml"), "model: IonDrift"));
}

TEST(extension, a_run_with_the_device_does_not_depend_on_threads_and_can_be_repeated) {
  const auto with = [](const std::string& threads) {
    return without_host(
        summary_of_run({"--threads", threads, "--set", "training.device={extends: OxideDrift, p: 1, dw_min: 0.01}"}));
  };
  const auto one = with("1");
  EXPECT_EQ(one, with("2"));
  const temporary_directory again;
  const auto result = run_program(
      {"run", (folder / "build/run/config.yaml").string(), "--out", (again / "run").string(), "--threads", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(without_host(summary_in(again / "run")), without_host(summary_in(folder / "build/run")));
}

TEST(extension, bad_parameters_of_the_device_are_located) {
  const auto refused = [](const std::string& device) {
    const temporary_directory run;
    const auto result = run_program(small_run(run / "run", {"--set", "training.device=" + device}));
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
    EXPECT_TRUE(result.err.starts_with("--set training.device")) << result.err;
    EXPECT_FALSE(std::filesystem::exists(run / "run"));
    return result.err;
  };
  EXPECT_TRUE(contains(refused("{extends: OxideDrift, p: 0}"), "from 1 to 100"));
  EXPECT_TRUE(contains(refused("{model: IonDrift, w_max: 0, w_min: 0}"), "w_max must be above w_min"));
  EXPECT_TRUE(contains(refused("{model: IonDrif}"), "did you mean 'IonDrift'?"));
}

/// The indented or plain content of every fenced block.
std::vector<std::string> code_blocks(const std::string& markdown) {
  std::vector<std::string> blocks;
  bool inside = false;
  for (const auto& line : lines_of(markdown)) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside)
        blocks.emplace_back();
    } else if (inside) {
      blocks.back() += line + '\n';
    }
  }
  EXPECT_FALSE(inside) << "a block is not closed";
  return blocks;
}

TEST(extension, every_code_block_of_the_guide_is_code_of_the_example) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_folder() / "examples/device"))
    if (entry.is_regular_file())
      files.push_back(read_file(entry.path()));
  const auto blocks = code_blocks(read_file(source_folder() / "docs/extending/device.md"));
  EXPECT_GE(blocks.size(), 8U);
  for (const auto& block : blocks)
    EXPECT_TRUE(std::ranges::any_of(files, [&](const std::string& file) { return contains(file, block); })) << block;
}

} // namespace
} // namespace tilework::test
