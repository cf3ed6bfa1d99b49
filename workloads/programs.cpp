// SPDX-License-Identifier: Apache-2.0
#include <tilework/workloads/programs.h>

#include <algorithm>
#include <cmath>

namespace tilework::workload {
namespace {

using operands = std::array<operand_ref, most_operands>;

operand_ref whole(std::uint32_t slot, std::uint32_t length) {
  return {slot, 0, length};
}
/// An operand that all vectors of a step have in common: its slot holds one.
operand_ref shared(std::uint32_t slot, std::uint32_t length) {
  return {.slot = slot, .length = length, .vectors = all_vectors};
}
/// What management tells a tile: one number per vector. The operation that takes it waits for the management step.
operand_ref scale(std::uint32_t slot, std::uint32_t piece) {
  return {slot, piece, 1};
}
operand_ref optional(std::uint32_t slot, std::uint32_t length) {
  return slot == no_slot ? operand_ref{} : whole(slot, length);
}
operand_ref optional_shared(std::uint32_t slot, std::uint32_t length) {
  return slot == no_slot ? operand_ref{} : shared(slot, length);
}

/// Some vectors of a burst.
struct vector_range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// Vectors [first, first + count) of a range, as far as it has them.
vector_range part_of(vector_range range, std::uint32_t first, std::uint32_t count) {
  const std::uint32_t begin = std::min(first, range.count);
  return {range.first + begin, std::min(count, range.count - begin)};
}
/// Part of a mini-batch that copy `copy` of `copies` works on.
vector_range part_of_copy(vector_range batch, std::uint32_t copy, std::uint32_t copies) {
  const std::uint32_t size = vectors_per_copy(batch.count, copies);
  return part_of(batch, copy * size, size);
}
vector_range common(vector_range a, vector_range b) {
  const std::uint32_t first = std::max(a.first, b.first);
  const std::uint32_t last = std::min(a.first + a.count, b.first + b.count);
  return {first, last > first ? last - first : 0};
}

operand_ref of_vectors(operand_ref ref, vector_range part) {
  ref.first_vector = part.first;
  ref.vectors = part.count;
  return ref;
}

/// Appends the operations of one program; every method emits one stage of one layer.
class emitter {
public:
  emitter(const program_inputs& in, const step_shape& shape)
      : in_(in), shape_(shape), batch_{0, shape.vectors}, burst_{batch_} {}

  /// From here on operations belong to this mini-batch of the step, all of its vectors at once.
  void begin_mini_batch(std::uint32_t number) {
    number_ = number;
    batch_ = burst_ = part_of({0, shape_.vectors}, number * shape_.batch(), shape_.batch());
  }
  /// From here on operations work on a part of the mini-batch.
  void select(vector_range burst) { burst_ = burst; }
  void select_mini_batch() { burst_ = batch_; }

  /// Parts of the mini-batch that go through the layers one after the other. Each belongs to one replica; the replicas
  /// take turns.
  [[nodiscard]] std::vector<vector_range> bursts() const {
    if (in_.order != step_order::pipelined)
      return {batch_};
    const std::uint32_t copies = std::ranges::max(in_.map.layers.front().copies);
    std::vector<vector_range> all;
    for (std::uint32_t first = 0; first < vectors_per_copy(batch_.count, copies); first += in_.micro_batch)
      for (std::uint32_t copy = 0; copy < copies; ++copy)
        if (const auto burst = part_of(part_of_copy(batch_, copy, copies), first, in_.micro_batch); burst.count > 0)
          all.push_back(burst);
    return all;
  }

  void load_samples(phase p) {
    operation op = operation_of(operation_kind::load_samples, p, 0);
    op.outputs = {of_burst(whole(in_.layout.layers.front().input, in_.network.layers.front())),
                  of_burst(whole(in_.layout.label, 1))};
    program_.append(op);
    end_stage();
  }

  void program_arrays() {
    for (std::uint32_t a = 0; a < in_.map.arrays.size(); ++a) {
      const auto& region = in_.map.arrays[a];
      if (in_.roles[region.id.role].calibrates) {
        operation op = operation_of(operation_kind::calibrate, phase::calibrate, region.id.layer);
        op.array = a;
        op.inputs[0].length = region.inputs;
        op.outputs[0].length = region.outputs;
        program_.append(op);
      }
      if (in_.layout.initial_weights[a] == no_slot)
        continue;
      operation op = operation_of(operation_kind::program, phase::program, region.id.layer);
      op.array = a;
      op.vectors = region.outputs;
      op.inputs[0] = whole(in_.layout.initial_weights[a], region.inputs);
      program_.append(op);
    }
  }

