// SPDX-License-Identifier: Apache-2.0
// One number of bits decides accuracy, time, energy and area.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <set>

namespace tilework::test {
namespace {

constexpr int fewest_bits = 4;
constexpr int most_bits = 9;

struct converter_run {
  double accuracy = 0;
  double time_fs = 0;
  double energy_J = 0;
  double conversion_J = 0; ///< dynamic energy of one conversion
  double adc_area_mm2 = 0;
};

converter_run run_with(const std::vector<std::string>& adc) {
  const temporary_directory folder;
  std::vector<std::string> options{"--set", "dataset={name: glyphs, train_samples: 2000, test_samples: 500}"};
  options.insert(options.end(), adc.begin(), adc.end());
  const auto result = run_program(small_run(folder / "run", options));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto summary = summary_in(folder / "run");
  converter_run run{summary.at("test_accuracy"), summary.at("simulated_time_fs"), summary.at("energy_J"), 0,
                    summary.at("components").at("chip0.tile0.adc").at("area_mm2")};
  for (const auto& line : costs_in(folder / "run"))
    if (line.component == "chip0.tile0.adc" && line.action == "adc_conversion" && line.phase == "forward")
      run.conversion_J = line.energy_J / static_cast<double>(line.count);
  return run;
}

std::string bits_option(int bits) {
  return "machine.tile.adc.bits=" + std::to_string(bits);
}

TEST(converters, bits_of_a_sar_adc_decide_accuracy_time_energy_and_area) {
  std::vector<converter_run> runs;
  std::set<double> accuracies;
  for (int bits = fewest_bits; bits <= most_bits; ++bits) {
    runs.push_back(run_with({"--set", bits_option(bits)}));
    accuracies.insert(runs.back().accuracy);
  }
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const auto bits = fewest_bits + static_cast<int>(i);
    EXPECT_GT(runs[i].time_fs, runs[i - 1].time_fs) << bits << " bits";
    EXPECT_GT(runs[i].energy_J, runs[i - 1].energy_J) << bits << " bits";
    EXPECT_GT(runs[i].conversion_J, runs[i - 1].conversion_J) << bits << " bits";
    // A bit less also makes a SAR converter faster, which costs area in the survey; below 5 bits that outweighs the
    // bit.
    if (bits > 5) {
      EXPECT_GT(runs[i].adc_area_mm2, runs[i - 1].adc_area_mm2) << bits << " bits";
    }
  }
  EXPECT_GE(accuracies.size(), 3U);
  // Two binomial shares of 500 test samples differ by chance with a standard deviation of at most 0.032: 0.3 is more
  // than nine of them, a false alarm below 1e-18. Guessing gives 0.1.
  EXPECT_GT(runs.back().accuracy, runs.front().accuracy + 0.3);
  EXPECT_GT(runs.back().accuracy, 0.6);
}

TEST(converters, at_equal_rate_area_grows_with_every_bit) {
  double before = 0;
  for (int bits = fewest_bits; bits <= most_bits; ++bits) {
    const auto adc =
        "machine.tile.adc={kind: fixed, conversion_time: 10 ns, lines_per_adc: 8, bits: " + std::to_string(bits) + "}";
    const auto area =
        run_with({"--set", adc, "--set", "dataset={name: glyphs, train_samples: 20, test_samples: 10}"}).adc_area_mm2;
    EXPECT_GT(area, before) << bits << " bits";
    before = area;
  }
}

TEST(converters, a_resolution_may_repeat_the_bits_but_not_contradict_them) {
  const temporary_directory folder;
  const auto refused = run_program(
      small_run(folder / "refused", {"--set", "machine.tile.dac.bits=8", "--set", "forward.inp_res=0.007936508"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("machine.tile.dac.bits"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "refused"));
  const auto repeated = run_program(
      small_run(folder / "repeated", {"--set", "machine.tile.dac.bits=7", "--set", "forward.inp_res=0.007936508"}));
  EXPECT_EQ(repeated.exit_code, 0) << repeated.err;
}

} // namespace
} // namespace tilework::test
