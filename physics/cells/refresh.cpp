// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/cells/refresh.h>
#include <tilework/physics/periphery/input_scale.h>

#include <algorithm>

namespace tilework::physics {
namespace {

/// Events of a refresh, apart from the vectors of updates: one number per line and side.
constexpr std::uint64_t refresh_event = std::uint64_t{1} << 62U;

} // namespace

cell_refresh::block::block(const cell_refresh& owner, const noise_stream& stream)
    : trains(owner.parameters_.refresh_update, owner.granularity_, {1, owner.shape_.outputs}, 1, stream),
      unit_vector(owner.shape_.inputs),
      plus(owner.shape_.outputs),
      minus(owner.shape_.outputs),
      scratch(owner.mvm_.scratch_size()),
      plus_target(owner.shape_.outputs),
      minus_target(owner.shape_.outputs) {
  worn.reserve(owner.shape_.outputs);
  cells.resize(trains.room_for(owner.shape_.outputs));
  pulses.resize(cells.size());
}

cell_refresh::cell_refresh(const one_sided_cell& cell, array_shape shape, std::uint64_t seed, logical_array id)
    : shape_(shape),
      parameters_(static_cast<const refresh_parameters&>(cell)),
      granularity_(cell.granularity()),
      w_max_(cell.devices.front().largest_weight()),
      mvm_(cell.refresh_forward, shape, mvm_direction::forward, noise_stream(seed, purpose::forward_lines, id, 1)),
      read_noise_(seed, purpose::refresh_read, id) {
  const noise_stream trains(seed, purpose::refresh_trains, id);
  for (std::uint32_t first = 0; first < shape.inputs; first += lines_per_block)
    blocks_.emplace_back(*this, trains);
}

void cell_refresh::run(std::uint32_t index, device_array& devices, std::uint64_t event) {
  auto& b = blocks_[index];
  b.activity = {};
  const std::uint32_t first = index * lines_per_block;
  for (std::uint32_t line = first; line < std::min(first + lines_per_block, shape_.inputs); ++line)
    refresh_line(b, devices, line, event);
}

void cell_refresh::refresh_line(block& b, device_array& devices, std::uint32_t line, std::uint64_t event) {
  auto& plus = *devices.parts()[0];
  auto& minus = *devices.parts()[1];
  const std::uint64_t vector = 2 * (event * shape_.inputs + line);
  b.unit_vector[line] = 1;
  read(b, plus, line, vector, b.plus);
  read(b, minus, line, vector + 1, b.minus);
  b.unit_vector[line] = 0;
  select(b, line);
  if (b.worn.empty())
    return;
  ++b.activity.reset_lines;
  b.activity.resets += 2 * b.worn.size();
  plus.reset(b.worn, vector);
  minus.reset(b.worn, vector);
  write(b, plus, line, shape_.inputs, b.plus_target, refresh_event | vector);
  write(b, minus, line, shape_.inputs, b.minus_target, refresh_event | (vector + 1));
  devices.combine(b.worn);
}

void cell_refresh::read(block& b, const device_array& side, std::uint32_t line, std::uint64_t vector,
                        std::span<float> out) {
  weight_view view{side.weights().data(), shape_, mvm_direction::forward};
  if (parameters_.refresh_forward.inp_noise <= 0) // else every line is driven a little
    view.only_line = line;
  const auto effort = mvm_.run(view, b.unit_vector, out, input_scale(parameters_.refresh_forward, b.unit_vector),
                               read_noise_, vector, b.scratch);
  add_to(b.activity, effort);
}

/// Pairs whose larger side is read above the upper and whose smaller side above the lower threshold.
void cell_refresh::select(block& b, std::uint32_t line) const {
  b.worn.clear();
  const float upper = parameters_.refresh_upper_thres * w_max_;
  const float lower = parameters_.refresh_lower_thres * w_max_;
  for (std::uint32_t i = 0; i < shape_.outputs; ++i) {
    const float difference = b.plus[i] - b.minus[i];
    b.plus_target[i] = b.minus_target[i] = 0;
    if (!(std::max(b.plus[i], b.minus[i]) > upper && std::min(b.plus[i], b.minus[i]) > lower))
      continue;
    b.worn.push_back(i * shape_.inputs + line);
    (difference > 0 ? b.plus_target : b.minus_target)[i] = std::abs(difference);
  }
}

void cell_refresh::write(block& b, device_array& side, std::uint32_t line, std::uint32_t inputs,
                         std::span<const float> target, std::uint64_t vector) {
  if (std::ranges::none_of(target, [](float t) { return t > 0; }))
    return;
  constexpr float full_input = 1;
  constexpr float upwards_rate = -1;
  const auto outputs = static_cast<std::uint32_t>(target.size());
  b.trains.draw({&full_input, 1, 1, 1}, {target.data(), 1, outputs, outputs}, upwards_rate, vector);
  const auto found = b.trains.find_pulses(0, 0, b.trains.outputs(0).lines.size(), {b.cells, b.pulses});
  for (auto& cell : std::span(b.cells).first(found.list.size())) // found in an array with one input
    cell = cell * inputs + line;
  side.apply_pulses(0, found.list, vector);
  b.activity += b.trains.activity(found.pulses);
}

operation_activity cell_refresh::activity() const {
  operation_activity sum;
  for (const auto& b : blocks_)
    sum += b.activity;
  return sum;
}

} // namespace tilework::physics