  /// x ~ N(0, 1 / inputs), and what makes it fit the converters.
  void draw_input(std::size_t layer) {
    const auto& slots = in_.layout.layers[layer];
    const std::uint32_t inputs = in_.network.layers[layer];
    operation op = operation_of(operation_kind::vector_op, phase::program, layer);
    op.function = vector_function::draw_normal;
    op.rate = {1 / std::sqrt(static_cast<float>(inputs)), true};
    op.outputs = {whole(slots.input, inputs)};
    program_.append(op);
    end_stage();
    if (!in_.managed.forward_noise)
      return;
    for (std::uint32_t i = 0; i < in_.map.layers[layer].input_splits; ++i)
      vector_op(vector_function::noise_management, phase::program, layer, {input_piece(layer, i, slots.input)},
                {scale(slots.forward_scale, i)});
    end_stage();
  }

  /// y of some copies.
  void respond(std::size_t layer, const std::vector<std::uint32_t>& copies) {
    const auto& split = in_.map.layers[layer];
    for (const auto copy : copies)
      for (std::uint32_t i = 0; i < split.input_splits; ++i)
        for (std::uint32_t o = 0; o < split.output_splits; ++o)
          append_response({layer, i, o}, copy);
    end_stage();
    const auto& slots = in_.layout.programming[layer];
    if (slots.partials == no_slot)
      return;
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    for (const auto copy : copies)
      vector_op(vector_function::accumulate_partial_sums, phase::program, layer,
                {of_copy(whole(slots.partials, split.input_splits * outputs), copy)}, {response(layer, copy)});
    end_stage();
  }

  /// How far copies are from copy 0, in place of their y.
  void subtract_first(std::size_t layer, const std::vector<std::uint32_t>& copies) {
    for (const auto copy : copies)
      vector_op(vector_function::difference, phase::program, layer, {response(layer, copy), response(layer, 0)},
                {response(layer, copy)});
    end_stage();
  }

  void measure_variances(std::size_t layer, const std::vector<std::uint32_t>& copies, float averaging) {
    for (const auto copy : copies) {
      operation op = operation_of(operation_kind::vector_op, phase::program, layer);
      op.function = vector_function::moving_variance;
      op.rate = {averaging, true};
      op.inputs = {response(layer, copy), of_copy(whole(in_.layout.programming[layer].variances, 1), copy)};
      op.outputs = {op.inputs[1]};
      program_.append(op);
    }
    end_stage();
  }

  void update_by_responses(std::size_t layer, const std::vector<std::uint32_t>& copies, float learning_rate) {
    for (const auto copy : copies)
      for_each_piece(layer, [&](const piece_place& place) { append_programming_update(place, copy, learning_rate); });
    end_stage();
  }

  void read_weights(std::size_t layer) {
    for (std::uint32_t a = 0; a < in_.map.arrays.size(); ++a) {
      const auto& region = in_.map.arrays[a];
      if (region.id.layer != layer || in_.layout.weights_read[a] == no_slot)
        continue;
      operation op = operation_of(operation_kind::read_line, phase::read_out, layer, {0, region.inputs});
      op.array = a;
      op.outputs[0] = whole(in_.layout.weights_read[a], region.outputs);
      program_.append(op);
    }
    end_stage();
  }

  void forward(std::size_t layer, phase p) {
    const auto& slots = in_.layout.layers[layer];
    const auto& split = in_.map.layers[layer];
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    const bool every_copy = p == phase::evaluate && in_.every_copy_evaluates;
    const auto weights = p == phase::evaluate ? slots.evaluation_weights : slots.forward_weights;
    const auto parts =
        static_cast<std::uint32_t>(forward_weights(in_.algorithm, split.input_splits, every_copy).size());
    const bool adds_up = parts > 1 || weights != no_slot;
    if (in_.managed.forward_noise) {
      for (std::uint32_t i = 0; i < split.input_splits; ++i)
        vector_op(vector_function::noise_management, p, layer, {input_piece(layer, i, slots.input)},
                  {scale(slots.forward_scale, i)});
      end_stage();
    }
    for_visible_arrays(
        split, p == phase::evaluate, every_copy,
        [&](const visible_arrays& w, vector_range range) {
          for (std::uint32_t i = 0; i < split.input_splits; ++i)
            for (std::uint32_t o = 0; o < split.output_splits; ++o) {
              operation op = operation_of(operation_kind::forward_mvm, p, layer, range);
              op.array = split.array(i, o, w.role, w.copy);
              op.inputs[0] = of_vectors(applied_input(op.array, input_piece(layer, i, slots.input)), range);
              if (in_.managed.forward_noise)
                op.inputs[1] = of_vectors(scale(slots.forward_scale, i), range);
              op.outputs[0] =
                  of_vectors(output_piece(layer, o, adds_up ? slots.forward_partial : slots.unscaled), range);
              if (adds_up)
                op.outputs[0].first += (w.first_part + i) * outputs;
              if (in_.range.enable)
                apply_range(p, layer, op.array, input_piece(layer, i, slots.input));
              program_.append(op);
              if (in_.range.enable)
                vector_op(vector_function::input_range_restore, p, layer, {op.outputs[0], range_of(op.array)},
                          {op.outputs[0]});
            }
        },
        split.input_splits);
    end_stage();
    if (adds_up)
      vector_op(vector_function::accumulate_partial_sums, p, layer,
                {whole(slots.forward_partial, parts * outputs), optional_shared(weights, parts)},
                {whole(slots.unscaled, outputs)});
    if (slots.output_scale != no_slot)
      vector_op(vector_function::output_scale_apply, p, layer,
                {whole(slots.unscaled, outputs), shared(slots.output_scale, 1)}, {whole(slots.sum, outputs)});
    end_stage();
  }

