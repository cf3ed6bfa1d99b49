// SPDX-License-Identifier: Apache-2.0
#include <tilework/workloads/operand_layout.h>

#include <algorithm>
#include <bit>

namespace tilework::workload {
namespace {

bool needs_weights(const std::vector<float>& weights) {
  return std::ranges::any_of(weights, [](float w) { return w != 1; });
}

/// Width of a signed number of at most `most` pulses.
std::uint32_t count_bits(std::int32_t most) {
  return static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint32_t>(std::max(most, 1)))) + 1;
}

class layouter {
public:
  layouter(operand_arena& arena, const layout_inputs& in) : arena_(arena), in_(in) {}

  [[nodiscard]] layer_slots layer(std::size_t l) {
    const std::uint32_t inputs = in_.network.layers[l];
    const std::uint32_t outputs = in_.network.layers[l + 1];
    const auto& split = in_.map.layers[l];
    layer_slots slots;
    slots.input = burst(inputs);
    slots.sum = slots.unscaled = burst(outputs);
    slots.output_gradient = slots.array_gradient = burst(outputs);
    slots.bias = arena_.add(1, outputs);
    if (in_.network.learn_output_scale) {
      slots.output_scale = arena_.add(1, 1);
      slots.unscaled = burst(outputs);
      slots.array_gradient = burst(outputs);
    }
    slots.forward_scale = burst(split.input_splits);
    slots.update_scale = burst(split.pieces());
    const auto training = forward_weights(in_.algorithm, split.input_splits);
    const auto evaluation = forward_weights(in_.algorithm, split.input_splits, in_.every_copy_evaluates);
    const auto parts = static_cast<std::uint32_t>(std::max(training.size(), evaluation.size()));
    slots.forward_weights = weights(training);
    slots.evaluation_weights = weights(evaluation);
    if (parts > 1 || slots.forward_weights != no_slot)
      slots.forward_partial = burst(parts * outputs);
    if (l > 0 || in_.first_layer_gradient)
      gradient(slots, split, inputs);
    return slots;
  }

  [[nodiscard]] piece_slots piece(const array_region& region) {
    const auto& algorithm = in_.algorithm;
    piece_slots slots;
    if (algorithm.family == algorithm_family::mixed_precision)
      slots.chi = state(region.outputs, region.inputs);
    if (algorithm.family != algorithm_family::transfer)
      return slots;
    if (algorithm.auto_scale) {
      slots.maxima = burst(2);
      slots.means = state(1, 2);
      slots.rates = burst(1);
    }
    if (algorithm.has_choppers()) {
      slots.input_choppers = arena_.add(1, region.inputs, residence::buffer, 1);
      slots.output_choppers = arena_.add(1, region.outputs, residence::buffer, 1);
    }
    return slots;
  }

  [[nodiscard]] stage_slots stage(std::uint32_t k, const numerics::transfer_stage& stage, const array_region& region) {
    const auto& algorithm = in_.algorithm;
    stage_slots slots;
    if (algorithm.family == algorithm_family::mixed_precision) {
      slots.counts =
          arena_.add(stage.order.per_event, region.inputs, residence::buffer, count_bits(algorithm.desired_bl));
      return slots;
    }
    const std::uint32_t length = stage.side == line_side::inputs ? region.outputs : region.inputs;
    const bool reduces = algorithm.reduces(k);
    slots.reads = arena_.add(algorithm.copies_of(k), length, reduces ? residence::reduced : residence::buffer);
    slots.counts = arena_.add(1, length, residence::buffer,
                              algorithm.has_hidden_matrix() ? count_bits(algorithm.transfer_desired_bl) : 0);
    if (!algorithm.has_hidden_matrix())
      return slots;
    slots.hidden = state(stage.order.lines, length);
    if (algorithm.kind == transfer_kind::dynamic || algorithm.kind == transfer_kind::study_dynamic)
      slots.references = state(2 * (reduces ? 1 : algorithm.copies_of(k)) * stage.order.lines, length);
    return slots;
  }

