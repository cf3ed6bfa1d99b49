// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/pulsed_array.h>

namespace tilework::physics {

void device_array::apply_pulses(std::uint32_t line, std::span<const pulse_run> runs, std::uint64_t vector) {
  std::vector<std::uint32_t> cells;
  std::vector<std::int32_t> pulses;
  for (const auto& run : runs) {
    cells.push_back(run.cell);
    pulses.push_back(run.pulses);
  }
  apply_pulses(line, pulse_list{cells, pulses}, vector);
}

std::vector<bool> open_cells(const device_context& context) {
  if (!context.faults.any())
    return {};
  const auto [inputs, outputs] = context.shape;
  // Lines belong to the array, so all devices of a unit cell share them.
  const noise_stream random(context.seed, purpose::line_faults, context.id);
  const auto is_open = [&](std::uint32_t slot, std::uint32_t line, float probability) {
    return uniform_from(random.words(0, line, slot)[0]) < probability;
  };
  const bool dead = is_open(0, 0, context.faults.dead_tiles);
  std::vector<bool> open(context.shape.cells(), dead);
  for (std::uint32_t j = 0; j < inputs; ++j)
    if (is_open(1, j, context.faults.open_inputs))
      for (std::uint32_t i = 0; i < outputs; ++i)
        open[std::size_t{i} * inputs + j] = true;
  for (std::uint32_t i = 0; i < outputs; ++i)
    if (is_open(2, i, context.faults.open_outputs))
      for (std::uint32_t j = 0; j < inputs; ++j)
        open[std::size_t{i} * inputs + j] = true;
  return open;
}

} // namespace tilework::physics
