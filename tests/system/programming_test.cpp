// SPDX-License-Identifier: Apache-2.0
// What comes before and between the epochs of whole runs: programming in a closed loop, and reads of the weights.
#include "support/options.h"
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace tilework::test {
namespace {

constexpr auto layers = "[784, 16, 10]";
constexpr std::uint64_t weights = 784 * 16 + 16 * 10;

/// Three slow copies of every array.
options replicated() {
  return set({"dataset={name: glyphs, train_samples: 200, test_samples: 100}",
              "machine=" + (source_folder() / "platforms/machines/mesh_4x2.yaml").string(),
              "machine.tile.array={inputs: 784, outputs: 256}", "machine.interconnect.mesh={columns: 4, rows: 4}",
              "training.batch_size=10", "training.algorithm={name: MultiTileAGAD, replicas: 3}",
              "training.device=EcRam", "network.initial_weights=xavier_normal"});
}

options from_one() {
  return replicated() + set({"training.programming=from_one"});
}

TEST(programming_from_one, reaches_the_spread_of_initial_weights_and_brings_copies_together) {
  const auto run = summary_of_run(from_one(), layers);
  const auto& programming = run.at("programming");
  ASSERT_EQ(programming.size(), 2U);
  const std::vector<double> wanted{std::sqrt(2.0 / 800), std::sqrt(2.0 / 26)};
  for (std::size_t l = 0; l < 2; ++l) {
    const auto& layer = programming[l];
    SCOPED_TRACE(layer.dump());
    EXPECT_GT(layer.at("first_copy_iterations"), 100);
    EXPECT_LT(layer.at("first_copy_iterations"), 20000);
    EXPECT_NEAR(layer.at("weight_std").get<double>(), wanted[l], 0.25 * wanted[l]);
    EXPECT_EQ(layer.at("copy_iterations").size(), 2U);
    for (const auto& n : layer.at("copy_iterations"))
      EXPECT_LT(n, 20000) << "did not converge";
    EXPECT_LT(layer.at("copy_std"), 0.05) << "two random copies are 0.57 apart";
  }
}

TEST(programming_from_one, is_charged_under_its_phase_and_nowhere_else) {
  const auto run = summary_of_run(from_one(), layers);
  std::uint64_t of_first = 0;
  std::uint64_t of_copies = 0; // updates
  std::uint64_t steps_with_copies = 0;
  for (const auto& layer : run.at("programming")) {
    of_first += layer.at("first_copy_iterations").get<std::uint64_t>();
    std::uint64_t longest = 0;
    for (const auto& n : layer.at("copy_iterations")) {
      of_copies += n.get<std::uint64_t>();
      longest = std::max(longest, n.get<std::uint64_t>());
    }
    steps_with_copies += longest;
  }
  const auto& phase = run.at("phases").at("program");
  EXPECT_GT(phase.at("exposed_s"), 0.0);
  EXPECT_GT(phase.at("energy_J"), 0.0);
  const auto& actions = run.at("actions").at("program");
  EXPECT_GT(actions.at("update_pulse"), 0);
  EXPECT_EQ(actions.value("program_pulse", 0), 0) << "nobody knows absolute weights";
  EXPECT_EQ(actions.value("dram_read_byte", 0), 0);
  const auto trained = summary_of_run(replicated(), layers);
  const auto products = [](const json& s) { return s.at("operations").at("forward_mvm").get<std::uint64_t>(); };
  EXPECT_EQ(products(run) - products(trained), of_first + of_copies + steps_with_copies);
  EXPECT_EQ(run.at("actions").at("forward").at("adc_conversion"),
            trained.at("actions").at("forward").at("adc_conversion"));
}

TEST(programming_from_one, gives_the_same_however_it_is_run) {
  const auto one = summary_of_run(from_one() + options{"--threads", "1"}, layers);
  const auto two = summary_of_run(from_one() + options{"--threads", "2"}, layers);
  EXPECT_EQ(without_host(one), without_host(two));
  const auto approximate = summary_of_run(from_one() + options{"--timing", "at"}, layers);
  for (const std::string key : {"weights_digest", "programming", "actions", "operations"})
    EXPECT_EQ(one.at(key), approximate.at(key)) << key;
}

TEST(programming_from_one, continues_after_an_interrupt_in_the_middle) {
  const temporary_directory folder;
  ASSERT_EQ(run_program(small_run(folder / "whole", from_one(), layers)).exit_code, 0);
  const auto out = folder / "parts";
  const auto first =
      run_program({.arguments = small_run(out, from_one(), layers), .interrupt = interruption{out / "config.yaml"}});
  ASSERT_EQ(first.exit_code, 130) << first.err;
  ASSERT_EQ(summary_in(out).at("operations").at("load_samples"), 0) << "this interrupt was meant to hit programming";
  ASSERT_GT(summary_in(out).at("operations").at("outer_product_update"), 0);
  EXPECT_FALSE(summary_in(out).contains("programming"));
  const auto last = run_program({"run", "--resume", out.string()});
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(without_host(summary_in(out)), without_host(summary_in(folder / "whole")));
}

TEST(programming_from_one, of_a_single_array_programs_it_alone) {
  const auto run = summary_of_run(set({"training.programming=from_one"}), layers);
  for (const auto& layer : run.at("programming")) {
    EXPECT_TRUE(layer.at("copy_iterations").empty());
    EXPECT_TRUE(layer.at("copy_std").is_null());
  }
}

TEST(programming_from_one, says_when_it_gave_up) {
  const auto run =
      summary_of_run(replicated() + set({"training.programming={method: from_one, most_iterations: 50}"}), layers);
  const auto warnings = run.at("warnings").dump();
  EXPECT_NE(warnings.find("3 of 3 copies of layer 0"), std::string::npos) << warnings;
}

options averaging(unsigned reads) {
  return set({"training.epochs=2", "evaluate.average_from_epoch=2", "evaluate.digital=true",
              "evaluate.weight_reads=" + std::to_string(reads)});
}

TEST(weight_reads, take_time_and_energy_and_go_to_memory) {
  const auto run = summary_of_run(replicated() + averaging(5), layers);
  const auto& actions = run.at("actions").at("read_out");
  EXPECT_EQ(actions.at("adc_conversion"), 5 * 3 * weights);
  EXPECT_EQ(actions.at("dac_conversion"), 5 * 3 * (784 + 16));
  EXPECT_EQ(actions.at("dram_write_byte"), 5 * 3 * weights * 4);
  const auto& phase = run.at("phases").at("read_out");
  EXPECT_GT(phase.at("exposed_s"), 0.0);
  EXPECT_GT(phase.at("energy_J"), 0.0);
  const auto without = summary_of_run(replicated() + set({"training.epochs=2"}), layers);
  EXPECT_EQ(run.at("weights_digest"), without.at("weights_digest")) << "they change nothing";
  EXPECT_EQ(run.at("simulated_time_fs").get<std::uint64_t>(),
            without.at("simulated_time_fs").get<std::uint64_t>() + phase.at("exposed_fs").get<std::uint64_t>())
      << "they are part of training";
}

double averaged(const json& run) {
  return run.at("evaluations").back().at("averaged_accuracy");
}

TEST(weight_reads, give_the_average_its_values) {
  const auto read_with = [](const std::string& noise) {
    return summary_of_run(
        replicated() + averaging(1) +
            set({"training.epochs=5", "evaluate.average_from_epoch=5", "transfer_read.out_noise=" + noise}),
        layers);
  };
  // Reads of line sums to a digit of 2 * 20 / 510 blur all small weights, noise of 20 leaves nothing.
  EXPECT_LT(averaged(read_with("20")), 0.4);
  const auto perfect =
      summary_of_run(replicated() + averaging(1) +
                         set({"training.epochs=5", "evaluate.average_from_epoch=5", "transfer_read.is_perfect=true"}),
                     layers);
  EXPECT_EQ(averaged(perfect), perfect.at("evaluations").back().at("digital_accuracy"))
      << "exact reads of one epoch are the weights";
}

TEST(weight_reads, are_the_same_loosely_and_approximately_timed_and_after_a_resume) {
  const temporary_directory folder;
  const auto all = replicated() + averaging(3) + set({"training.epochs=60"});
  ASSERT_EQ(run_program(small_run(folder / "whole", all, layers)).exit_code, 0);
  const auto whole = summary_in(folder / "whole");
  const auto approximate = summary_of_run(all + options{"--timing", "at"}, layers);
  for (const std::string key : {"weights_digest", "actions", "operations"})
    EXPECT_EQ(whole.at(key), approximate.at(key)) << key;
  EXPECT_EQ(averaged(whole), averaged(approximate));
  const auto out = folder / "parts";
  ASSERT_EQ(run_program({.arguments = small_run(out, all, layers), .interrupt = interruption{out / "metrics.jsonl"}})
                .exit_code,
            130);
  ASSERT_EQ(run_program({"run", "--resume", out.string()}).exit_code, 0);
  EXPECT_EQ(without_host(summary_in(out)), without_host(whole));
}

} // namespace
} // namespace tilework::test
