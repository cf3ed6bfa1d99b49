// SPDX-License-Identifier: Apache-2.0
// Where arrays are: by hand, in order, or near the hub. Values stay what they are, times and traffic change.
#include "support/options.h"
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <vector>

namespace tilework::test {
namespace {

using tile_list = std::vector<std::uint32_t>;

/// 784 x 32 on arrays of 300 x 20 makes 3 x 2 arrays, 32 x 10 one more.
const options pieces = set({"machine.tile.array={inputs: 300, outputs: 20}",
                            "machine.interconnect.mesh={columns: 6, rows: 2}", "training.batch_size=16"});

/// Fast and slow arrays of two copies each: 4 arrays for 784 x 32, 4 for 32 x 10.
const options roles = set(
    {"training={algorithm: {name: TikiTaka, replicas: 2, replicate: fast_and_slow}, device: SoftBounds, "
     "batch_size: 16}",
     "machine.digital.transfer_controller={lanes: 32, clock: 1 GHz}", "machine.interconnect.mesh={columns: 4, rows: 3}",
     "dataset={name: glyphs, train_samples: 200, test_samples: 50}"});

tile_list tiles_of(const json& summary) {
  return summary.at("placement").at("tiles").get<tile_list>();
}

void expect_same_values(const json& a, const json& b) {
  for (const std::string key : {"weights_digest", "test_accuracy", "train_loss", "operations"})
    EXPECT_EQ(a.at(key), b.at(key)) << key;
}

std::uint64_t flit_hops(const json& summary) {
  std::uint64_t sum = 0;
  const auto actions = training_actions(summary);
  for (const auto& [name, count] : actions.items())
    if (name.ends_with("/flit_hop"))
      sum += count.get<std::uint64_t>();
  return sum;
}

TEST(placement, is_in_the_summary) {
  const auto summary = summary_of_run(pieces);
  EXPECT_EQ(summary.at("placement").at("placer"), "in_order");
  EXPECT_EQ(tiles_of(summary), (tile_list{0, 1, 2, 3, 4, 5, 6}));
}

TEST(placement, by_layer_role_replica_and_piece) {
  const auto by_piece =
      summary_of_run(pieces + set({"mapping.place=[{layer: 1, tile: 0}, {layer: 0, split: [1, 0], tile: 11}]"}));
  EXPECT_EQ(tiles_of(by_piece), (tile_list{1, 2, 11, 3, 4, 5, 0}));
  // Arrays of a layer in order: fast copies 0 and 1, slow copies 0 and 1.
  const auto by_role = summary_of_run(
      roles + set({"mapping.place=[{layer: 0, role: slow, tiles: [8, 9]}, {layer: 1, role: fast, replica: 1, tile: 0}, "
                   "{layer: 1, role: 1, replica: 0, tiles: [2]}]"}));
  EXPECT_EQ(tiles_of(by_role), (tile_list{1, 3, 8, 9, 4, 0, 2, 5}));
  const auto in_order = summary_of_run(roles);
  expect_same_values(in_order, by_role);
  EXPECT_NE(in_order.at("simulated_time_fs"), by_role.at("simulated_time_fs"));
}

TEST(placement, placer_shortens_the_ways_and_changes_no_value) {
  for (const auto& workload : {pieces, roles}) {
    const auto in_order = summary_of_run(workload);
    const auto near = summary_of_run(workload + set({"mapping.placer=nearest"}));
    expect_same_values(in_order, near);
    EXPECT_NE(tiles_of(in_order), tiles_of(near));
    EXPECT_LT(near.at("placement").at("byte_hops"), near.at("placement").at("byte_hops_in_order"));
    EXPECT_LT(flit_hops(near), flit_hops(in_order));
    EXPECT_NE(near.at("simulated_time_fs"), in_order.at("simulated_time_fs"));
    EXPECT_EQ(without_host(near), without_host(summary_of_run(workload + set({"mapping.placer=nearest"}))));
  }
}

TEST(placement, placer_leaves_what_is_placed_by_hand) {
  const auto near = summary_of_run(pieces + set({"mapping={place: [{layer: 1, tile: 0}], placer: nearest}"}));
  EXPECT_EQ(tiles_of(near).back(), 0U);
  expect_same_values(summary_of_run(pieces), near);
}

TEST(placement, avoids_dead_tiles_and_spare_ones_leak) {
  const auto dead = set({"machine.tile.faults.dead=[0, 3]"});
  const auto whole = summary_of_run(pieces);
  const auto in_order = summary_of_run(pieces + dead);
  EXPECT_EQ(tiles_of(in_order), (tile_list{1, 2, 4, 5, 6, 7, 8}));
  expect_same_values(whole, in_order);
  const auto near = summary_of_run(pieces + dead + set({"mapping.placer=nearest"}));
  for (const auto tile : tiles_of(near))
    EXPECT_TRUE(tile != 0 && tile != 3);
  EXPECT_LT(near.at("placement").at("byte_hops"), near.at("placement").at("byte_hops_in_order"));
  // Tile 11 holds nothing, yet its parts are there.
  for (const auto* tile : {"chip0.tile0.adc", "chip0.tile11.adc"})
    EXPECT_GT(in_order.at("components").at(tile).at("energy_J").get<double>(), 0) << tile;
}

TEST(placement, survives_a_resumed_run) {
  const temporary_directory folder;
  const auto mapping = set({"mapping={place: [{layer: 1, tiles: [5]}], placer: nearest}"});
  const auto run = run_program(small_run(folder / "run", pieces + mapping));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto before = summary_in(folder / "run");
  const auto resumed = run_program({"run", "--resume", (folder / "run").string()});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(before.at("placement"), summary_in(folder / "run").at("placement"));
  EXPECT_EQ(before.at("weights_digest"), summary_in(folder / "run").at("weights_digest"));
}

} // namespace
} // namespace tilework::test
