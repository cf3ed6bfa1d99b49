// SPDX-License-Identifier: Apache-2.0
#include <tilework/workloads/operand_layout.h>

namespace tilework::workload {

operand_layout lay_out(operand_arena& arena, const network_configuration& network, const network_map& map,
                       std::uint32_t vectors, const numerics::input_range_parameters& range) {
  operand_layout layout;
  for (std::size_t l = 0; l < network.weight_layers(); ++l) {
    const std::uint32_t inputs = network.layers[l];
    const std::uint32_t outputs = network.layers[l + 1];
    layer_slots slots;
    slots.input = arena.add(vectors, inputs);
    slots.sum = arena.add(vectors, outputs);
    slots.output_gradient = arena.add(vectors, outputs);
    slots.bias = arena.add(1, outputs);
    const auto& split = map.layers[l];
    slots.forward_scale = arena.add(vectors, split.input_splits);
    slots.update_scale = arena.add(vectors, split.input_splits * split.output_splits);
    if (split.input_splits > 1)
      slots.forward_partial = arena.add(vectors, split.input_splits * outputs);
    if (l > 0 || range.learned()) {
      slots.input_gradient = arena.add(vectors, inputs);
      slots.backward_scale = arena.add(vectors, split.output_splits);
      if (split.output_splits > 1)
        slots.backward_partial = arena.add(vectors, split.output_splits * inputs);
    }
    layout.layers.push_back(slots);
  }
  layout.label = arena.add(vectors, 1);
  layout.loss = arena.add(vectors, 1);
  layout.prediction = arena.add(vectors, 1);
  for (const auto& region : map.arrays)
    layout.initial_weights.push_back(arena.add(region.outputs, region.inputs, residence::memory));
  if (range.enable)
    for (const auto& region : map.arrays) {
      layout.ranged_input.push_back(arena.add(vectors, region.inputs));
      layout.range.push_back(arena.add(1, numerics::range_block_length));
    }
  return layout;
}

} // namespace tilework::workload
