// SPDX-License-Identifier: Apache-2.0
/// \file Step programs of all training algorithms on a fully connected network.
#pragma once

#include <tilework/core/step_program.h>
#include <tilework/workloads/mapping.h>
#include <tilework/workloads/operand_layout.h>

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::workload {

/// Which management steps the analog pipeline needs from the digital side; they cost time and energy on the critical
/// path.
struct management {
  bool forward_noise = true;
  bool backward_noise = true;
  bool update = true;
  bool programming_update = true; ///< of the updates that program a visible array in a closed loop
};

/// Order between the operations of a step beyond what their operands and arrays ask for.
enum class step_order : std::uint8_t {
  by_data,   ///< none; a layer works on a whole mini-batch at once
  serial,    ///< one stage of one layer after the other; replicas and pieces of a layer work at the same time
  pipelined, ///< none; parts of a mini-batch go through the layers one after the other
};
inline constexpr std::array<std::pair<std::string_view, step_order>, 3> step_order_names{
    {{"by_data", step_order::by_data}, {"serial", step_order::serial}, {"pipelined", step_order::pipelined}}};
constexpr std::span<const std::pair<std::string_view, step_order>> names_of(step_order) {
  return step_order_names;
}

/// What arrays do besides products and updates, by role.
struct role_traits {
  bool rests = false;      ///< devices relax or drift once per mini-batch
  bool calibrates = false; ///< symmetry points are measured and programmed before training
};

/// Everything that the programs of a run are made from. References must outlive the emitted programs only while
/// emitting.
struct program_inputs {
  const network_configuration& network;
  const network_map& map;
  const operand_layout& layout;
  management managed;
  const algorithm_configuration& algorithm;
  const std::vector<stage_plan>& stages;
  std::vector<role_traits> roles;
  step_order order = step_order::by_data;
  std::uint32_t mini_batch = 1;      ///< vectors of all mini-batches but the last one of an epoch
  bool every_copy_evaluates = false; ///< the mean of the copies' outputs counts, else copy 0 alone
  bool first_layer_gradient = false;
  numerics::input_range_parameters range{}; ///< of the inputs of every array
  std::uint32_t micro_batch = 1;            ///< pipelined: vectors that go through the layers together
};

/// When the stages of a run transfer within one step, in vectors of a fast tile: first event, then one every `every`.
struct stage_events {
  std::uint32_t first = 0; ///< after so many vectors, 0 = no event in this step
  std::uint32_t every = 0; ///< 0 = no other one
  bool pending = false;    ///< one of the step before is still to be done
  bool deferred = false;   ///< an event at the end of the step is left to the next one
  friend auto operator<=>(const stage_events&, const stage_events&) = default;
};

/// What some steps do besides training, and how many vectors they have. Equal shapes have equal programs.
struct step_shape {
  std::uint32_t vectors = 0;
  std::uint32_t mini_batch = 0;     ///< vectors of a mini-batch where a step has several; 0: it is one
  bool refreshes = false;           ///< ends with a refresh of all arrays
  bool estimates_ranges = false;    ///< one of the first ones, from which input ranges are estimated
  bool takes_pulses = false;        ///< mixed precision: the digital gradient becomes pulses after the first vector
  std::uint32_t warmed_role = 0;    ///< warm start: role 0 is transferred to this one; 0 = every stage to the next role
  std::vector<stage_events> events; ///< per stage of the run
  [[nodiscard]] std::uint32_t batch() const { return mini_batch > 0 ? mini_batch : vectors; }
  [[nodiscard]] std::uint32_t mini_batches() const { return (vectors + batch() - 1) / batch(); }
  friend auto operator<=>(const step_shape&, const step_shape&) = default;
};

/// An iteration of programming in a closed loop. Equal shapes have equal programs.
struct programming_shape {
  std::size_t layer = 0;
  std::vector<std::uint32_t> copies; ///< that are programmed: 0 alone, or others, which follow it
  float learning_rate = 0;
  float averaging = 0; ///< weight of the newest value in the moving variances
  friend auto operator<=>(const programming_shape&, const programming_shape&) = default;
};

/// Vectors that the busiest copy of `copies` tiles sees of a mini-batch.
constexpr std::uint32_t vectors_per_copy(std::uint32_t vectors, std::uint32_t copies) {
  return (vectors + copies - 1) / copies;
}

/// Writes the initial weights into all arrays (phase program), after symmetry points have been calibrated.
step_program emit_programming(const program_inputs& in);
/// One random vector x through the copies of a layer and one update: by y = W x, which shrinks copy 0, or by the
/// differences of the other copies' y from that of copy 0 (phase program).
step_program emit_programming_iteration(const program_inputs& in, const programming_shape& shape);
/// Reads the weights of all visible arrays, one input line after the other, into memory (phase read_out).
step_program emit_weight_read(const program_inputs& in);
/// One mini-batch: forward and backward of all n vectors with fixed weights, every replica its part; then the updates
/// and transfers in the order of the vectors. Several mini-batches: one after the other, but products and biases do not
/// wait for the updates of an earlier one (step_program::append).
step_program emit_training_step(const program_inputs& in, const step_shape& shape);
/// Loss and prediction of n vectors (phase evaluate).
step_program emit_evaluation(const program_inputs& in, std::uint32_t vectors);

} // namespace tilework::workload
