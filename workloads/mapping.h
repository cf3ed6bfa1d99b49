// SPDX-License-Identifier: Apache-2.0
/// \file Layers to logical arrays, logical arrays to tiles.
#pragma once

#include <tilework/core/array_region.h>
#include <tilework/workloads/network.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::workload {

/// Pieces of one layer. Input pieces add up digitally in split order; output pieces are concatenated. A piece has
/// several arrays if the algorithm has several roles or replicas.
struct layer_map {
  std::uint32_t input_splits = 1;
  std::uint32_t output_splits = 1;
  std::uint32_t first_piece = 0;         ///< number of the layer's first piece among those of the network
  std::uint32_t first_array = 0;         ///< of the layer; output split runs fastest, then input split, copy, role
  std::vector<std::uint32_t> copies{1U}; ///< of every piece, per role
  [[nodiscard]] std::uint32_t pieces() const { return input_splits * output_splits; }
  [[nodiscard]] std::uint32_t piece(std::uint32_t input_split, std::uint32_t output_split) const {
    return input_split * output_splits + output_split;
  }
  [[nodiscard]] std::uint32_t array(std::uint32_t input_split, std::uint32_t output_split, std::uint32_t role = 0,
                                    std::uint32_t copy = 0) const {
    for (std::uint32_t r = 0; r < role; ++r)
      copy += copies[r];
    return first_array + copy * pieces() + piece(input_split, output_split);
  }
  [[nodiscard]] std::uint32_t arrays() const {
    std::uint32_t all = 0;
    for (const auto c : copies)
      all += c;
    return all * pieces();
  }
};

struct network_map {
  std::vector<layer_map> layers;
  std::vector<array_region> arrays;
};

/// What the machine offers.
struct tile_supply {
  std::uint32_t tiles = 0;
  std::uint32_t max_inputs = 0; ///< lines of one array
  std::uint32_t max_outputs = 0;
  bool shared = false;               ///< a tile holds any number of arrays: a digital unit with a memory
  std::vector<std::uint32_t> dead{}; ///< tiles that hold nothing, each once
  [[nodiscard]] bool is_dead(std::uint32_t tile) const;
};

/// Who places the arrays that may be on any tile. in_order: the first one on the first tile; nearest: close to the
/// hub, see platforms/placer.h.
enum class placer_kind : std::uint8_t { in_order, nearest };
inline constexpr std::array<std::pair<std::string_view, placer_kind>, 2> placer_names{
    {{"in_order", placer_kind::in_order}, {"nearest", placer_kind::nearest}}};
constexpr std::span<const std::pair<std::string_view, placer_kind>> names_of(placer_kind) {
  return placer_names;
}

/// In a placement: an array that may be on any tile.
inline constexpr std::uint32_t any_tile = std::numeric_limits<std::uint32_t>::max();

/// Cuts every layer into ceil(size/max) pieces per side, as equal as possible, the first ones one larger.
/// \param placement tile of each array in order, or any_tile, which are placed in order on the tiles that are left:
/// working ones that no array names, all tiles in turn where they are shared. Empty = all on any tile.
/// \param copies arrays of every piece, per role; at most 255 each
/// \throws input_error if the placement names a tile that does not exist or is dead; unless tiles are shared, also if
/// there are more arrays than working tiles or one is named twice.
network_map map_network(const network_configuration& network, const tile_supply& supply,
                        std::span<const std::uint32_t> placement, const std::vector<std::uint32_t>& copies = {1U});

} // namespace tilework::workload
