// SPDX-License-Identifier: Apache-2.0
// The same experiments on digital machines: exact values, their own time and counts, nothing analog.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tilework::test {
namespace {

constexpr std::uint64_t samples = 600;
constexpr std::uint64_t weights = 784 * 32 + 32 * 10;

std::vector<std::string> on(const std::string& machine, const std::vector<std::string>& more = {}) {
  std::vector<std::string> options{"--set", "machine=" + (source_folder() / "platforms/machines" / machine).string()};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

const std::vector<std::string> weights_in_dram{
    "--set", "machine.matrix_unit.weight_memory={kind: dram, word: 32 bit, bandwidth: 5.33 GB/s, latency: 50 ns}"};

/// The same network on crossbars of ideal devices with exact products.
json exact_run(std::vector<std::string> more = {}) {
  more.insert(more.end(), {"--set", "training.device=Ideal", "--set", "forward={is_perfect: true}", "--set",
                           "backward={is_perfect: true}"});
  return summary_of_run(more);
}

TEST(digital_machine, learns_bit_by_bit_what_exact_arrays_learn) {
  for (const std::string batch : {"1", "16"}) {
    const std::vector<std::string> size{"--set", "training.batch_size=" + batch};
    const auto exact = exact_run(size);
    for (const std::string machine : {"systolic_128x128.yaml", "edge_simd.yaml"}) {
      const auto digital = summary_of_run(on(machine, size));
      for (const std::string key : {"weights_digest", "test_accuracy", "train_loss"})
        EXPECT_EQ(digital.at(key), exact.at(key)) << machine << ", batch " << batch;
      EXPECT_NE(digital.at("simulated_time_fs"), exact.at("simulated_time_fs"));
    }
  }
}

TEST(digital_machine, counts_by_closed_form_and_nothing_analog) {
  const auto summary = summary_of_run(on("systolic_128x128.yaml"));
  const auto& actions = summary.at("actions");
  EXPECT_EQ(actions.at("forward").at("mac"), samples * weights);
  EXPECT_EQ(actions.at("backward").at("mac"), samples * 32 * 10) << "the gradient of the network's input is not needed";
  EXPECT_EQ(actions.at("update").at("mac"), samples * 2 * weights);
  for (const auto& [phase, counted] : actions.items())
    for (const std::string analog : {"dac_conversion", "cell_read", "adc_conversion", "update_pulse", "program_pulse",
                                     "half_select_pulse", "random_bit", "output_scale"})
      EXPECT_FALSE(counted.contains(analog)) << phase << "/" << analog;
  EXPECT_EQ(actions.at("forward").at("alu_compare"), samples * 10) << "of the loss: nothing is managed";
  for (const auto& [name, component] : summary.at("components").items())
    EXPECT_EQ(name.find("tile"), std::string::npos) << name;
  EXPECT_GT(summary.at("components").at("chip0.matrix_unit0.macs").at("area_mm2").get<double>(), 0);
}

TEST(digital_machine, streams_weights_from_dram) {
  const auto summary = summary_of_run(on("edge_simd.yaml", weights_in_dram));
  const auto& actions = summary.at("actions");
  constexpr std::uint64_t bytes = weights * 4;
  EXPECT_EQ(actions.at("program").at("dram_write_byte"), bytes);
  EXPECT_EQ(actions.at("update").at("dram_read_byte"), samples * bytes);
  EXPECT_EQ(actions.at("update").at("dram_write_byte"), samples * bytes);
  EXPECT_EQ(actions.at("forward").at("dram_read_byte"), samples * (bytes + 784 + 1)) << "weights, pixels and labels";
  // Never faster than the channel of the weights moves them: forward, backward without the first layer, both ways.
  const double moved = static_cast<double>(samples) * (3.0 * bytes + 4.0 * 32 * 10);
  EXPECT_GT(summary.at("simulated_time_s").get<double>(), moved / 5.33e9);
  EXPECT_NEAR(summary.at("components").at("chip0.matrix_unit0.weights").at("busy_s").get<double>(), moved / 5.33e9,
              0.01 * moved / 5.33e9);
}

TEST(digital_machine, is_equal_loosely_and_approximately_timed) {
  for (const std::string machine : {"systolic_128x128.yaml", "edge_simd.yaml"}) {
    const std::vector<std::string> chain{"--set", "network.bias=none", "--set", "machine.digital.buffer.ports=8"};
    const auto loose = summary_of_run(on(machine, chain), "[784, 10]");
    auto options = on(machine, chain);
    options.insert(options.end(), {"--timing", "at"});
    const auto approximate = summary_of_run(options, "[784, 10]");
    ASSERT_EQ(loose.at("contention").at("delayed_requests"), 0);
    for (const std::string key : {"weights_digest", "simulated_time_fs", "phases", "actions", "energy_J", "components"})
      EXPECT_EQ(loose.at(key), approximate.at(key)) << machine << ", " << key;
  }
}

TEST(digital_machine, is_the_same_with_threads_and_several_units_but_for_time_and_area) {
  const auto one = summary_of_run(on("systolic_128x128.yaml"));
  auto threads = on("systolic_128x128.yaml");
  threads.insert(threads.end(), {"--threads", "2"});
  EXPECT_EQ(without_host(summary_of_run(threads)), without_host(one));
  const auto two = summary_of_run(on("systolic_128x128.yaml", {"--set", "machine.interconnect.bus.nodes=2"}));
  EXPECT_EQ(two.at("weights_digest"), one.at("weights_digest"));
  EXPECT_GT(two.at("area_mm2").get<double>(), 1.5 * one.at("area_mm2").get<double>());
  EXPECT_TRUE(two.at("components").contains("chip0.matrix_unit1.macs"));
}

TEST(digital_machine, says_what_it_does_not_use) {
  const temporary_directory folder;
  const auto run = run_program(small_run(
      folder / "run",
      on("systolic_128x128.yaml", {"--set", "forward={preset: PresetIO, inp_res: 0.3, input_range: {enable: true}}"})));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::string sentence = "forward and backward of the experiment are not used";
  EXPECT_NE(run.err.find(sentence), std::string::npos) << run.err;
  const auto summary = summary_in(folder / "run");
  const auto& assumptions = summary.at("assumptions");
  const auto says = [&](const std::string& text) {
    return std::ranges::any_of(assumptions,
                               [&](const json& a) { return a.get<std::string>().find(text) != std::string::npos; });
  };
  EXPECT_TRUE(says(sentence));
  EXPECT_TRUE(says("single precision"));
  EXPECT_FALSE(says("read noise"));
  EXPECT_TRUE(summary.at("warnings").empty());
  for (const auto& layer : summary.at("evaluations").back().at("layers"))
    EXPECT_TRUE(layer.at("adc_saturation").is_null());
}

TEST(digital_machine, runs_its_resolved_configuration_again) {
  const temporary_directory folder;
  const auto first = run_program(small_run(folder / "one", on("edge_simd.yaml")));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto again = run_program({"run", (folder / "one/config.yaml").string(), "--out", (folder / "two").string()});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const auto one = summary_in(folder / "one");
  const auto two = summary_in(folder / "two");
  for (const std::string key : {"weights_digest", "simulated_time_fs", "energy_J", "actions"})
    EXPECT_EQ(one.at(key), two.at(key)) << key;
}

TEST(digital_machine, trains_with_plain_sgd_only) {
  const temporary_directory folder;
  const auto run = run_program(small_run(folder / "run", on("edge_simd.yaml", {"--set", "training.algorithm=TTv2"})));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("--set training.algorithm: "), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("plain SGD"), std::string::npos) << run.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST(digital_machine, files_are_valid) {
  const auto machines = source_folder() / "platforms/machines";
  const auto result =
      run_program({"check", (machines / "systolic_128x128.yaml").string(), (machines / "edge_simd.yaml").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

} // namespace
} // namespace tilework::test