  void activate(std::size_t layer, phase p) {
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    vector_op(vector_function::bias_activation, p, layer,
              {whole(in_.layout.layers[layer].sum, outputs), shared(in_.layout.layers[layer].bias, outputs)},
              {whole(in_.layout.layers[layer + 1].input, outputs)});
    end_stage();
  }

  /// Bias of the last layer, loss, prediction and output gradient.
  void loss(phase p) {
    const std::size_t last = in_.layout.layers.size() - 1;
    const auto& slots = in_.layout.layers[last];
    const std::uint32_t outputs = in_.network.layers.back();
    vector_op(vector_function::add_bias, p, last, {whole(slots.sum, outputs), shared(slots.bias, outputs)},
              {whole(slots.sum, outputs)});
    operation op = operation_of(operation_kind::vector_op, p, last);
    op.function = vector_function::loss_gradient;
    op.rate = {in_.network.logit_scale, true};
    op.loss_vectors = batch_.count;
    op.inputs = {of_burst(whole(slots.sum, outputs)), of_burst(whole(in_.layout.label, 1))};
    op.outputs = {of_burst(whole(slots.output_gradient, outputs)), of_burst(whole(in_.layout.loss, 1)),
                  of_burst(whole(in_.layout.prediction, 1))};
    program_.append(op);
    end_stage();
  }

  /// d of a layer's arrays from d of its outputs.
  void scale_gradient(std::size_t layer) {
    const auto& slots = in_.layout.layers[layer];
    if (slots.output_scale == no_slot)
      return;
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    vector_op(vector_function::output_scale_gradient, phase::backward, layer,
              {whole(slots.output_gradient, outputs), shared(slots.output_scale, 1)},
              {whole(slots.array_gradient, outputs)});
  }

  /// The step of a layer's output scale.
  void update_scale(std::size_t layer) {
    const auto& slots = in_.layout.layers[layer];
    if (slots.output_scale == no_slot)
      return;
    const std::uint32_t outputs = in_.network.layers[layer + 1];
    const auto s = shared(slots.output_scale, 1);
    vector_op(vector_function::output_scale_update, phase::update, layer,
              {whole(slots.output_gradient, outputs), whole(slots.unscaled, outputs), s}, {s});
    end_stage();
  }

  /// d of the layer below from d of this layer; input ranges from the gradients of their inputs.
  void backward(std::size_t layer) {
    const auto& slots = in_.layout.layers[layer];
    const auto& split = in_.map.layers[layer];
    const std::uint32_t inputs = in_.network.layers[layer];
    const bool adds_up = slots.backward_partial != no_slot;
    if (in_.managed.backward_noise) {
      for (std::uint32_t o = 0; o < split.output_splits; ++o)
        vector_op(vector_function::noise_management, phase::backward, layer,
                  {output_piece(layer, o, slots.array_gradient)}, {scale(slots.backward_scale, o)});
      end_stage();
    }
    const auto parts = static_cast<std::uint32_t>(forward_weights(in_.algorithm, split.output_splits).size());
    for_visible_arrays(
        split, false, false,
        [&](const visible_arrays& w, vector_range range) {
          for (std::uint32_t o = 0; o < split.output_splits; ++o)
            for (std::uint32_t i = 0; i < split.input_splits; ++i) {
              operation op = operation_of(operation_kind::backward_mvm, phase::backward, layer, range);
              op.array = split.array(i, o, w.role, w.copy);
              op.inputs[0] = of_vectors(output_piece(layer, o, slots.array_gradient), range);
              if (in_.managed.backward_noise)
                op.inputs[1] = of_vectors(scale(slots.backward_scale, o), range);
              op.outputs[0] =
                  of_vectors(input_piece(layer, i, adds_up ? slots.backward_partial : slots.input_gradient), range);
              if (adds_up)
                op.outputs[0].first += (w.first_part + o) * inputs;
              program_.append(op);
              if (in_.range.learned())
                vector_op(vector_function::input_range_update, phase::update, layer,
                          {input_piece(layer, i, slots.input), op.outputs[0], range_block(op.array)},
                          {range_of(op.array)});
            }
        },
        split.output_splits);
    end_stage();
    if (layer == 0)
      return;
    if (adds_up)
      vector_op(vector_function::accumulate_partial_sums, phase::backward, layer,
                {whole(slots.backward_partial, parts * inputs), optional_shared(slots.backward_weights, parts)},
                {whole(slots.input_gradient, inputs)});
    vector_op(vector_function::activation_gradient, phase::backward, layer - 1,
              {whole(slots.input_gradient, inputs), whole(slots.input, inputs)},
              {whole(in_.layout.layers[layer - 1].output_gradient, inputs)});
    end_stage();
  }

