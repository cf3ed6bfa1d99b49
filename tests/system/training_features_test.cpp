// SPDX-License-Identifier: Apache-2.0
// Devices and their passive changes in whole runs: what they cost, that they act, and that runs stay reproducible.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace tilework::test {
namespace {

constexpr std::uint64_t samples = 600;
constexpr std::uint64_t arrays = 2;

std::vector<std::string> set(const std::vector<std::string>& values) {
  std::vector<std::string> options;
  for (const auto& value : values)
    options.insert(options.end(), {"--set", value});
  return options;
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

json run_with(const std::vector<std::string>& values, const std::vector<std::string>& more = {}) {
  return summary_of_run(set(values) + more);
}

std::string digest(const std::vector<std::string>& values, const std::vector<std::string>& more = {}) {
  return run_with(values, more).at("weights_digest");
}

std::uint64_t updates(const json& summary, const std::string& action) {
  return summary.at("actions").at("update").value(action, std::uint64_t{0});
}

/// Pairs that are refreshed early, so that a short run has resets.
const std::vector<std::string> refreshing{
    "training.device={extends: PCMUnitCell, refresh_every: 2, refresh_upper_thres: 0.1, refresh_lower_thres: 0.01}",
    "training.batch_size=10"};
const std::vector<std::string> never_refreshing{"training.device={extends: PCMUnitCell, refresh_every: 0}",
                                                "training.batch_size=10"};

TEST(refresh, is_operations_with_time_and_energy_in_the_update) {
  const auto with = run_with(refreshing);
  const auto without = run_with(never_refreshing);
  EXPECT_EQ(with.at("operations").at("refresh"), samples / 10 / 2 * arrays);
  EXPECT_EQ(without.at("operations").at("refresh"), 0);
  // Both devices of 784 x 32 and 32 x 10 pairs are read, one input line of one side at a time.
  const std::uint64_t refreshes = samples / 10 / 2;
  const std::uint64_t reads = 2 * refreshes * (std::uint64_t{784} * 32 + std::uint64_t{32} * 10);
  EXPECT_EQ(updates(with, "cell_read"), reads);
  EXPECT_EQ(updates(without, "cell_read"), 0U);
  EXPECT_EQ(updates(with, "adc_conversion"), reads);
  EXPECT_GT(updates(with, "program_pulse"), 0U) << "nothing was reset, so nothing is tested";
  EXPECT_EQ(updates(without, "program_pulse"), 0U);
  for (const std::string cost : {"busy_s", "exposed_s", "energy_J"})
    EXPECT_GT(with.at("phases").at("update").at(cost), 1.1 * without.at("phases").at("update").at(cost).get<double>())
        << cost;
  EXPECT_NE(with.at("weights_digest"), without.at("weights_digest"));
}

TEST(refresh, of_the_preset_follows_every_mini_batch) {
  EXPECT_EQ(run_with({"training.device=PCMUnitCell", "training.batch_size=60"}).at("operations").at("refresh"),
            samples / 60 * arrays);
}

TEST(refresh, counts_vectors_if_told_so) {
  const auto mini_batches =
      run_with({"training.device={extends: PCMUnitCell, refresh_every: 3}", "training.batch_size=20"});
  const auto vectors = run_with(
      {"training.device={extends: PCMUnitCell, refresh_every: 60, units_in_mbatch: false}", "training.batch_size=20"});
  EXPECT_EQ(mini_batches.at("operations").at("refresh"), samples / 60 * arrays);
  EXPECT_EQ(without_host(mini_batches), without_host(vectors));
}

TEST(refresh, does_not_depend_on_threads) {
  EXPECT_EQ(without_host(run_with(refreshing, {"--threads", "1"})),
            without_host(run_with(refreshing, {"--threads", "2"})));
}

TEST(refresh, has_the_same_values_and_counts_in_both_timing_modes) {
  const auto loose = run_with(refreshing);
  const auto approximate = run_with(refreshing, {"--timing", "at"});
  EXPECT_EQ(approximate.at("timing"), "approximately_timed");
  for (const std::string key : {"weights_digest", "test_accuracy", "train_loss", "actions", "operations"})
    EXPECT_EQ(loose.at(key), approximate.at(key)) << key;
}

/// Everything with a state or an event count of its own: refresh, decay, diffusion, drift.
const std::vector<std::string> restless{
    "training.device={model: OneSided, refresh_every: 3, refresh_upper_thres: 0.1, refresh_lower_thres: 0.01, "
    "devices: [{extends: PCM, lifetime: 500, diffusion: 0.001, drift: {nu: 0.05, nu_std: 0.01}}]}",
    "training.drift_per_mini_batch=1", "training.batch_size=10", "training.epochs=4",
    "dataset={name: glyphs, train_samples: 1000, test_samples: 100}"};

TEST(refresh, interrupted_and_resumed_ends_like_uninterrupted) {
  const temporary_directory folder;
  const auto whole = folder / "whole";
  const auto parts = folder / "parts";
  const auto options = set(restless) + std::vector<std::string>{"--threads", "1"};
  ASSERT_EQ(run_program(small_run(whole, options)).exit_code, 0);
  const auto stopped =
      run_program({.arguments = small_run(parts, options), .interrupt = interruption{parts / "metrics.jsonl"}});
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  const auto done = summary_in(parts).at("operations").at("refresh").get<std::uint64_t>();
  EXPECT_GT(done, 0U);
  EXPECT_LT(done, summary_in(whole).at("operations").at("refresh").get<std::uint64_t>());
  const auto resumed = run_program({"run", "--resume", parts.string(), "--threads", "2"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(without_host(summary_in(whole)), without_host(summary_in(parts)));
  EXPECT_EQ(read_file(whole / "costs.csv"), read_file(parts / "costs.csv"));
}

/// A change of the device that must show in the weights, the same way in every run of it.
void expect_effect(const std::vector<std::string>& with, const std::vector<std::string>& without) {
  const auto plain = digest(without);
  const auto changed = digest(with, {"--threads", "1"});
  EXPECT_NE(changed, plain);
  EXPECT_EQ(digest(with, {"--threads", "2"}), changed);
  EXPECT_EQ(digest(with, {"--timing", "at"}), changed);
}

TEST(passive_changes, a_short_lifetime_decays) {
  const std::vector<std::string> leaky{"training.device={extends: Capacitor, lifetime: 50}"};
  expect_effect(leaky, {"training.device={extends: Capacitor, lifetime: 0}"});
  // 600 mini-batches are twelve lifetimes: little of what was learnt, or of the initial weights, is left.
  const auto kept = run_with({"training.device={extends: Capacitor, lifetime: 0}"});
  const auto lost = run_with({"training.device={extends: Capacitor, lifetime: 2}"});
  EXPECT_GT(kept.at("test_accuracy"), lost.at("test_accuracy").get<double>() + 0.2);
}

TEST(passive_changes, happen_once_in_a_mini_batch) {
  // With a learning rate that moves nothing, weights after as many mini-batches are the same whatever their size.
  const auto decayed = [](const std::string& size, const std::string& count) {
    return digest({"training.device={extends: Capacitor, lifetime: 5}", "training.learning_rate=1e-30",
                   "network.bias=none", "training.batch_size=" + size,
                   "dataset={name: glyphs, train_samples: " + count + ", test_samples: 10}"});
  };
  EXPECT_EQ(decayed("1", "20"), decayed("30", "600"));
  EXPECT_NE(decayed("1", "20"), decayed("1", "21"));
}

TEST(passive_changes, diffusion_moves_weights) {
  expect_effect({"training.device={model: SoftBounds, diffusion: 0.001}"}, {"training.device={model: SoftBounds}"});
}

TEST(passive_changes, drift_needs_a_law_and_time) {
  const std::string drifting = "training.device={model: SoftBounds, drift: {nu: 0.05}}";
  expect_effect({drifting, "training.drift_per_mini_batch=1"}, {drifting});
  EXPECT_EQ(digest({drifting}), digest({"training.device={model: SoftBounds}"}));
  EXPECT_EQ(digest({"training.device={model: SoftBounds}", "training.drift_per_mini_batch=1"}),
            digest({"training.device={model: SoftBounds}"}));
}

TEST(line_faults, cost_accuracy_and_are_drawn_from_the_seed) {
  expect_effect({"machine.tile.faults.open_inputs=0.3"}, {});
  const auto accuracy = [](const std::vector<std::string>& faults, const std::string& seed = "1") {
    return run_with(faults, {"--seed", seed}).at("test_accuracy").get<double>();
  };
  const auto good = accuracy({});
  EXPECT_GT(good, 0.5);
  EXPECT_LT(accuracy({"machine.tile.faults.open_inputs=0.9"}), good - 0.1);
  EXPECT_LT(accuracy({"machine.tile.faults.open_outputs=0.9"}), good - 0.1);
  // Dead tiles leave nothing but the biases: all images of a test set get one and the same answer.
  EXPECT_LT(accuracy({"machine.tile.faults.dead_tiles=1"}), 0.25);
  EXPECT_EQ(run_with({"machine.tile.faults.dead_tiles=1", "network.bias=none"}).at("weights_digest"),
            run_with({"machine.tile.faults.dead_tiles=1", "network.bias=none"}, {"--seed", "2"}).at("weights_digest"));
}

TEST(vector_cells, of_four_devices_train_like_any_device) {
  const auto four = without_host(run_with({"training.device=ReRamES4"}, {"--threads", "1"}));
  EXPECT_EQ(four, without_host(run_with({"training.device=ReRamES4"}, {"--threads", "2"})));
  EXPECT_NE(four.at("weights_digest"), digest({"training.device=ReRamES"}));
  EXPECT_NE(four.at("weights_digest"), digest({"training.device={extends: ReRamES4, update_policy: ALL}"}));
}

/// First words of the rows between two rules of the table of devices: section 1 holds models, section 2 presets.
std::vector<std::string> names_in(int section) {
  std::vector<std::string> names;
  int at = 0;
  for (const auto& line : lines_of(run_program({"devices", "list"}).out))
    if (line.find("─") != std::string::npos)
      ++at;
    else if (at == section)
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
  return names;
}

/// Models that have no devices of their own until a file names them.
bool needs_devices(const std::string& name) {
  return name == "Vector" || name == "Reference" || name == "OneSided";
}

TEST(every_device, trains_with_finite_results) {
  const auto models = names_in(1);
  const auto presets = names_in(2);
  EXPECT_GE(models.size(), 13U);
  EXPECT_GE(presets.size(), 23U);
  for (const auto& name : models + presets) {
    if (needs_devices(name))
      continue;
    const auto summary =
        run_with({"training.device=" + name, "dataset={name: glyphs, train_samples: 60, test_samples: 20}",
                  "training.batch_size=20"});
    ASSERT_TRUE(summary.at("train_loss").is_number()) << name;
    EXPECT_TRUE(std::isfinite(summary.at("train_loss").get<double>())) << name;
    EXPECT_TRUE(std::isfinite(summary.at("evaluations").at(0).at("test_loss").get<double>())) << name;
    EXPECT_GE(summary.at("test_accuracy").get<double>(), 0) << name;
  }
}

bool warns(const json& summary, const std::string& part) {
  return std::ranges::any_of(summary.at("warnings"), [&](const json& warning) {
    return warning.get<std::string>().find(part) != std::string::npos;
  });
}

TEST(warnings, name_what_is_switched_on_but_does_nothing) {
  const std::vector<std::string> few{"dataset={name: glyphs, train_samples: 20, test_samples: 10}"};
  const std::string drifting = "training.device={model: SoftBounds, drift: {nu: 0.05}}";
  const std::string nested = "training.device={model: Vector, devices: [{model: SoftBounds, drift: {nu: 0.05}}, PCM]}";
  const std::string no_time = "no time passes";
  const std::string no_law = "has no drift law";
  EXPECT_TRUE(warns(run_with(few + std::vector{drifting}), no_time));
  EXPECT_TRUE(warns(run_with(few + std::vector{nested}), no_time));
  const auto both = run_with(few + std::vector{drifting, std::string("training.drift_per_mini_batch=1")});
  EXPECT_FALSE(warns(both, no_time));
  EXPECT_FALSE(warns(both, no_law));
  EXPECT_TRUE(warns(run_with(few + std::vector<std::string>{"training.drift_per_mini_batch=1"}), no_law));
  EXPECT_TRUE(warns(run_with(few + never_refreshing), "without refresh"));
  EXPECT_FALSE(warns(run_with(few + refreshing), "without refresh"));
  EXPECT_TRUE(run_with(few).at("warnings").empty());
}

} // namespace
} // namespace tilework::test
