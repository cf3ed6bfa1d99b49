// SPDX-License-Identifier: Apache-2.0
// One seed, one result: whatever the threads, the placement, the tracing and the evaluations.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace tilework::test {
namespace {

const std::vector<std::string> two_epochs{"--set", "training.epochs=2"};

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Counts that depend on where arrays are: what crosses the network.
json placement_free_actions(const json& summary) {
  auto counts = training_actions(summary);
  for (const std::string phase : {"forward", "backward", "update", "transfer"})
    for (const std::string action : {"flit_hop", "router_arbitration"})
      counts.erase(phase + "/" + action);
  return counts;
}

TEST(determinism, same_seed_same_summary_on_any_number_of_threads) {
  for (const std::string batch : {"1", "16"}) {
    const std::vector<std::string> batched{"--set", "training.batch_size=" + batch};
    const auto one = without_host(summary_of_run(batched + std::vector<std::string>{"--threads", "1"}));
    EXPECT_EQ(one, without_host(summary_of_run(batched + std::vector<std::string>{"--threads", "1"})));
    for (const std::string threads : {"2", "3"}) {
      const auto many = without_host(summary_of_run(batched + std::vector<std::string>{"--threads", threads}));
      EXPECT_EQ(one.at("weights_digest"), many.at("weights_digest")) << threads << " threads";
      EXPECT_EQ(one, many) << threads << " threads";
    }
  }
}

TEST(determinism, large_arrays_give_the_same_on_any_number_of_threads) {
  // Arrays of the shipped size are cut into several blocks, so threads really share a kernel.
  const std::vector<std::string> few{"--set", "dataset={name: glyphs, train_samples: 200, test_samples: 100}"};
  const std::string layers = "[784, 256, 10]";
  const auto one = without_host(summary_of_run(few + std::vector<std::string>{"--threads", "1"}, layers));
  for (const std::string threads : {"2", "3"})
    EXPECT_EQ(one, without_host(summary_of_run(few + std::vector<std::string>{"--threads", threads}, layers)))
        << threads;
}

TEST(determinism, tracing_changes_nothing) {
  const temporary_directory folder;
  const auto traced = summary_of_run({"--trace", (folder / "trace.json").string()});
  EXPECT_TRUE(std::filesystem::exists(folder / "trace.json"));
  EXPECT_EQ(without_host(summary_of_run()), without_host(traced));
}

TEST(determinism, evaluating_never_changes_nothing_about_training) {
  const auto often = summary_of_run(two_epochs + std::vector<std::string>{"--set", "evaluate.every=1 epoch"});
  const auto never = summary_of_run(two_epochs + std::vector<std::string>{"--set", "evaluate.every=never"});
  EXPECT_EQ(often.at("evaluations").size(), 2U);
  EXPECT_EQ(never.at("evaluations").size(), 0U);
  EXPECT_FALSE(never.at("actions").contains("evaluate"));
  for (const std::string key : {"weights_digest", "simulated_time_fs", "energy_J", "components"})
    EXPECT_EQ(often.at(key), never.at(key)) << key;
  for (const std::string phase : {"forward", "backward", "update", "transfer"})
    EXPECT_EQ(often.at("phases").at(phase), never.at("phases").at(phase)) << phase;
  EXPECT_EQ(training_actions(often), training_actions(never));
}

TEST(determinism, placement_changes_only_the_network_traffic) {
  // Two arrays on four tiles: every pair of different tiles.
  const auto reference = summary_of_run();
  std::size_t placements = 0;
  bool traffic_differs = false;
  for (int first = 0; first < 4; ++first)
    for (int second = 0; second < 4; ++second) {
      if (first == second)
        continue;
      ++placements;
      const auto tiles = "[" + std::to_string(first) + ", " + std::to_string(second) + "]";
      const auto placed = summary_of_run({"--set", "mapping.tiles=" + tiles});
      for (const std::string key : {"weights_digest", "test_accuracy", "train_loss", "operations"})
        EXPECT_EQ(reference.at(key), placed.at(key)) << key << " with tiles " << tiles;
      EXPECT_EQ(placement_free_actions(reference), placement_free_actions(placed)) << tiles;
      traffic_differs = traffic_differs || training_actions(reference) != training_actions(placed);
    }
  EXPECT_EQ(placements, 12U);
  EXPECT_TRUE(traffic_differs) << "every placement has the same traffic: placement is ignored";
}

TEST(determinism, split_layers_do_not_depend_on_threads_or_placement) {
  // 784 x 32 on arrays of 300 x 20 makes 3 x 2 arrays, 32 x 10 one more.
  const std::vector<std::string> split{"--set", "machine.tile.array={inputs: 300, outputs: 20}",
                                       "--set", "machine.interconnect.mesh={columns: 4, rows: 2}",
                                       "--set", "training.batch_size=16"};
  const auto one = summary_of_run(split + std::vector<std::string>{"--threads", "1"});
  const auto three = summary_of_run(split + std::vector<std::string>{"--threads", "3"});
  EXPECT_EQ(without_host(one), without_host(three));
  const auto moved = summary_of_run(split + std::vector<std::string>{"--set", "mapping.tiles=[7, 2, 5, 0, 6, 1, 3]"});
  EXPECT_EQ(one.at("weights_digest"), moved.at("weights_digest"));
  EXPECT_EQ(one.at("test_accuracy"), moved.at("test_accuracy"));
  EXPECT_EQ(placement_free_actions(one), placement_free_actions(moved));
  EXPECT_NE(training_actions(one), training_actions(moved));
}

TEST(determinism, another_seed_gives_other_weights) {
  EXPECT_NE(summary_of_run({"--seed", "1"}).at("weights_digest"), summary_of_run({"--seed", "2"}).at("weights_digest"));
}

TEST(determinism, another_batch_size_gives_other_weights) {
  EXPECT_NE(summary_of_run({"--set", "training.batch_size=1"}).at("weights_digest"),
            summary_of_run({"--set", "training.batch_size=16"}).at("weights_digest"));
}

} // namespace
} // namespace tilework::test