  void update(std::size_t layer) {
    const auto& slots = in_.layout.layers[layer];
    for_each_piece(layer, [&](const piece_place& place) {
      if (in_.algorithm.family == algorithm_family::mixed_precision)
        update_digitally(place);
      else
        update_by_pulses(place);
    });
    end_stage();
    if (in_.network.bias) {
      const std::uint32_t outputs = in_.network.layers[layer + 1];
      vector_op(vector_function::bias_update, phase::update, layer,
                {whole(slots.output_gradient, outputs), shared(slots.bias, outputs)}, {shared(slots.bias, outputs)});
      end_stage();
    }
  }

  /// Transfers that the step before left over, and then the rest of that step.
  void pending_transfers(std::size_t layer) {
    for_each_piece(layer, [&](const piece_place& place) {
      for (std::uint32_t k = 0; k < in_.algorithm.stages(); ++k)
        if (events_of(place, k).pending)
          transfer(place, k, vectors_per_copy(in_.mini_batch, in_.map.layers[layer].copies.front()));
      if (any_stage(place, &stage_events::pending))
        rest(place, {0, 0});
    });
    end_stage();
  }

  /// Devices relax and drift once a mini-batch is over, its transfers included.
  void rest(std::size_t layer) {
    for_each_piece(layer, [&](const piece_place& place) {
      if (!any_stage(place, &stage_events::deferred))
        rest(place, batch_);
    });
  }

  void refresh(std::size_t layer) {
    const auto& split = in_.map.layers[layer];
    for (std::uint32_t a = split.first_array; a < split.first_array + split.arrays(); ++a)
      append_for_array(operation_kind::refresh, layer, a, batch_);
    end_stage();
  }

  step_program take() { return std::move(program_); }

private:
  struct piece_place {
    std::size_t layer;
    std::uint32_t i;
    std::uint32_t o;
  };
  struct visible_arrays {
    std::uint32_t role;
    std::uint32_t copy;
    std::uint32_t first_part; ///< of the arrays that add up
  };

  template <typename F>
  void for_each_piece(std::size_t layer, F&& f) const {
    const auto& split = in_.map.layers[layer];
    for (std::uint32_t i = 0; i < split.input_splits; ++i)
      for (std::uint32_t o = 0; o < split.output_splits; ++o)
        f(piece_place{layer, i, o});
  }

  [[nodiscard]] bool any_stage(const piece_place& place, bool stage_events::*property) const {
    for (std::uint32_t k = 0; k < in_.algorithm.stages(); ++k)
      if (events_of(place, k).*property)
        return true;
    return false;
  }

  /// \param burst what the step has done of the mini-batch that is over
  void rest(const piece_place& place, vector_range burst) {
    const auto& split = in_.map.layers[place.layer];
    for (std::uint32_t role = 0; role < split.copies.size(); ++role)
      for (std::uint32_t copy = 0; in_.roles[role].rests && copy < split.copies[role]; ++copy)
        append_for_array(operation_kind::rest, place.layer, split.array(place.i, place.o, role, copy), burst);
  }

  /// Calls f(arrays, vectors) for the arrays whose products make a layer's output.
  template <typename F>
  void for_visible_arrays(const layer_map& split, bool evaluates, bool every_copy, F&& f, std::uint32_t splits) const {
    std::uint32_t part = 0;
    for (std::uint32_t role = 0; role < split.copies.size(); ++role) {
      if (in_.algorithm.gamma_of(role) == 0)
        continue;
      const std::uint32_t copies = evaluates && !every_copy ? 1 : split.copies[role];
      for (std::uint32_t copy = 0; copy < copies; ++copy) {
        const auto range = evaluates ? burst_ : common(burst_, part_of_copy(batch_, copy, copies));
        if (range.count > 0)
          f(visible_arrays{role, copy, part}, range);
        if (every_copy)
          part += splits;
      }
      if (!every_copy)
        part += splits;
    }
  }

