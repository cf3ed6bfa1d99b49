// SPDX-License-Identifier: Apache-2.0
// How vectors enter an array decides accuracy, time, energy and counts together.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <string>

namespace tilework::test {
namespace {

constexpr std::uint64_t samples = 600;
constexpr std::uint64_t inputs = 784;
constexpr std::uint64_t outputs = 10;
constexpr std::uint64_t slots = 63; // of a 7-bit DAC

/// One array, one pass per sample.
json forward_of(const std::vector<std::string>& more) {
  std::vector<std::string> options{"--set", "forward.bound_management=NONE", "--set", "training.batch_size=8"};
  options.insert(options.end(), more.begin(), more.end());
  return summary_of_run(options, "[784, 10]");
}

std::uint64_t count(const json& summary, const std::string& action) {
  const auto& forward = summary.at("actions").at("forward");
  return forward.contains(action) ? forward.at(action).get<std::uint64_t>() : 0;
}

TEST(input, in_parts_is_counted_part_by_part) {
  struct expectation {
    const char* mv_type;
    std::uint64_t reads;
    std::uint64_t slots;
    std::uint64_t conversions;
  };
  const auto whole = forward_of({});
  EXPECT_EQ(count(whole, "cell_read"), samples * inputs * outputs);
  EXPECT_EQ(count(whole, "cell_read_slot"), 0U);
  EXPECT_EQ(count(whole, "output_shift_add"), 0U);
  for (const auto& e :
       {expectation{"POS_NEG_SEPARATE", 2, 2 * slots, 1}, expectation{"POS_NEG_SEPARATE_DIGITAL_SUM", 2, 2 * slots, 2},
        expectation{"SPLIT_MODE", 2, 2 * (7 + 7), 2}, expectation{"BIT_WISE", 6, 2 * 6, 6}}) {
    const auto run = forward_of({"--set", std::string("forward.mv_type=") + e.mv_type});
    EXPECT_EQ(count(run, "dac_conversion"), samples * e.reads * inputs) << e.mv_type;
    EXPECT_EQ(count(run, "cell_read"), 0U) << e.mv_type;
    EXPECT_EQ(count(run, "cell_read_slot"), samples * e.slots * inputs * outputs) << e.mv_type;
    EXPECT_EQ(count(run, "adc_conversion"), samples * e.conversions * outputs) << e.mv_type;
    EXPECT_EQ(count(run, "output_shift_add"), samples * (e.conversions - 1) * outputs) << e.mv_type;
    EXPECT_EQ(count(run, "output_scale"), samples * outputs) << e.mv_type;
    // t_int + t_conv per line of a multiplexer, 10 ns each for 9 bits; 8 lines share an ADC.
    const auto pass = [](std::uint64_t driven_slots, std::uint64_t conversions) {
      return static_cast<double>(driven_slots + conversions * 8 * 10) * 1e-9 * samples;
    };
    const auto busy = [](const json& summary) { return summary.at("phases").at("forward").at("busy_s").get<double>(); };
    EXPECT_NEAR(busy(run) - busy(whole), pass(e.slots, e.conversions) - pass(2 * slots, 1), 1e-12) << e.mv_type;
  }
}

TEST(input, in_parts_gives_the_same_on_any_number_of_threads) {
  for (const std::string type : {"POS_NEG_SEPARATE_DIGITAL_SUM", "SPLIT_MODE", "BIT_WISE"}) {
    const auto with = [&](const std::string& threads) {
      return without_host(forward_of({"--set", "forward.mv_type=" + type, "--threads", threads}));
    };
    EXPECT_EQ(with("1"), with("3")) << type;
  }
}

TEST(input, instruction_sets_give_the_same_results) {
  const auto baseline = summary_of_run({"--isa", "x86-64"});
  EXPECT_EQ(baseline.at("host").at("isa"), "x86-64");
  EXPECT_EQ(without_host(baseline), without_host(summary_of_run()));
}

const std::vector<std::string> exact{"--set", "forward.is_perfect=true", "--set", "backward.is_perfect=true"};

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(input_range, that_changes_no_input_changes_no_weight_but_costs_time) {
  // Pixels and sigmoids lie in [0, 1], so a fixed range of 1 is without effect on exact products.
  const std::vector<std::string> fixed{
      "--set", "forward.input_range={enable: true, init_value: 1, init_from_data: 0, learn_input_range: false}"};
  const auto plain = summary_of_run(exact);
  const auto ranged = summary_of_run(exact + fixed);
  EXPECT_EQ(plain.at("weights_digest"), ranged.at("weights_digest"));
  EXPECT_EQ(plain.at("train_loss"), ranged.at("train_loss"));
  EXPECT_EQ(ranged.at("input_ranges"), (json{1.0, 1.0}));
  EXPECT_FALSE(plain.contains("input_ranges"));
  EXPECT_GT(ranged.at("simulated_time_fs"), plain.at("simulated_time_fs"));
  EXPECT_GT(ranged.at("energy_J"), plain.at("energy_J"));
  // Clamp and scale 784 and 32 inputs, rescale 32 and 10 outputs per sample.
  const auto difference = [&](const std::string& action) {
    return ranged.at("actions").at("forward").at(action).get<std::uint64_t>() -
           plain.at("actions").at("forward").value(action, std::uint64_t{0});
  };
  EXPECT_EQ(difference("alu_multiply"), samples * (784 + 32 + 32 + 10));
}

TEST(input_range, is_learned_the_same_way_however_the_run_is_executed) {
  const std::vector<std::string> learned{"--set", "forward.input_range={enable: true, init_from_data: 20}",
                                         "--set", "training.batch_size=8",
                                         "--set", "training.learning_rate=0.1",
                                         "--set", "training.epochs=3"};
  const auto one = summary_of_run(learned + std::vector<std::string>{"--threads", "1"});
  EXPECT_EQ(without_host(one), without_host(summary_of_run(learned + std::vector<std::string>{"--threads", "3"})));
  const auto at = summary_of_run(learned + std::vector<std::string>{"--timing", "at"});
  EXPECT_EQ(one.at("input_ranges"), at.at("input_ranges"));
  EXPECT_EQ(one.at("weights_digest"), at.at("weights_digest"));
  for (const double range : one.at("input_ranges")) {
    EXPECT_GT(range, 0.2);
    EXPECT_LT(range, 3); // three standard deviations of pixels or sigmoids
  }
  EXPECT_GT(one.at("test_accuracy"), 0.5); // guessing gives 0.1
}

TEST(input_range, a_split_layer_has_one_range_per_array) {
  const auto summary = summary_of_run({"--set", "forward.input_range.enable=true", "--set",
                                       "machine.tile.array={inputs: 300, outputs: 20}", "--set",
                                       "machine.interconnect.mesh={columns: 4, rows: 2}"});
  EXPECT_EQ(summary.at("input_ranges").size(), 7U);
}

TEST(input_range, of_a_finished_run_can_be_read_again) {
  const temporary_directory folder;
  const auto out = folder / "run";
  ASSERT_EQ(run_program(small_run(out, {"--set", "forward.input_range.enable=true"})).exit_code, 0);
  const auto before = summary_in(out);
  const auto resumed = run_program({"run", "--resume", out.string()});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(summary_in(out).at("input_ranges"), before.at("input_ranges"));
}

TEST(presets, build_on_each_other_and_on_files) {
  const temporary_directory folder;
  write_file(folder / "mine.yaml", "extends: StandardHWATrainingIO\nout_noise: 0.01\n");
  const auto out = folder / "run";
  const auto ran = run_program(
      small_run(out, {"--set", "forward.extends=" + (folder / "mine.yaml").string(), "--set", "forward.ir_drop=0.5"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto resolved = read_file(out / "config.yaml");
  for (const std::string line : {"out_noise: 0.01", "ir_drop: 0.5", "w_noise: 0.0175", "out_bound: 10",
                                 "noise_management: CONSTANT", "w_noise_type: PCM_READ"})
    EXPECT_NE(resolved.find(line), std::string::npos) << line;
  EXPECT_EQ(resolved.find("extends"), std::string::npos) << "the resolved configuration stands alone";
  // Its 8-bit converters give way to those of the machine, which the user is told.
  EXPECT_EQ(summary_in(out).at("warnings").size(), 2U);
}

} // namespace
} // namespace tilework::test
