// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/cells/combined_array.h>
#include <tilework/physics/devices/ideal.h>

#include <algorithm>
#include <string>

namespace tilework::physics {

combined_array::combined_array(std::vector<std::unique_ptr<device_array>> parts, std::vector<float> gamma,
                               float granularity, std::uint32_t inputs)
    : parts_(std::move(parts)),
      gamma_(std::move(gamma)),
      granularity_(granularity),
      inputs_(inputs),
      weights_(parts_.front()->weights().size()) {
  combine_all();
}

std::size_t combined_array::bytes_per_cross_point() const {
  std::size_t sum = sizeof(float);
  for (const auto& part : parts_)
    sum += part->bytes_per_cross_point();
  return sum;
}

void combined_array::combine_cell(std::size_t cell) {
  float sum = 0;
  for (std::size_t k = 0; k < parts_.size(); ++k)
    sum += gamma_[k] * parts_[k]->weights()[cell];
  weights_[cell] = sum;
}

void combined_array::combine(std::span<const std::uint32_t> cells) {
  for (const auto c : cells)
    combine_cell(c);
}

void combined_array::combine_line(std::uint32_t output) {
  const std::size_t first = std::size_t{output} * inputs_;
  for (std::size_t c = first; c < first + inputs_; ++c)
    combine_cell(c);
}

void combined_array::combine_all() {
  for (std::size_t c = 0; c < weights_.size(); ++c)
    combine_cell(c);
}

bool combined_array::relaxes() const {
  return std::ranges::any_of(parts_, [](const auto& part) { return part->relaxes(); });
}

void combined_array::relax(std::uint32_t output, std::uint64_t event, float time) {
  for (const auto& part : parts_)
    part->relax(output, event, time);
  combine_line(output);
}

bool combined_array::drifts() const {
  return std::ranges::any_of(parts_, [](const auto& part) { return part->drifts(); });
}

void combined_array::drift(float time, std::uint64_t event) {
  for (const auto& part : parts_)
    part->drift(time, event);
  combine_all();
}

void combined_array::reset(std::span<const std::uint32_t> cells, std::uint64_t event) {
  for (const auto& part : parts_)
    part->reset(cells, event);
  combine(cells);
}

bound_counts combined_array::at_bounds() const {
  bound_counts sum;
  for (const auto& part : parts_) {
    const auto counts = part->at_bounds();
    sum.devices += counts.devices;
    sum.at_lower += counts.at_lower;
    sum.at_upper += counts.at_upper;
  }
  return sum;
}

void combined_array::save(byte_writer& out) const {
  for (const auto& part : parts_)
    part->save(out);
}

void combined_array::load(byte_reader& in) {
  for (const auto& part : parts_)
    part->load(in);
  combine_all();
}

device_context part_context(const device_context& cell, std::uint32_t k) {
  device_context part = cell;
  part.part = part.spread_part = k;
  return part;
}

void validate_part(const device_spec& device) {
  device.validate();
  if (device.get_if<ideal>() != nullptr || device.is_unit_cell())
    throw input_error("a unit cell cannot hold " + std::string(device.model()) + "; allowed: single pulsed devices");
}

} // namespace tilework::physics