  static operand_ref of_copy(const operand_ref& ref, std::uint32_t copy) { return of_vectors(ref, {copy, 1}); }
  [[nodiscard]] operand_ref response(std::size_t layer, std::uint32_t copy) const {
    return of_copy(whole(in_.layout.programming[layer].responses, in_.network.layers[layer + 1]), copy);
  }

  void append_response(const piece_place& place, std::uint32_t copy) {
    const auto& slots = in_.layout.programming[place.layer];
    const bool adds_up = slots.partials != no_slot;
    operation op = operation_of(operation_kind::forward_mvm, phase::program, place.layer);
    op.array = in_.map.layers[place.layer].array(place.i, place.o, in_.algorithm.initial_role(), copy);
    op.inputs[0] = input_piece(place.layer, place.i, in_.layout.layers[place.layer].input);
    if (in_.managed.forward_noise)
      op.inputs[1] = scale(in_.layout.layers[place.layer].forward_scale, place.i);
    op.outputs[0] = of_copy(output_piece(place.layer, place.o, adds_up ? slots.partials : slots.responses), copy);
    if (adds_up)
      op.outputs[0].first += place.i * in_.network.layers[place.layer + 1];
    program_.append(op);
  }

  void append_programming_update(const piece_place& place, std::uint32_t copy, float learning_rate) {
    const auto& split = in_.map.layers[place.layer];
    const auto& slots = in_.layout.programming[place.layer];
    operation op = operation_of(operation_kind::outer_product_update, phase::program, place.layer);
    op.array = split.array(place.i, place.o, in_.algorithm.initial_role(), copy);
    op.rate = {learning_rate, true};
    op.inputs[0] = input_piece(place.layer, place.i, in_.layout.layers[place.layer].input);
    op.inputs[1] = of_copy(output_piece(place.layer, place.o, slots.responses), copy);
    if (in_.managed.programming_update) {
      op.inputs[2] = of_copy(scale(slots.scales, split.piece(place.i, place.o)), copy);
      vector_op(vector_function::update_management, phase::program, place.layer, {op.inputs[0], op.inputs[1]},
                {op.inputs[2]});
    }
    program_.append(op);
  }

  void update_by_pulses(const piece_place& place) {
    const auto& slots = in_.layout.layers[place.layer];
    const auto& split = in_.map.layers[place.layer];
    const std::uint32_t piece = split.piece(place.i, place.o);
    const auto array = split.array(place.i, place.o);
    const auto x = applied_input(array, input_piece(place.layer, place.i, slots.input));
    const auto d = output_piece(place.layer, place.o, slots.array_gradient);
    if (in_.managed.update)
      vector_op(vector_function::update_management, phase::update, place.layer, {x, d},
                {scale(slots.update_scale, piece)});
    find_rates(place, x, d);
    const std::uint32_t copies = split.copies.front();
    const std::uint32_t rounds = vectors_per_copy(batch_.count, copies);
    std::uint32_t done = 0;
    for (const auto next : event_times(place, rounds)) {
      for (std::uint32_t copy = 0; copy < copies; ++copy)
        append_update(place, copy, {done, next - done}, x, d);
      done = next;
      for (std::uint32_t k = 0; k < in_.algorithm.stages(); ++k)
        if (happens(events_of(place, k), done, rounds))
          transfer(place, k, done);
    }
  }

  /// Pulses of vectors [rounds.first, +count) of a copy's part of the burst.
  void append_update(const piece_place& place, std::uint32_t copy, vector_range rounds, const operand_ref& x,
                     const operand_ref& d) {
    const auto& split = in_.map.layers[place.layer];
    const auto range = part_of(part_of_copy(batch_, copy, split.copies.front()), rounds.first, rounds.count);
    if (range.count == 0)
      return;
    operation op = operation_of(operation_kind::outer_product_update, phase::update, place.layer, range);
    op.array = split.array(place.i, place.o, 0, copy);
    op.rate = fast_rate_of(in_.algorithm);
    op.inputs[0] = of_vectors(x, range);
    op.inputs[1] = of_vectors(d, range);
    if (in_.managed.update)
      op.inputs[2] =
          of_vectors(scale(in_.layout.layers[place.layer].update_scale, split.piece(place.i, place.o)), range);
    const auto& slots = piece_slots_of(place);
    if (slots.rates != no_slot)
      op.inputs[3] = of_vectors(whole(slots.rates, 1), range);
    op.inputs[4] = optional(slots.input_choppers, x.length);
    op.inputs[5] = optional(slots.output_choppers, d.length);
    program_.append(op);
  }

