// SPDX-License-Identifier: Apache-2.0
#include <tilework/platforms/placer.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace tilework::platform {
namespace {

using tile_list = std::vector<std::uint32_t>;

machine_configuration mesh(std::uint32_t columns, std::uint32_t rows) {
  machine_configuration machine;
  machine.interconnect = hardware::routed_network_configuration{.shape = hardware::mesh_shape{columns, rows}};
  return machine;
}

tile_list placed(const machine_configuration& machine, const std::vector<array_flow>& flows, std::uint32_t arrays,
                 const tile_list& fixed = {}) {
  tile_list tiles(arrays);
  std::iota(tiles.begin(), tiles.end(), 0U);
  std::vector<bool> is_fixed(arrays, false);
  for (const auto array : fixed)
    is_fixed[array] = true;
  tile_list free(machine.tiles() - arrays);
  std::iota(free.begin(), free.end(), arrays);
  return place_near_hub(machine, flows, tiles, is_fixed, free);
}

/// The smallest sum over all placements.
double least(const machine_configuration& machine, const std::vector<array_flow>& flows, std::uint32_t arrays) {
  tile_list tiles(machine.tiles());
  std::iota(tiles.begin(), tiles.end(), 0U);
  auto best = std::numeric_limits<double>::max();
  do {
    best = std::min(best, byte_hops(machine, flows, std::span(tiles).first(arrays)));
  } while (std::ranges::next_permutation(tiles).found);
  return best;
}

TEST(placer, counts_the_links_that_packets_pass) {
  const auto machine = mesh(3, 2);
  // Tile 5 is in column 2, row 1: three links there, three back.
  const std::vector<array_flow> flows{{{0}, false, 10}, {{0}, true, 1}};
  EXPECT_EQ(byte_hops(machine, flows, tile_list{5}), 10 * 3 + 1 * 3);
  EXPECT_EQ(byte_hops(machine, flows, tile_list{0}), 0);
}

TEST(placer, shared_packets_pass_a_link_once) {
  const auto machine = mesh(3, 2);
  // To tiles 1 and 2: links 0-1 and 1-2.
  EXPECT_EQ(byte_hops(machine, std::vector<array_flow>{{{0, 1}, false, 10}}, tile_list{1, 2}), 20);
  // From tiles 4 and 5 to the hub: links 5-4, 4-3 and 3-0.
  EXPECT_EQ(byte_hops(machine, std::vector<array_flow>{{{0, 1}, true, 10}}, tile_list{4, 5}), 30);
}

TEST(placer, has_no_ways_to_shorten_on_a_bus_or_an_ideal_network) {
  machine_configuration machine;
  const std::vector<array_flow> flows{{{0}, false, 10}, {{1}, false, 20}};
  machine.interconnect = hardware::bus_configuration{.nodes = 4};
  EXPECT_EQ(byte_hops(machine, flows, tile_list{0, 1}), 30);
  EXPECT_EQ(placed(machine, flows, 2), (tile_list{0, 1}));
  machine.interconnect = hardware::ideal_network_configuration{.nodes = 4};
  EXPECT_EQ(byte_hops(machine, flows, tile_list{0, 1}), 0);
  EXPECT_EQ(placed(machine, flows, 2), (tile_list{0, 1}));
}

TEST(placer, puts_most_bytes_next_to_the_hub) {
  const std::vector<array_flow> flows{{{0}, false, 1}, {{1}, false, 2}, {{2}, true, 4}, {{3}, true, 3}};
  const auto tiles = placed(mesh(2, 2), flows, 4);
  EXPECT_EQ(tiles[2], 0U);
  EXPECT_EQ(tiles[0], 3U);
}

TEST(placer, leaves_fixed_arrays) {
  const std::vector<array_flow> flows{{{0}, false, 1}, {{1}, false, 2}, {{2}, true, 4}};
  const auto tiles = placed(mesh(3, 1), flows, 3, {0});
  EXPECT_EQ(tiles, (tile_list{0, 2, 1}));
}

TEST(placer, is_as_good_as_trying_everything_where_packets_are_alone) {
  const std::vector<array_flow> flows{{{0}, false, 5}, {{0}, true, 3}, {{1}, false, 9}, {{2}, true, 2},
                                      {{3}, false, 8}, {{4}, true, 1}, {{4}, false, 4}};
  for (const auto& machine : {mesh(4, 2), mesh(3, 2), mesh(1, 7)})
    EXPECT_EQ(byte_hops(machine, flows, placed(machine, flows, 5)), least(machine, flows, 5));
}

TEST(placer, exchanges_arrays_that_share_packets) {
  // In one row the members of the sum share most of their way. A local optimum need not be the best one.
  const std::vector<array_flow> flows{{{0, 1, 2, 3}, true, 100}, {{4}, false, 110}, {{5}, false, 60}};
  const auto machine = mesh(4, 2);
  const auto cost = byte_hops(machine, flows, placed(machine, flows, 6));
  EXPECT_LE(cost, 1.2 * least(machine, flows, 6));
  EXPECT_LT(cost, byte_hops(machine, flows, tile_list{4, 1, 2, 5, 0, 3})) << "by bytes alone";
}

} // namespace
} // namespace tilework::platform
