// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/workloads/mapping.h>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tilework::workload {
namespace {

network_map map_of(std::vector<std::uint32_t> layers, tile_supply supply, std::vector<std::uint32_t> placement = {}) {
  network_configuration network;
  network.layers = std::move(layers);
  return map_network(network, supply, placement);
}

std::string error_of(std::vector<std::uint32_t> layers, tile_supply supply, std::vector<std::uint32_t> placement = {}) {
  try {
    map_of(std::move(layers), supply, std::move(placement));
  } catch (const input_error& e) {
    return e.what();
  }
  return {};
}

TEST(mapping, layer_that_fits_is_one_array) {
  const auto map = map_of({784, 256, 10}, {4, 1024, 256});
  ASSERT_EQ(map.arrays.size(), 2U);
  EXPECT_EQ(map.arrays[0].inputs, 784U);
  EXPECT_EQ(map.arrays[0].outputs, 256U);
  EXPECT_EQ(map.arrays[1].inputs, 256U);
  EXPECT_EQ(map.arrays[1].outputs, 10U);
  EXPECT_EQ(map.arrays[1].id.layer, 1U);
  EXPECT_EQ(map.arrays[1].tile, 1U);
  EXPECT_EQ(map.layers[1].first_array, 1U);
}

TEST(mapping, pieces_are_equal_and_the_first_ones_one_larger) {
  const auto map = map_of({11, 7}, {6, 4, 4}); // 11 = 4 + 4 + 3, 7 = 4 + 3
  const auto& layer = map.layers[0];
  ASSERT_EQ(layer.input_splits, 3U);
  ASSERT_EQ(layer.output_splits, 2U);
  constexpr std::uint32_t inputs[] = {4, 4, 3};
  constexpr std::uint32_t first_inputs[] = {0, 4, 8};
  constexpr std::uint32_t outputs[] = {4, 3};
  constexpr std::uint32_t first_outputs[] = {0, 4};
  for (std::uint16_t i = 0; i < 3; ++i)
    for (std::uint16_t o = 0; o < 2; ++o) {
      const auto& a = map.arrays[layer.array(i, o)];
      EXPECT_EQ(a.inputs, inputs[i]);
      EXPECT_EQ(a.first_input, first_inputs[i]);
      EXPECT_EQ(a.outputs, outputs[o]);
      EXPECT_EQ(a.first_output, first_outputs[o]);
      EXPECT_EQ(a.id.input_split, i);
      EXPECT_EQ(a.id.output_split, o);
    }
}

TEST(mapping, pieces_differ_by_at_most_one_and_cover_the_layer) {
  for (std::uint32_t size = 1; size < 40; ++size) {
    const auto map = map_of({size, 1}, {40, 7, 7});
    std::uint32_t next = 0;
    for (const auto& a : map.arrays) {
      EXPECT_EQ(a.first_input, next);
      EXPECT_LE(a.inputs, 7U);
      EXPECT_LE(map.arrays.front().inputs - a.inputs, 1U);
      next += a.inputs;
    }
    EXPECT_EQ(next, size);
    EXPECT_EQ(map.arrays.size(), (size + 6) / 7);
  }
}

TEST(mapping, every_array_has_its_own_key) {
  const auto map = map_of({20, 20, 20}, {200, 4, 3});
  std::set<std::uint64_t> keys;
  for (const auto& a : map.arrays)
    keys.insert(a.id.key());
  EXPECT_EQ(keys.size(), map.arrays.size());
}

TEST(mapping, placement_moves_arrays) {
  const auto map = map_of({4, 4, 4}, {4, 4, 4}, {3, 1});
  EXPECT_EQ(map.arrays[0].tile, 3U);
  EXPECT_EQ(map.arrays[1].tile, 1U);
}

TEST(mapping, needs_a_tile_per_array) {
  EXPECT_EQ(error_of({8, 4}, {2, 4, 4}), "");
  EXPECT_NE(error_of({9, 4}, {2, 4, 4}).find("needs 3 arrays but the machine has 2 tiles"), std::string::npos);
}

TEST(mapping, shared_tiles_hold_any_number_of_arrays) {
  constexpr std::uint32_t any = 1U << 30U;
  const auto map = map_of({5, 4, 3, 2}, {2, any, any, true});
  ASSERT_EQ(map.arrays.size(), 3U);
  EXPECT_EQ(map.arrays[0].tile, 0U);
  EXPECT_EQ(map.arrays[1].tile, 1U);
  EXPECT_EQ(map.arrays[2].tile, 0U);
  EXPECT_EQ(map_of({5, 4, 3, 2}, {2, any, any, true}, {1, 1, 1}).arrays[0].tile, 1U);
  EXPECT_EQ(map_of({1'000'000, 10}, {1, any, any, true}).arrays.size(), 1U) << "never cut";
  EXPECT_NE(error_of({5, 4}, {2, any, any, true}, {2}).find("names tile 2, allowed: 0 to 1"), std::string::npos);
}

TEST(mapping, refuses_more_pieces_than_an_array_number_holds) {
  EXPECT_NE(error_of({70'000, 1}, {65'536, 1, 1}).find("needs 70000 arrays but the machine has 65536 tiles"),
            std::string::npos);
  EXPECT_NE(error_of({1'000'000, 1'000'000}, {1, 1, 1}).find("needs 1000000000000 arrays"), std::string::npos);
  EXPECT_EQ(map_of({65'536, 1}, {65'536, 1, 1}).arrays.back().id.input_split, 65'535U);
}

TEST(mapping, refuses_impossible_placements) {
  EXPECT_NE(error_of({8, 4}, {4, 4, 4}, {0}).find("lists 1 tiles but the network has 2 arrays"), std::string::npos);
  EXPECT_NE(error_of({8, 4}, {4, 4, 4}, {0, 4}).find("names tile 4, allowed: 0 to 3"), std::string::npos);
  EXPECT_NE(error_of({8, 4}, {4, 4, 4}, {2, 2}).find("names tile 2 twice"), std::string::npos);
}

TEST(mapping, what_is_not_placed_follows_in_order_on_the_tiles_that_are_left) {
  const auto map = map_of({4, 4, 4, 4, 4}, {8, 4, 4, false, {0, 3}}, {any_tile, 1, any_tile, 6});
  EXPECT_EQ(map.arrays[0].tile, 2U);
  EXPECT_EQ(map.arrays[1].tile, 1U);
  EXPECT_EQ(map.arrays[2].tile, 4U);
  EXPECT_EQ(map.arrays[3].tile, 6U);
}

TEST(mapping, dead_tiles_hold_nothing) {
  const auto map = map_of({4, 4, 4}, {4, 4, 4, false, {0, 2}});
  EXPECT_EQ(map.arrays[0].tile, 1U);
  EXPECT_EQ(map.arrays[1].tile, 3U);
  EXPECT_NE(error_of({4, 4, 4}, {4, 4, 4, false, {2}}, {1, 2}).find("names tile 2, which is dead"), std::string::npos);
  EXPECT_NE(error_of({4, 4, 4, 4}, {4, 4, 4, false, {0, 2}})
                .find("needs 3 arrays but the machine has 4 tiles, 2 of "
                      "them dead"),
            std::string::npos);
}

} // namespace
} // namespace tilework::workload