  /// Automatic learning rates of the fast array.
  void find_rates(const piece_place& place, const operand_ref& x, const operand_ref& d) {
    const auto& slots = piece_slots_of(place);
    if (slots.rates == no_slot)
      return;
    vector_op(vector_function::operand_maxima, phase::update, place.layer, {x, d}, {whole(slots.maxima, 2)});
    operation op = operation_of(operation_kind::transfer, phase::update, place.layer);
    op.transfer = transfer_function::fast_rate;
    op.stage = stage_of(place, 0);
    op.inputs = {whole(slots.maxima, 2), whole(slots.means, 2)};
    op.outputs = {whole(slots.rates, 1), whole(slots.means, 2)};
    program_.append(op);
  }

  /// One transfer: lines are read from role k, worked on, and written to role k + 1, or to that of a warm start.
  /// \param round vectors of the fast tile so far
  void transfer(const piece_place& place, std::uint32_t k, std::uint32_t round) {
    const auto stage = stage_of(place, k);
    const auto lines = in_.stages[stage].stage.order.per_event;
    reads_.resize(in_.stages.size());
    for (std::uint32_t n = 0; n < lines; ++n) {
      read_line(place, k);
      accumulate_line(place, k, round);
      write_line(place, k);
      ++reads_[stage];
    }
  }

  void read_line(const piece_place& place, std::uint32_t k) {
    const auto& split = in_.map.layers[place.layer];
    const auto stage = stage_of(place, k);
    for (std::uint32_t copy = 0; copy < split.copies[k]; ++copy) {
      operation op = line_operation(operation_kind::read_line, place, stage);
      op.array = split.array(place.i, place.o, k, copy);
      op.outputs[0] = of_vectors(whole(in_.layout.stages[stage].reads, line_length(place, stage)), {copy, 1});
      program_.append(op);
    }
    end_stage();
  }

  void accumulate_line(const piece_place& place, std::uint32_t k, std::uint32_t round) {
    const auto& split = in_.map.layers[place.layer];
    const auto stage = stage_of(place, k);
    const auto& slots = in_.layout.stages[stage];
    const auto& piece = piece_slots_of(place);
    const auto& region = in_.map.arrays[split.array(place.i, place.o)];
    const std::uint32_t length = line_length(place, stage);
    operation op = line_operation(operation_kind::transfer, place, stage);
    op.transfer = transfer_function::accumulate_line;
    op.rate = in_.stages[stage].transfer_rate;
    op.inputs[0] = of_vectors(whole(slots.reads, length), {0, split.copies[k]});
    if (piece.rates != no_slot) // the latest one
      op.inputs[1] = of_vectors(whole(piece.rates, 1), {round - 1, 1});
    op.outputs[0] = whole(slots.counts, length);
    op.inputs[2] = op.outputs[1] = optional(piece.input_choppers, region.inputs);
    op.inputs[3] = op.outputs[2] = optional(piece.output_choppers, region.outputs);
    op.inputs[4] = op.outputs[3] = state(slots.hidden, length);
    op.inputs[5] = op.outputs[4] = state(slots.references, length);
    program_.append(op);
    end_stage();
  }

  void write_line(const piece_place& place, std::uint32_t k) {
    const auto& split = in_.map.layers[place.layer];
    const auto stage = stage_of(place, k);
    const std::uint32_t to = shape_.warmed_role > 0 ? shape_.warmed_role : k + 1;
    for (std::uint32_t copy = 0; copy < split.copies[to]; ++copy) {
      operation op = line_operation(operation_kind::write_line, place, stage);
      op.array = split.array(place.i, place.o, to, copy);
      op.rate = in_.stages[stage].write_rate;
      op.inputs[0] = whole(in_.layout.stages[stage].counts, line_length(place, stage));
      program_.append(op);
    }
    end_stage();
  }

  /// Mixed precision: outer products add up digitally; whole pulses are taken out after the first vector.
  void update_digitally(const piece_place& place) {
    if (!shape_.takes_pulses)
      return accumulate_products(place, {0, batch_.count});
    accumulate_products(place, {0, 1});
    write_taken_lines(place);
    if (batch_.count > 1)
      accumulate_products(place, {1, batch_.count - 1});
  }

  void accumulate_products(const piece_place& place, vector_range range) {
    const auto& slots = in_.layout.layers[place.layer];
    operation op = operation_of(operation_kind::transfer, phase::update, place.layer, range);
    op.transfer = transfer_function::accumulate_product;
    op.stage = stage_of(place, 0);
    const auto x = input_piece(place.layer, place.i, slots.input);
    const auto chi = state(piece_slots_of(place).chi, x.length);
    op.inputs = {of_vectors(x, range), of_vectors(output_piece(place.layer, place.o, slots.array_gradient), range),
                 chi};
    op.outputs = {chi};
    program_.append(op);
  }

