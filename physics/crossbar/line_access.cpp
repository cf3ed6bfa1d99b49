// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/crossbar/line_access.h>

#include <algorithm>
#include <string>

namespace tilework::physics {
namespace {

/// Events of writes, apart from the vectors of updates, from refreshes and from what devices do by themselves.
constexpr std::uint64_t write_event = std::uint64_t{1} << 61U;
/// Static draws of the lines: 0 belongs to products, 1 to refreshes.
constexpr std::uint32_t line_read_part = 2;

constexpr mvm_direction direction_of(line_side side) {
  return side == line_side::inputs ? mvm_direction::forward : mvm_direction::backward;
}

constexpr purpose lines_purpose(line_side side) {
  return side == line_side::inputs ? purpose::forward_lines : purpose::backward_lines;
}

constexpr array_shape single_line(array_shape shape, line_side side) {
  return side == line_side::inputs ? array_shape{1, shape.outputs} : array_shape{shape.inputs, 1};
}

} // namespace

io_parameters line_read_defaults() {
  io_parameters io;
  io.noise_management = noise_management::none;
  io.bound_management = bound_management::none;
  return io;
}

update_parameters line_write_defaults() {
  update_parameters update;
  update.desired_bl = 1;
  update.update_bl_management = update.update_management = false;
  return update;
}

line_reader::line_reader(const io_parameters& io, array_shape shape, line_side side, std::uint64_t seed,
                         logical_array id, instruction_set isa)
    : shape_(shape),
      side_(side),
      isa_(isa),
      drives_others_(!io.is_perfect && io.inp_noise > 0),
      mvm_(io, shape, direction_of(side), {seed, lines_purpose(side), id, line_read_part}, isa),
      noise_(seed, purpose::line_read, id, static_cast<std::uint32_t>(side)),
      unit_vector_(lines_of(shape, side)),
      scratch_(mvm_.scratch_size()) {
}

operation_activity line_reader::read(std::span<const float> weights, std::uint32_t first_line, mutable_burst out,
                                     std::uint64_t first_vector, signal_noise* quality) {
  constexpr float no_scale = 0; // without noise management
  operation_activity activity;
  weight_view view{weights.data(), shape_, direction_of(side_), nullptr, isa_};
  const std::uint32_t lines = lines_of(shape_, side_);
  std::uint32_t line = first_line % lines;
  for (std::uint32_t v = 0; v < out.vectors; ++v) {
    unit_vector_[line] = 1;
    if (!drives_others_)
      view.only_line = line;
    add_to(activity, mvm_.run(view, unit_vector_, out[v], no_scale, noise_, first_vector + v, scratch_));
    unit_vector_[line] = 0;
    if (quality != nullptr)
      compare(weights, line, out[v], *quality);
    line = line + 1 == lines ? 0 : line + 1;
  }
  return activity;
}

void line_reader::compare(std::span<const float> weights, std::uint32_t line, std::span<const float> seen,
                          signal_noise& quality) const {
  const bool column = side_ == line_side::inputs;
  const std::size_t stride = column ? shape_.inputs : 1;
  const std::size_t first = column ? line : std::size_t{line} * shape_.inputs;
  for (std::size_t k = 0; k < seen.size(); ++k)
    quality.add(weights[first + k * stride], seen[k]);
}

line_writer::line_writer(const update_parameters& parameters, array_shape shape, line_side side, float granularity,
                         std::uint64_t seed, logical_array id, instruction_set isa)
    : parameters_(parameters),
      shape_(shape),
      side_(side),
      trains_(parameters, granularity, single_line(shape, side), 1,
              noise_stream(seed, purpose::line_write_trains, id, static_cast<std::uint32_t>(side)), isa) {
  if (length_of(shape, side) > longest_pulse_list)
    throw input_error("lines that are written have at most " + std::to_string(longest_pulse_list) +
                      " elements: split the layer");
  cells_.resize(trains_.room_for(single_line(shape, side).outputs));
  pulses_.resize(cells_.size());
  changes_.resize(length_of(shape, side));
}

operation_activity line_writer::write(device_array& devices, std::uint32_t first_line, const_burst counts, float rate,
                                      std::uint64_t first_vector, pulse_sample& sample) {
  operation_activity activity;
  if (rate == 0)
    return activity;
  const std::uint32_t lines = lines_of(shape_, side_);
  const bool exact = devices.is_ideal() || parameters_.is_exact();
  std::uint32_t line = first_line % lines;
  for (std::uint32_t v = 0; v < counts.vectors; ++v) {
    if (std::ranges::any_of(counts[v], [](float c) { return c != 0; })) {
      if (exact)
        add(devices, line, counts[v], rate, first_vector + v);
      else
        activity += pulse(devices, line, counts[v], rate, first_vector + v, sample);
    }
    line = line + 1 == lines ? 0 : line + 1;
  }
  return activity;
}

operation_activity line_writer::pulse(device_array& devices, std::uint32_t line, std::span<const float> counts,
                                      float rate, std::uint64_t vector, pulse_sample& sample) {
  constexpr float full = 1;
  const const_burst unit{&full, 1, 1, 1};
  const auto length = static_cast<std::uint32_t>(counts.size());
  const const_burst others{counts.data(), 1, length, length};
  const bool column = side_ == line_side::inputs;
  trains_.draw(column ? unit : others, column ? others : unit, rate, vector);
  const auto found = trains_.find_pulses(0, 0, trains_.outputs(0).lines.size(), {cells_, pulses_});
  for (auto& c : std::span(cells_).first(found.list.size())) // found in an array with this line alone
    c = cell(line, c);
  if (!found.list.empty())
    devices.apply_pulses(0, found.list, write_event | vector);
  sample.add(found.list, 0, shape_.outputs);
  return trains_.activity(found.pulses, shape_);
}

void line_writer::add(device_array& devices, std::uint32_t line, std::span<const float> counts, float rate,
                      std::uint64_t vector) {
  for (std::uint32_t k = 0; k < counts.size(); ++k) {
    cells_[k] = cell(line, k);
    changes_[k] = -rate * counts[k];
  }
  devices.add_to_cells(std::span(cells_).first(counts.size()), changes_, write_event | vector);
}

} // namespace tilework::physics
