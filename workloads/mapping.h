// SPDX-License-Identifier: Apache-2.0
/// \file Layers to logical arrays, logical arrays to tiles.
#pragma once

#include <tilework/core/array_region.h>
#include <tilework/workloads/network.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::workload {

/// Pieces of one layer. Input pieces add up digitally in split order; output pieces are concatenated.
struct layer_map {
  std::uint32_t input_splits = 1;
  std::uint32_t output_splits = 1;
  std::uint32_t first_array = 0; ///< array index of (input split 0, output split 0); output split runs fastest
  [[nodiscard]] std::uint32_t array(std::uint32_t input_split, std::uint32_t output_split) const {
    return first_array + input_split * output_splits + output_split;
  }
  [[nodiscard]] std::uint32_t arrays() const { return input_splits * output_splits; }
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
};

/// Cuts every layer into ceil(size/max) pieces per side, as equal as possible, the first ones one larger.
/// \param placement tile of each array in order; empty = array k on tile k.
/// \throws input_error if there are more arrays than tiles, or the placement names a tile twice or one that does not
/// exist.
network_map map_network(const network_configuration& network, const tile_supply& supply,
                        std::span<const std::uint32_t> placement);

} // namespace tilework::workload