  void write_taken_lines(const piece_place& place) {
    const auto stage = stage_of(place, 0);
    const auto& plan = in_.stages[stage];
    const auto inputs = in_.map.arrays[in_.map.layers[place.layer].array(place.i, place.o)].inputs;
    const vector_range rows{0, plan.stage.order.per_event};
    const auto counts = of_vectors(whole(in_.layout.stages[stage].counts, inputs), rows);
    operation take = line_operation(operation_kind::transfer, place, stage);
    take.transfer = transfer_function::take_lines;
    take.vectors = rows.count;
    take.inputs = {state(piece_slots_of(place).chi, inputs)};
    take.outputs = {counts, take.inputs[0]};
    program_.append(take);
    operation write = line_operation(operation_kind::write_line, place, stage);
    write.array = in_.map.layers[place.layer].array(place.i, place.o);
    write.vectors = rows.count;
    write.rate = plan.write_rate;
    write.inputs[0] = counts;
    program_.append(write);
  }

  [[nodiscard]] static bool happens(const stage_events& events, std::uint32_t round, std::uint32_t rounds) {
    if (events.first == 0 || round < events.first || (round == rounds && events.deferred))
      return false;
    return round == events.first || (events.every > 0 && (round - events.first) % events.every == 0);
  }

  /// After how many vectors of a fast tile something is transferred; the end of the step is always among them.
  [[nodiscard]] std::vector<std::uint32_t> event_times(const piece_place& place, std::uint32_t rounds) const {
    std::vector<std::uint32_t> times{rounds};
    for (std::uint32_t k = 0; k < in_.algorithm.stages(); ++k) {
      const auto& events = events_of(place, k);
      for (auto round = events.first; round > 0 && round < rounds; round += events.every) {
        times.push_back(round);
        if (events.every == 0)
          break;
      }
    }
    std::ranges::sort(times);
    times.erase(std::ranges::unique(times).begin(), times.end());
    return times;
  }

  [[nodiscard]] std::uint32_t piece_index(const piece_place& place) const {
    const auto& split = in_.map.layers[place.layer];
    return split.first_piece + split.piece(place.i, place.o);
  }
  [[nodiscard]] const piece_slots& piece_slots_of(const piece_place& place) const {
    return in_.layout.pieces[piece_index(place)];
  }
  [[nodiscard]] std::uint32_t stage_of(const piece_place& place, std::uint32_t k) const {
    return piece_index(place) * stages_per_piece(in_.algorithm) + k;
  }
  [[nodiscard]] const stage_events& events_of(const piece_place& place, std::uint32_t k) const {
    return shape_.events[stage_of(place, k)];
  }
  [[nodiscard]] std::uint32_t line_length(const piece_place& place, std::uint32_t stage) const {
    const auto& region = in_.map.arrays[in_.map.layers[place.layer].array(place.i, place.o)];
    return in_.stages[stage].stage.side == line_side::inputs ? region.outputs : region.inputs;
  }
  /// A slot of the controller, all of its vectors.
  [[nodiscard]] static operand_ref state(std::uint32_t slot, std::uint32_t length) {
    auto ref = optional(slot, length);
    if (slot != no_slot)
      ref.vectors = all_vectors;
    return ref;
  }

  [[nodiscard]] operation line_operation(operation_kind kind, const piece_place& place, std::uint32_t stage) const {
    operation op = operation_of(kind, phase::transfer, place.layer, {0, 1});
    op.stage = stage;
    op.side = in_.stages[stage].stage.side;
    op.read = stage < reads_.size() ? reads_[stage] : 0;
    return op;
  }

  void append_for_array(operation_kind kind, std::size_t layer, std::uint32_t array, vector_range burst) {
    operation op = operation_of(kind, phase::update, layer, burst);
    op.array = array;
    op.inputs[0].length = in_.map.arrays[array].inputs;
    op.outputs[0].length = in_.map.arrays[array].outputs;
    program_.append(op);
  }

  [[nodiscard]] operation operation_of(operation_kind kind, phase p, std::size_t layer) const {
    return operation_of(kind, p, layer, burst_);
  }
  [[nodiscard]] operation operation_of(operation_kind kind, phase p, std::size_t layer, vector_range range) const {
    operation op;
    op.kind = kind;
    op.phase = p;
    op.layer = static_cast<std::uint16_t>(layer);
    op.vectors = range.count;
    op.first_vector = range.first;
    op.mini_batch = number_;
    op.activation_function = in_.network.activation_function;
    return op;
  }

  void vector_op(vector_function function, phase p, std::size_t layer, const operands& inputs,
                 const operands& outputs) {
    operation op = operation_of(operation_kind::vector_op, p, layer);
    op.function = function;
    op.inputs = inputs;
    op.outputs = outputs;
    for (auto* side : {&op.inputs, &op.outputs})
      for (auto& ref : *side)
        ref = of_burst(ref);
    program_.append(op);
  }

