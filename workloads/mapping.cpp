// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/workloads/mapping.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace tilework::workload {
namespace {

struct piece {
  std::uint32_t first;
  std::uint32_t size;
};

std::uint32_t piece_count(std::uint32_t size, std::uint32_t largest) {
  return (size + largest - 1) / largest;
}

std::vector<piece> cut(std::uint32_t size, std::uint32_t largest) {
  const std::uint32_t count = piece_count(size, largest);
  std::vector<piece> pieces;
  pieces.reserve(count);
  std::uint32_t first = 0;
  for (std::uint32_t k = 0; k < count; ++k) {
    const std::uint32_t length = size / count + (k < size % count ? 1 : 0);
    pieces.push_back({first, length});
    first += length;
  }
  return pieces;
}

/// Before any array is made: a wide layer on small tiles has more pieces than memory or a logical_array can hold.
void require_enough_tiles(const network_configuration& network, const tile_supply& supply, std::uint32_t per_piece) {
  std::uint64_t arrays = 0;
  for (std::size_t l = 0; l < network.weight_layers(); ++l)
    arrays += std::uint64_t{piece_count(network.layers[l], supply.max_inputs)} *
              piece_count(network.layers[l + 1], supply.max_outputs);
  arrays *= per_piece;
  if (!supply.shared && arrays > supply.tiles - supply.dead.size())
    throw input_error(fmt::format("the network needs {} arrays but the machine has {} tiles{}; use a machine with more "
                                  "or larger tiles, a smaller network{}",
                                  arrays, supply.tiles,
                                  supply.dead.empty() ? "" : fmt::format(", {} of them dead", supply.dead.size()),
                                  per_piece > 1 ? ", or fewer replicas" : ""));
}

void require_tile(const tile_supply& supply, std::uint32_t tile) {
  if (tile >= supply.tiles)
    throw input_error(fmt::format("mapping.tiles names tile {}, allowed: 0 to {}", tile, supply.tiles - 1));
  if (supply.is_dead(tile))
    throw input_error(fmt::format("mapping.tiles names tile {}, which is dead", tile));
}

/// Tiles that the placement names.
std::vector<bool> named_tiles(const tile_supply& supply, std::span<const std::uint32_t> placement) {
  std::vector<bool> named(supply.tiles, false);
  for (const auto tile : placement) {
    if (tile == any_tile)
      continue;
    require_tile(supply, tile);
    if (named[tile] && !supply.shared)
      throw input_error(fmt::format("mapping.tiles names tile {} twice; a tile holds one array", tile));
    named[tile] = true;
  }
  return named;
}

void place(std::vector<array_region>& arrays, const tile_supply& supply, std::span<const std::uint32_t> placement) {
  if (!placement.empty() && placement.size() != arrays.size())
    throw input_error(fmt::format("mapping.tiles lists {} tiles but the network has {} arrays; list one tile per array",
                                  placement.size(), arrays.size()));
  auto taken = named_tiles(supply, placement);
  for (const auto tile : supply.dead)
    taken[tile] = true;
  std::uint32_t next = 0;
  for (std::uint32_t k = 0; k < arrays.size(); ++k) {
    if (!placement.empty() && placement[k] != any_tile) {
      arrays[k].tile = placement[k];
      continue;
    }
    while (!supply.shared && taken[next])
      ++next;
    arrays[k].tile = supply.shared ? k % supply.tiles : next++;
  }
}

} // namespace

bool tile_supply::is_dead(std::uint32_t tile) const {
  return std::ranges::find(dead, tile) != dead.end();
}

network_map map_network(const network_configuration& network, const tile_supply& supply,
                        std::span<const std::uint32_t> placement, const std::vector<std::uint32_t>& copies) {
  require_enough_tiles(network, supply, std::accumulate(copies.begin(), copies.end(), 0U));
  network_map map;
  std::uint32_t pieces = 0;
  for (std::size_t l = 0; l < network.weight_layers(); ++l) {
    const auto inputs = cut(network.layers[l], supply.max_inputs);
    const auto outputs = cut(network.layers[l + 1], supply.max_outputs);
    map.layers.push_back({static_cast<std::uint32_t>(inputs.size()), static_cast<std::uint32_t>(outputs.size()), pieces,
                          static_cast<std::uint32_t>(map.arrays.size()), copies});
    pieces += map.layers.back().pieces();
    for (std::size_t role = 0; role < copies.size(); ++role)
      for (std::uint32_t copy = 0; copy < copies[role]; ++copy)
        for (std::size_t i = 0; i < inputs.size(); ++i)
          for (std::size_t o = 0; o < outputs.size(); ++o)
            map.arrays.push_back(
                {{static_cast<std::uint16_t>(l), static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(o),
                  static_cast<std::uint8_t>(copy), static_cast<std::uint8_t>(role)},
                 inputs[i].first,
                 inputs[i].size,
                 outputs[o].first,
                 outputs[o].size,
                 0});
  }
  place(map.arrays, supply, placement);
  return map;
}

} // namespace tilework::workload
