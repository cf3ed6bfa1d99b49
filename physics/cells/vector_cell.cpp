// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/cells/combined_array.h>
#include <tilework/physics/cells/vector_cell.h>
#include <tilework/physics/devices/constant_step.h>

#include <algorithm>

namespace tilework::physics {
namespace {

class vector_array final : public combined_array {
public:
  vector_array(const vector_cell& p, std::vector<float> gamma, const device_context& context)
      : combined_array(make_parts(p, context), std::move(gamma), p.granularity(), context.shape.inputs),
        policy_(p.update_policy),
        first_(static_cast<std::uint64_t>(p.first_update_idx)),
        choice_(context.seed, purpose::cell_policy, context.id) {}

  void apply_pulses(std::uint32_t line, const pulse_list& pulses, std::uint64_t vector) override {
    for_each_updated(vector, [&](device_array& part) { part.apply_pulses(line, pulses, vector); });
    combine(pulses.cells);
  }
  void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t vector) override {
    for_each_updated(vector, [&](device_array& part) { part.add_exactly(output, x, factor, vector); });
    combine_line(output);
  }
  void add_to_cells(std::span<const std::uint32_t> cells, std::span<const float> changes,
                    std::uint64_t vector) override {
    for_each_updated(vector, [&](device_array& part) { part.add_to_cells(cells, changes, vector); });
    combine(cells);
  }
  /// Every device gets the same weight; with a fixed device only that one.
  void program(std::span<const float> weights, std::uint64_t event) override {
    for (std::size_t k = 0; k < parts().size(); ++k)
      if (policy_ != update_policy::single_fixed || k == first_)
        parts()[k]->program(weights, event);
    combine_all();
  }

private:
  static std::vector<std::unique_ptr<device_array>> make_parts(const vector_cell& p, const device_context& context) {
    std::vector<std::unique_ptr<device_array>> parts;
    for (std::uint32_t k = 0; k < p.devices.size(); ++k)
      parts.push_back(p.devices[k].make(part_context(context, k)));
    return parts;
  }

  /// A function of the vector's index alone, so lines may be updated in any order.
  template <typename Update>
  void for_each_updated(std::uint64_t vector, Update update) const {
    const std::uint64_t n = parts().size();
    switch (policy_) {
    case update_policy::all:
      for (const auto& part : parts())
        update(*part);
      return;
    case update_policy::single_fixed:
      return update(*parts()[first_]);
    case update_policy::single_sequential:
      return update(*parts()[(first_ + 1 + vector) % n]);
    case update_policy::single_random:
      return update(*parts()[(std::uint64_t{choice_.words(vector, 0, 0)[0]} * n) >> 32U]);
    }
  }

  physics::update_policy policy_;
  std::uint64_t first_;
  noise_stream choice_;
};

} // namespace

float mean_granularity(const device_list& devices) {
  float sum = 0;
  for (const auto& device : devices)
    sum += device.granularity();
  return sum / static_cast<float>(devices.size());
}

vector_cell::vector_cell() : devices(2) {
}

void vector_cell::validate() const {
  if (devices.empty())
    throw input_error("devices must not be empty");
  std::ranges::for_each(devices, validate_part);
  if (!gamma_vec.empty() && gamma_vec.size() != devices.size())
    throw input_error("gamma_vec must have one factor per device");
  if (first_update_idx < 0 || static_cast<std::size_t>(first_update_idx) >= devices.size())
    throw input_error("first_update_idx must be below the number of devices");
}

std::unique_ptr<device_array> make_devices(const vector_cell& parameters, const device_context& context) {
  auto gamma = parameters.gamma_vec;
  if (gamma.empty())
    gamma.assign(parameters.devices.size(), 1 / static_cast<float>(parameters.devices.size()));
  return std::make_unique<vector_array>(parameters, std::move(gamma), context);
}

reference_cell::reference_cell() : devices(1) {
}

vector_cell reference_cell::as_vector_cell() const {
  vector_cell cell;
  cell.devices = devices;
  if (!devices.empty())
    cell.devices.resize(2, devices.front());
  cell.update_policy = update_policy::single_fixed;
  cell.gamma_vec = {1, -1};
  return cell;
}

std::unique_ptr<device_array> make_devices(const reference_cell& parameters, const device_context& context) {
  return make_devices(parameters.as_vector_cell(), context);
}

} // namespace tilework::physics