  /// Vectors of the present burst, where an operand does not say which.
  [[nodiscard]] operand_ref of_burst(const operand_ref& ref) const {
    const bool all = ref.slot == no_slot || ref.vectors != 0 || burst_.count == shape_.vectors;
    return all ? ref : of_vectors(ref, burst_);
  }

  void end_stage() {
    if (in_.order == step_order::serial)
      program_.barrier();
  }

  /// What drives an array: a piece of x, or that within the array's own input range.
  [[nodiscard]] operand_ref applied_input(std::uint32_t array, const operand_ref& x) const {
    return in_.range.enable ? whole(in_.layout.ranged_input[array], x.length) : x;
  }
  [[nodiscard]] operand_ref range_of(std::uint32_t array) const { return shared(in_.layout.range[array], 1); }
  [[nodiscard]] operand_ref range_block(std::uint32_t array) const {
    return shared(in_.layout.range[array], numerics::range_block_length);
  }

  void apply_range(phase p, std::size_t layer, std::uint32_t array, const operand_ref& x) {
    if (shape_.estimates_ranges)
      vector_op(vector_function::input_range_estimate, p, layer, {x, range_block(array)}, {range_of(array)});
    vector_op(vector_function::input_range_apply, p, layer, {x, range_of(array)}, {applied_input(array, x)});
  }

  [[nodiscard]] operand_ref input_piece(std::size_t layer, std::uint32_t split, std::uint32_t slot) const {
    const auto& region = in_.map.arrays[in_.map.layers[layer].array(split, 0)];
    return {slot, region.first_input, region.inputs};
  }
  [[nodiscard]] operand_ref output_piece(std::size_t layer, std::uint32_t split, std::uint32_t slot) const {
    const auto& region = in_.map.arrays[in_.map.layers[layer].array(0, split)];
    return {slot, region.first_output, region.outputs};
  }

  const program_inputs& in_;
  const step_shape& shape_;
  vector_range batch_;               ///< the present mini-batch
  vector_range burst_;               ///< part of it that operations work on
  std::uint32_t number_ = 0;         ///< of the mini-batch within the step
  std::vector<std::uint32_t> reads_; ///< per stage: lines read so far
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

template <typename F>
void for_each_burst(emitter& e, F&& f) {
  for (const auto& burst : e.bursts()) {
    e.select(burst);
    f();
  }
  e.select_mini_batch();
}

void emit_mini_batch(emitter& e, const program_inputs& in, const step_shape& shape) {
  const std::size_t layers = in.network.weight_layers();
  for_each_burst(e, [&] { emit_forward_pass(e, layers, phase::forward); });
  for (std::size_t l = layers; l-- > 0;) {
    for_each_burst(e, [&] { e.scale_gradient(l); });
    e.update_scale(l);
    if (l > 0 || in.first_layer_gradient)
      for_each_burst(e, [&] { e.backward(l); });
    e.update(l);
    e.rest(l);
    if (shape.refreshes)
      e.refresh(l);
  }
}

} // namespace

step_program emit_programming(const program_inputs& in) {
  const step_shape shape{.vectors = 1};
  emitter e(in, shape);
  e.program_arrays();
  return e.take();
}

step_program emit_programming_iteration(const program_inputs& in, const programming_shape& shape) {
  const step_shape one{.vectors = 1};
  emitter e(in, one);
  e.draw_input(shape.layer);
  auto reading = shape.copies;
  const bool follow = reading.front() != 0;
  if (follow)
    reading.insert(reading.begin(), 0);
  e.respond(shape.layer, reading);
  if (follow)
    e.subtract_first(shape.layer, shape.copies);
  e.measure_variances(shape.layer, shape.copies, shape.averaging);
  e.update_by_responses(shape.layer, shape.copies, shape.learning_rate);
  return e.take();
}

step_program emit_weight_read(const program_inputs& in) {
  const step_shape shape{};
  emitter e(in, shape);
  for (std::size_t l = 0; l < in.network.weight_layers(); ++l)
    e.read_weights(l);
  return e.take();
}

step_program emit_training_step(const program_inputs& in, const step_shape& shape) {
  const std::size_t layers = in.network.weight_layers();
  emitter e(in, shape);
  for (std::size_t l = 0; l < layers; ++l)
    e.pending_transfers(l);
  for (std::uint32_t k = 0; k < shape.mini_batches(); ++k) {
    e.begin_mini_batch(k);
    emit_mini_batch(e, in, shape);
  }
  return e.take();
}

step_program emit_evaluation(const program_inputs& in, std::uint32_t vectors) {
  const step_shape shape{.vectors = vectors};
  emitter e(in, shape);
  emit_forward_pass(e, in.network.weight_layers(), phase::evaluate);
  return e.take();
}

} // namespace tilework::workload
