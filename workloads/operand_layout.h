// SPDX-License-Identifier: Apache-2.0
/// \file Where the operands of a network live: one slot per tensor, in the buffer or in memory.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/numerics/input_range.h>
#include <tilework/workloads/mapping.h>

#include <cstdint>
#include <vector>

namespace tilework::workload {

/// Slots of one layer, by slot index in the arena.
struct layer_slots {
  std::uint32_t input = 0;            ///< x: n x inputs
  std::uint32_t output_gradient = 0;  ///< d = dLoss/dz: n x outputs
  std::uint32_t sum = 0;              ///< z: n x outputs
  std::uint32_t input_gradient = 0;   ///< e = W^T d: n x inputs; of the first layer only for a learned input range
  std::uint32_t forward_partial = 0;  ///< n x (input splits * outputs), if the layer has several input splits
  std::uint32_t backward_partial = 0; ///< n x (output splits * inputs), if it has several output splits
  std::uint32_t bias = 0;             ///< 1 x outputs
  std::uint32_t forward_scale = 0;    ///< n x input splits: noise management of x
  std::uint32_t backward_scale = 0;   ///< n x output splits: noise management of d; where input_gradient is
  std::uint32_t update_scale = 0;     ///< n x arrays: update management
};

struct operand_layout {
  std::vector<layer_slots> layers;
  std::vector<std::uint32_t> initial_weights; ///< per array, in memory: outputs x inputs
  std::vector<std::uint32_t> ranged_input;    ///< per array: n x inputs, clamped and divided by the input range
  std::vector<std::uint32_t> range;           ///< per array: 1 x range_block_length, the input range first
  std::uint32_t label = 0;                    ///< n x 1
  std::uint32_t loss = 0;                     ///< n x 1
  std::uint32_t prediction = 0;               ///< n x 1
};

/// Adds the slots of a network for bursts of up to `vectors` samples.
/// \param range input ranges, if enabled, get slots too
operand_layout lay_out(operand_arena& arena, const network_configuration& network, const network_map& map,
                       std::uint32_t vectors, const numerics::input_range_parameters& range = {});

} // namespace tilework::workload
