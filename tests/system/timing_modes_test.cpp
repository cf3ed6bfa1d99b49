// SPDX-License-Identifier: Apache-2.0
// Loosely and approximately timed runs: same values, counts and dynamic energy; same time where nothing ever waited.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <map>

namespace tilework::test {
namespace {

struct timed_run {
  json summary;
  std::map<std::string, double> dynamic_energy_J; ///< by "component/action/phase", leakage left out
};

timed_run run_in(const std::string& mode, std::vector<std::string> more, const std::string& layers) {
  const temporary_directory folder;
  more.insert(more.end(), {"--timing", mode});
  const auto result = run_program(small_run(folder / "run", more, layers));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  timed_run run{summary_in(folder / "run"), {}};
  for (const auto& line : costs_in(folder / "run"))
    if (line.action != "leakage")
      run.dynamic_energy_J[line.component + "/" + line.action + "/" + line.phase] = line.energy_J;
  return run;
}

void expect_equal_values(const timed_run& loose, const timed_run& approximate) {
  EXPECT_EQ(loose.summary.at("timing"), "loosely_timed");
  EXPECT_EQ(approximate.summary.at("timing"), "approximately_timed");
  for (const std::string key : {"weights_digest", "test_accuracy", "train_loss", "actions", "operations"})
    EXPECT_EQ(loose.summary.at(key), approximate.summary.at(key)) << key;
  EXPECT_EQ(loose.dynamic_energy_J, approximate.dynamic_energy_J);
}

std::uint64_t delayed(const timed_run& run) {
  return run.summary.at("contention").at("delayed_requests").get<std::uint64_t>();
}

TEST(timing_modes, equal_time_where_nothing_waits) {
  // One layer without bias is a chain: no two operations are ever ready together.
  const std::vector<std::string> chain{"--set", "network.bias=none", "--set", "machine.digital.buffer.ports=8"};
  for (const std::string batch : {"1", "16"}) {
    auto options = chain;
    options.insert(options.end(), {"--set", "training.batch_size=" + batch});
    const auto loose = run_in("lt", options, "[784, 10]");
    const auto approximate = run_in("at", options, "[784, 10]");
    expect_equal_values(loose, approximate);
    ASSERT_EQ(delayed(loose), 0U);
    ASSERT_EQ(delayed(approximate), 0U);
    for (const std::string key : {"simulated_time_fs", "phases", "energy_J", "components"})
      EXPECT_EQ(loose.summary.at(key), approximate.summary.at(key)) << key << ", batch " << batch;
  }
}

TEST(timing_modes, equal_values_under_contention) {
  const std::vector<std::string> split{"--set", "machine.tile.array={inputs: 300, outputs: 20}",
                                       "--set", "machine.interconnect.mesh={columns: 4, rows: 2}",
                                       "--set", "machine.digital.buffer.ports=1"};
  for (const std::string batch : {"1", "16"}) {
    auto options = split;
    options.insert(options.end(), {"--set", "training.batch_size=" + batch});
    const auto loose = run_in("lt", options, "[784, 32, 10]");
    const auto approximate = run_in("at", options, "[784, 32, 10]");
    ASSERT_GT(delayed(loose), 0U);
    ASSERT_GT(delayed(approximate), 0U);
    expect_equal_values(loose, approximate);
  }
}

TEST(timing_modes, equal_values_on_a_bus) {
  const std::vector<std::string> bus{"--set", "machine.interconnect={bus: {nodes: 4}}"};
  expect_equal_values(run_in("lt", bus, "[784, 32, 10]"), run_in("at", bus, "[784, 32, 10]"));
}

} // namespace
} // namespace tilework::test
