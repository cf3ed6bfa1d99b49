// SPDX-License-Identifier: Apache-2.0
#include <tilework/workloads/programs.h>

namespace tilework::workload {
namespace {

/// Appends the operations of one program; every method emits one stage of one layer.
class emitter {
public:
  emitter(const program_inputs& in, std::uint32_t vectors, bool estimates_range = false)
      : in_(in), vectors_(vectors), estimates_range_(estimates_range) {}

  void load_samples(phase p) {
    operation op = operation_of(operation_kind::load_samples, p, 0);
    op.outputs = {whole(in_.layout.layers.front().input, in_.network.layers.front()), whole(in_.layout.label, 1)};
    program_.append(op);
  }

  void program_arrays() {
    for (std::uint32_t a = 0; a < in_.map.arrays.size(); ++a) {
      const auto& region = in_.map.arrays[a];
      operation op = operation_of(operation_kind::program, phase::program, region.id.layer);
      op.array = a;
      op.vectors = region.outputs;
      op.inputs[0] = whole(in_.layout.initial_weights[a], region.inputs);
      program_.append(op);
    }
  }

  void forward(std::size_t layer, phase p) {
    const auto& slots = in_.layout.layers[layer];
    const auto& split = in_.map.layers[layer];
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    const bool partial = split.input_splits > 1;
    if (in_.managed.forward_noise)
      for (std::uint32_t i = 0; i < split.input_splits; ++i)
        vector_op(vector_function::noise_management, p, layer, {input_piece(layer, i, slots.input)},
                  {scale(slots.forward_scale, i)});
    for (std::uint32_t i = 0; i < split.input_splits; ++i)
      for (std::uint32_t o = 0; o < split.output_splits; ++o) {
        operation op = operation_of(operation_kind::forward_mvm, p, layer);
        op.array = split.array(i, o);
        op.inputs[0] = applied_input(op.array, input_piece(layer, i, slots.input));
        if (in_.managed.forward_noise)
          op.inputs[1] = scale(slots.forward_scale, i);
        op.outputs[0] = output_piece(layer, o, partial ? slots.forward_partial : slots.sum);
        if (partial)
          op.outputs[0].first += i * outputs;
        if (in_.range.enable)
          apply_range(p, layer, op.array, input_piece(layer, i, slots.input));
        program_.append(op);
        if (in_.range.enable)
          vector_op(vector_function::input_range_restore, p, layer, {op.outputs[0], range(op.array)}, {op.outputs[0]});
      }
    if (partial)
      vector_op(vector_function::accumulate_partial_sums, p, layer,
                {whole(slots.forward_partial, split.input_splits * outputs)}, {whole(slots.sum, outputs)});
  }

  void activate(std::size_t layer, phase p) {
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    vector_op(vector_function::bias_activation, p, layer,
              {whole(in_.layout.layers[layer].sum, outputs), whole(in_.layout.layers[layer].bias, outputs)},
              {whole(in_.layout.layers[layer + 1].input, outputs)});
  }

  /// Bias of the last layer, loss, prediction and output gradient.
  void loss(phase p) {
    const std::size_t last = in_.layout.layers.size() - 1;
    const auto& slots = in_.layout.layers[last];
    const std::uint32_t outputs = in_.network.layers.back();
    vector_op(vector_function::add_bias, p, last, {whole(slots.sum, outputs), whole(slots.bias, outputs)},
              {whole(slots.sum, outputs)});
    operation op = operation_of(operation_kind::vector_op, p, last);
    op.function = vector_function::loss_gradient;
    op.inputs = {whole(slots.sum, outputs), whole(in_.layout.label, 1)};
    op.outputs = {whole(slots.output_gradient, outputs), whole(in_.layout.loss, 1), whole(in_.layout.prediction, 1)};
    program_.append(op);
  }

  /// d of the layer below from d of this layer; input ranges from the gradients of their inputs.
  void backward(std::size_t layer) {
    const auto& slots = in_.layout.layers[layer];
    const auto& split = in_.map.layers[layer];
    const std::uint32_t inputs = in_.network.layers[layer];
    const bool partial = split.output_splits > 1;
    if (in_.managed.backward_noise)
      for (std::uint32_t o = 0; o < split.output_splits; ++o)
        vector_op(vector_function::noise_management, phase::backward, layer,
                  {output_piece(layer, o, slots.output_gradient)}, {scale(slots.backward_scale, o)});
    for (std::uint32_t o = 0; o < split.output_splits; ++o)
      for (std::uint32_t i = 0; i < split.input_splits; ++i) {
        operation op = operation_of(operation_kind::backward_mvm, phase::backward, layer);
        op.array = split.array(i, o);
        op.inputs[0] = output_piece(layer, o, slots.output_gradient);
        if (in_.managed.backward_noise)
          op.inputs[1] = scale(slots.backward_scale, o);
        op.outputs[0] = input_piece(layer, i, partial ? slots.backward_partial : slots.input_gradient);
        if (partial)
          op.outputs[0].first += o * inputs;
        program_.append(op);
        if (in_.range.learned())
          vector_op(vector_function::input_range_update, phase::update, layer,
                    {input_piece(layer, i, slots.input), op.outputs[0], range_block(op.array)}, {range(op.array)});
      }
    if (layer == 0)
      return;
    if (partial)
      vector_op(vector_function::accumulate_partial_sums, phase::backward, layer,
                {whole(slots.backward_partial, split.output_splits * inputs)}, {whole(slots.input_gradient, inputs)});
    vector_op(vector_function::activation_gradient, phase::backward, layer - 1,
              {whole(slots.input_gradient, inputs), whole(slots.input, inputs)},
              {whole(in_.layout.layers[layer - 1].output_gradient, inputs)});
  }

