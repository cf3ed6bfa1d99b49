// SPDX-License-Identifier: Apache-2.0
/// \file Step programs of plain analog SGD on a fully connected network.
#pragma once

#include <tilework/core/step_program.h>
#include <tilework/workloads/mapping.h>
#include <tilework/workloads/operand_layout.h>

namespace tilework::workload {

/// Which management steps the analog pipeline needs from the digital side; they cost time and energy on the critical
/// path.
struct management {
  bool forward_noise = true;
  bool backward_noise = true;
  bool update = true;
};

/// Everything that the programs of a run are made from. References must outlive the emitted programs only while
/// emitting.
struct program_inputs {
  const network_configuration& network;
  const network_map& map;
  const operand_layout& layout;
  management managed;
  numerics::input_range_parameters range{}; ///< of the inputs of every array
};

/// What some mini-batches do besides training.
struct step_variant {
  bool refreshes = false;        ///< ends with a refresh of all arrays
  bool estimates_ranges = false; ///< one of the first ones, from which input ranges are estimated
};

/// Writes the initial weights into all arrays (phase program).
step_program emit_programming(const program_inputs& in);
/// One mini-batch: forward and backward of all n vectors with fixed weights, then one pulsed update per sample in
/// order. The gradient with respect to the network's input is computed only for a learned input range.
step_program emit_training_step(const program_inputs& in, std::uint32_t vectors, step_variant variant = {});
/// Loss and prediction of n vectors (phase evaluate).
step_program emit_evaluation(const program_inputs& in, std::uint32_t vectors);

} // namespace tilework::workload
