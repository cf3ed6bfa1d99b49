// SPDX-License-Identifier: Apache-2.0
/// \file Where the operands of a network live: one slot per tensor, in the buffer, in memory or in the transfer
/// controller.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/numerics/input_range.h>
#include <tilework/workloads/algorithm.h>
#include <tilework/workloads/mapping.h>

#include <cstdint>
#include <vector>

namespace tilework::workload {

/// Slots of one layer, by slot index in the arena.
struct layer_slots {
  std::uint32_t input = 0;                    ///< x: n x inputs
  std::uint32_t output_gradient = 0;          ///< d = dLoss/dz: n x outputs
  std::uint32_t array_gradient = 0;           ///< d of the arrays: s d with a learned output scale s, else d itself
  std::uint32_t sum = 0;                      ///< z: n x outputs
  std::uint32_t unscaled = 0;                 ///< z / s; z itself without a learned output scale
  std::uint32_t output_scale = no_slot;       ///< s: 1 x 1
  std::uint32_t input_gradient = no_slot;     ///< e = W^T d: n x inputs; of the first layer only where it is asked for
  std::uint32_t forward_partial = no_slot;    ///< n x (parts * outputs), if several arrays add up
  std::uint32_t backward_partial = no_slot;   ///< n x (parts * inputs), same
  std::uint32_t forward_weights = no_slot;    ///< 1 x parts, where not all weights are 1; of training
  std::uint32_t evaluation_weights = no_slot; ///< same, of evaluation
  std::uint32_t backward_weights = no_slot;
  std::uint32_t bias = 0;           ///< 1 x outputs
  std::uint32_t forward_scale = 0;  ///< n x input splits: noise management of x
  std::uint32_t backward_scale = 0; ///< n x output splits: noise management of d; where input_gradient is
  std::uint32_t update_scale = 0;   ///< n x pieces: update management
};

/// Slots of the training algorithm for one piece of a layer.
struct piece_slots {
  std::uint32_t maxima = no_slot; ///< n x 2, automatic fast learning rate
  std::uint32_t means = no_slot;  ///< 1 x 2, same
  std::uint32_t rates = no_slot;  ///< n x 1, same
  std::uint32_t input_choppers = no_slot;
  std::uint32_t output_choppers = no_slot;
  std::uint32_t chi = no_slot; ///< outputs x inputs, mixed precision
};

/// Slots of one transfer stage of a piece.
struct stage_slots {
  std::uint32_t reads = no_slot;      ///< copies x length; on the machine 1 x length where the network adds them
  std::uint32_t counts = no_slot;     ///< 1 x length; mixed precision: rows x inputs
  std::uint32_t hidden = no_slot;     ///< lines x length
  std::uint32_t references = no_slot; ///< 2 copies lines x length; 2 lines x length where the network adds the reads
};

/// Slots of one layer for programming in a closed loop; one vector per copy of the visible array.
struct programming_slots {
  std::uint32_t partials = no_slot;  ///< copies x (splits * outputs), if several arrays add up
  std::uint32_t responses = no_slot; ///< copies x outputs: y, or its difference from that of copy 0
  std::uint32_t variances = no_slot; ///< copies x 1, moving
  std::uint32_t scales = no_slot;    ///< copies x pieces: update management
};

struct operand_layout {
  std::vector<layer_slots> layers;
  std::vector<piece_slots> pieces;
  std::vector<stage_slots> stages;            ///< by number of the stage in the run
  std::vector<std::uint32_t> initial_weights; ///< per array, in memory: outputs x inputs; no_slot: starts at 0
                                              ///< or is programmed in a closed loop
  std::vector<programming_slots> programming; ///< per layer, if it is
  std::vector<std::uint32_t> weights_read;    ///< per array, results in memory: inputs x outputs; no_slot: not read
  std::vector<std::uint32_t> ranged_input;    ///< per array: n x inputs, clamped and divided by the input range
  std::vector<std::uint32_t> range;           ///< per array: 1 x range_block_length, the input range first
  std::uint32_t label = 0;                    ///< n x 1
  std::uint32_t loss = 0;                     ///< n x 1
  std::uint32_t prediction = 0;               ///< n x 1
};

/// What the slots of a run depend on.
struct layout_inputs {
  const network_configuration& network;
  const network_map& map;
  const algorithm_configuration& algorithm;
  const std::vector<stage_plan>& stages; ///< of all pieces, see stage_index()
  std::uint32_t vectors = 1;             ///< of the largest burst
  bool every_copy_evaluates = false;
  bool first_layer_gradient = false;
  numerics::input_range_parameters range{};
  bool programs_in_a_loop = false;
  bool reads_weights = false;
};

/// Transfer stages of one piece; the stages of a run are listed piece by piece.
std::uint32_t stages_per_piece(const algorithm_configuration& algorithm);

/// Arrays whose products add up for one output: role by role, in evaluation also copy by copy.
std::vector<float> forward_weights(const algorithm_configuration& algorithm, std::uint32_t splits,
                                   bool every_copy = false);

operand_layout lay_out(operand_arena& arena, const layout_inputs& in);

} // namespace tilework::workload