  void update(std::size_t layer) {
    const auto& slots = in_.layout.layers[layer];
    const auto& split = in_.map.layers[layer];
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    for (std::uint32_t i = 0; i < split.input_splits; ++i)
      for (std::uint32_t o = 0; o < split.output_splits; ++o) {
        operation op = operation_of(operation_kind::outer_product_update, phase::update, layer);
        op.array = split.array(i, o);
        const auto x = applied_input(op.array, input_piece(layer, i, slots.input));
        const auto d = output_piece(layer, o, slots.output_gradient);
        op.inputs = {x, d};
        if (in_.managed.update) {
          op.inputs[2] = scale(slots.update_scale, op.array - split.first_array);
          vector_op(vector_function::update_management, phase::update, layer, {x, d}, {op.inputs[2]});
        }
        program_.append(op);
      }
    if (in_.network.bias)
      vector_op(vector_function::bias_update, phase::update, layer,
                {whole(slots.output_gradient, outputs), whole(slots.bias, outputs)}, {whole(slots.bias, outputs)});
  }

  void refresh(std::size_t layer) {
    const auto& split = in_.map.layers[layer];
    for (std::uint32_t a = split.first_array; a < split.first_array + split.arrays(); ++a) {
      operation op = operation_of(operation_kind::refresh, phase::update, layer);
      op.array = a;
      op.inputs[0].length = in_.map.arrays[a].inputs;
      op.outputs[0].length = in_.map.arrays[a].outputs;
      program_.append(op);
    }
  }

  step_program take() { return std::move(program_); }

private:
  [[nodiscard]] operation operation_of(operation_kind kind, phase p, std::size_t layer) const {
    operation op;
    op.kind = kind;
    op.phase = p;
    op.layer = static_cast<std::uint16_t>(layer);
    op.vectors = vectors_;
    op.activation_function = in_.network.activation_function;
    return op;
  }

  void vector_op(vector_function function, phase p, std::size_t layer, std::array<operand_ref, most_operands> inputs,
                 std::array<operand_ref, most_operands> outputs) {
    operation op = operation_of(operation_kind::vector_op, p, layer);
    op.function = function;
    op.inputs = inputs;
    op.outputs = outputs;
    program_.append(op);
  }

  /// What drives an array: a piece of x, or that within the array's own input range.
  [[nodiscard]] operand_ref applied_input(std::uint32_t array, const operand_ref& x) const {
    return in_.range.enable ? whole(in_.layout.ranged_input[array], x.length) : x;
  }
  [[nodiscard]] operand_ref range(std::uint32_t array) const { return whole(in_.layout.range[array], 1); }
  [[nodiscard]] operand_ref range_block(std::uint32_t array) const {
    return whole(in_.layout.range[array], numerics::range_block_length);
  }

  void apply_range(phase p, std::size_t layer, std::uint32_t array, const operand_ref& x) {
    if (estimates_range_)
      vector_op(vector_function::input_range_estimate, p, layer, {x, range_block(array)}, {range(array)});
    vector_op(vector_function::input_range_apply, p, layer, {x, range(array)}, {applied_input(array, x)});
  }

  static operand_ref whole(std::uint32_t slot, std::uint32_t length) { return {slot, 0, length}; }
  /// What management tells a tile: one number per vector. The operation that takes it waits for the management step.
  static operand_ref scale(std::uint32_t slot, std::uint32_t piece) { return {slot, piece, 1}; }

  [[nodiscard]] operand_ref input_piece(std::size_t layer, std::uint32_t split, std::uint32_t slot) const {
    const auto& region = in_.map.arrays[in_.map.layers[layer].array(split, 0)];
    return {slot, region.first_input, region.inputs};
  }
  [[nodiscard]] operand_ref output_piece(std::size_t layer, std::uint32_t split, std::uint32_t slot) const {
    const auto& region = in_.map.arrays[in_.map.layers[layer].array(0, split)];
    return {slot, region.first_output, region.outputs};
  }

  const program_inputs& in_;
  std::uint32_t vectors_;
  bool estimates_range_;
  step_program program_;
};

void emit_forward_pass(emitter& e, std::size_t layers, phase p) {
  e.load_samples(p);
  for (std::size_t l = 0; l < layers; ++l) {
    e.forward(l, p);
    if (l + 1 < layers)
      e.activate(l, p);
  }
  e.loss(p);
}

} // namespace

step_program emit_programming(const program_inputs& in) {
  emitter e(in, 1);
  e.program_arrays();
  return e.take();
}

step_program emit_training_step(const program_inputs& in, std::uint32_t vectors, step_variant variant) {
  const std::size_t layers = in.network.weight_layers();
  emitter e(in, vectors, variant.estimates_ranges);
  emit_forward_pass(e, layers, phase::forward);
  for (std::size_t l = layers; l-- > 0;) {
    if (l > 0 || in.range.learned())
      e.backward(l);
    e.update(l);
    if (variant.refreshes)
      e.refresh(l);
  }
  return e.take();
}

step_program emit_evaluation(const program_inputs& in, std::uint32_t vectors) {
  emitter e(in, vectors);
  emit_forward_pass(e, in.network.weight_layers(), phase::evaluate);
  return e.take();
}

} // namespace tilework::workload