  [[nodiscard]] programming_slots programming(std::size_t l) {
    const auto copies = in_.algorithm.copies_of(in_.algorithm.initial_role());
    const auto& split = in_.map.layers[l];
    const std::uint32_t outputs = in_.network.layers[l + 1];
    programming_slots slots;
    if (split.input_splits > 1)
      slots.partials = arena_.add(copies, split.input_splits * outputs);
    slots.responses = arena_.add(copies, outputs);
    slots.variances = arena_.add(copies, 1);
    slots.scales = arena_.add(copies, split.pieces());
    return slots;
  }

private:
  void gradient(layer_slots& slots, const layer_map& split, std::uint32_t inputs) {
    slots.input_gradient = burst(inputs);
    slots.backward_scale = burst(split.output_splits);
    const auto backward = forward_weights(in_.algorithm, split.output_splits);
    slots.backward_weights = weights(backward);
    if (backward.size() > 1 || slots.backward_weights != no_slot)
      slots.backward_partial = burst(static_cast<std::uint32_t>(backward.size()) * inputs);
  }

  std::uint32_t burst(std::uint32_t length) { return arena_.add(in_.vectors, length); }
  std::uint32_t state(std::uint32_t vectors, std::uint32_t length) {
    return arena_.add(vectors, length, residence::controller);
  }
  std::uint32_t weights(const std::vector<float>& w) {
    return needs_weights(w) ? arena_.add(1, static_cast<std::uint32_t>(w.size())) : no_slot;
  }

  operand_arena& arena_;
  const layout_inputs& in_;
};

} // namespace

std::uint32_t stages_per_piece(const algorithm_configuration& algorithm) {
  return algorithm.family == algorithm_family::mixed_precision ? 1 : algorithm.stages();
}

std::vector<float> forward_weights(const algorithm_configuration& algorithm, std::uint32_t splits, bool every_copy) {
  std::vector<float> weights;
  for (std::uint32_t role = 0; role < algorithm.roles; ++role) {
    const auto gamma = algorithm.gamma_of(role);
    if (gamma == 0)
      continue;
    const std::uint32_t copies = every_copy ? algorithm.copies_of(role) : 1;
    weights.insert(weights.end(), std::size_t{copies} * splits, gamma / static_cast<float>(copies));
  }
  return weights;
}

operand_layout lay_out(operand_arena& arena, const layout_inputs& in) {
  layouter make(arena, in);
  operand_layout layout;
  for (std::size_t l = 0; l < in.network.weight_layers(); ++l)
    layout.layers.push_back(make.layer(l));
  const auto stages = stages_per_piece(in.algorithm);
  for (const auto& layer : in.map.layers)
    for (std::uint32_t p = 0; p < layer.pieces(); ++p) {
      const auto& region = in.map.arrays[layer.first_array + p];
      layout.pieces.push_back(make.piece(region));
      for (std::uint32_t k = 0; k < stages; ++k)
        layout.stages.push_back(
            make.stage(k, in.stages[std::size_t{layer.first_piece + p} * stages + k].stage, region));
    }
  layout.label = arena.add(in.vectors, 1);
  layout.loss = arena.add(in.vectors, 1);
  layout.prediction = arena.add(in.vectors, 1);
  for (const auto& region : in.map.arrays)
    layout.initial_weights.push_back(region.id.role == in.algorithm.initial_role() && !in.programs_in_a_loop
                                         ? arena.add(region.outputs, region.inputs, residence::memory)
                                         : no_slot);
  if (in.programs_in_a_loop)
    for (std::size_t l = 0; l < in.network.weight_layers(); ++l)
      layout.programming.push_back(make.programming(l));
  for (const auto& region : in.map.arrays)
    layout.weights_read.push_back(in.reads_weights && in.algorithm.gamma_of(region.id.role) != 0
                                      ? arena.add_result(region.inputs, region.outputs)
                                      : no_slot);
  if (in.range.enable)
    for (const auto& region : in.map.arrays) {
      layout.ranged_input.push_back(arena.add(in.vectors, region.inputs));
      layout.range.push_back(arena.add(1, numerics::range_block_length));
    }
  return layout;
}

} // namespace tilework::workload
