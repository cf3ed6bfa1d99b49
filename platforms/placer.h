// SPDX-License-Identifier: Apache-2.0
/// \file Puts arrays on tiles so that their packets have short ways.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/step_program.h>
#include <tilework/numerics/number_format.h>
#include <tilework/platforms/machine_configuration.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::platform {

/// Equal packets between the hub and an array; or one packet that several arrays share, whose way is a tree: a
/// multicast from the hub or a sum on its way there.
struct array_flow {
  std::vector<std::uint32_t> arrays; ///< ascending
  bool to_hub = false;
  double bytes = 0; ///< of all these packets together
};

/// What a step sends over the network. \param arena allocated \param format of operands on the machine
/// \param repeats how often the operations of each stage happen; operations without a stage happen once
std::vector<array_flow> flows_of(const step_program& program, operand_arena& arena, numerics::number_format format,
                                 std::size_t arrays, std::span<const double> repeats);

/// What a placement costs: the sum over all packets of their bytes times the links that they pass on their way; on a
/// bus one. A shared packet passes each link of its tree once.
double byte_hops(const machine_configuration& machine, std::span<const array_flow> flows,
                 std::span<const std::uint32_t> tiles);

/// Moves arrays to tiles where byte_hops() is small: the array with most bytes first to the tile next to the hub; then
/// one array after the other changes place with another one or with a spare tile as long as that is a gain. The result
/// depends on nothing but the arguments; without a gain it is `tiles`. \param tiles of each array \param is_fixed
/// arrays that stay where they are \param free tiles that have no array and may have one, ascending
std::vector<std::uint32_t> place_near_hub(const machine_configuration& machine, std::span<const array_flow> flows,
                                          std::vector<std::uint32_t> tiles, const std::vector<bool>& is_fixed,
                                          std::vector<std::uint32_t> free);

} // namespace tilework::platform
