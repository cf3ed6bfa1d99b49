// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/health_monitor.h>
#include <tilework/core/byte_stream.h>

#include <algorithm>
#include <map>
#include <utility>

namespace tilework::cli {
namespace {

std::optional<double> ratio(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0)
    return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> in_dB(const physics::signal_noise& sums) {
  return signal_to_noise_dB(sums.signal, sums.noise);
}

void add(physics::signal_noise& sum, const physics::signal_noise& more) {
  sum.signal += more.signal;
  sum.noise += more.noise;
}

/// Of one role, while its arrays are visited.
struct role_sums {
  double cells = 0;
  double at_bounds = 0;
  double pulses = 0;
  std::uint64_t most_pulses = 0;

  void add(const physics::analog_array& values, std::uint64_t pulses_of_array) {
    add_pulses(values, pulses_of_array);
    at_bounds += static_cast<double>(values.shape().cells()) * static_cast<double>(values.share_at_bounds());
  }
  void add_pulses(const physics::analog_array& values, std::uint64_t pulses_of_array) {
    cells += static_cast<double>(values.shape().cells());
    pulses += static_cast<double>(pulses_of_array);
    most_pulses = std::max(most_pulses, std::ranges::max(values.sampled_pulses()));
  }
  [[nodiscard]] role_health health() const { return {at_bounds / cells, pulses / cells, most_pulses}; }
};

} // namespace

health_monitor::health_monitor(std::span<const array_region> arrays, line_conversions conversions)
    : arrays_(arrays), conversions_(conversions), pulses_(arrays.size(), 0) {
  for (const auto& region : arrays)
    sums_.resize(std::max<std::size_t>(sums_.size(), region.id.layer + 1U));
}

void health_monitor::operation_done(const operation_record& record) {
  const auto& op = *record.op;
  const auto& activity = record.activity;
  if (op.phase == phase::program && op.kind == operation_kind::outer_product_update)
    pulses_[op.array] += activity.coincidences; // wear too
  if (!is_training(op.phase))
    return;
  switch (op.kind) {
  case operation_kind::forward_mvm:
  case operation_kind::backward_mvm: {
    auto& sums = sums_[op.layer];
    const auto per_line = op.kind == operation_kind::forward_mvm ? conversions_.forward : conversions_.backward;
    sums.conversions += activity.passes() * op.outputs[0].length * per_line;
    sums.saturations += activity.saturations;
    break;
  }
  case operation_kind::outer_product_update: {
    auto& sums = sums_[op.layer];
    sums.slots += activity.pulse_slots;
    sums.update_vectors += activity.update_vectors;
    sums.clipped_updates += activity.clipped_updates;
    pulses_[op.array] += activity.coincidences;
    break;
  }
  case operation_kind::write_line:
    pulses_[op.array] += activity.coincidences;
    break;
  case operation_kind::transfer:
    sums_[op.layer].hidden_elements += activity.hidden_elements;
    sums_[op.layer].fired += activity.fired;
    break;
  case operation_kind::load_samples:
  case operation_kind::program:
  case operation_kind::vector_op:
  case operation_kind::refresh:
  case operation_kind::read_line:
  case operation_kind::calibrate:
  case operation_kind::rest:
    break;
  }
}

layer_health health_monitor::of_layer(std::size_t layer, platform::machine& machine) const {
  physics::signal_noise forward;
  physics::signal_noise backward;
  physics::signal_noise reads;
  std::vector<role_sums> roles;
  for (std::size_t a = 0; a < arrays_.size(); ++a) {
    const auto& id = arrays_[a].id;
    if (id.layer != layer)
      continue;
    auto& values = machine.tile_of(a).values();
    add(forward, values.take_mvm_quality(physics::mvm_direction::forward));
    add(backward, values.take_mvm_quality(physics::mvm_direction::backward));
    add(reads, values.take_line_read_quality());
    roles.resize(std::max<std::size_t>(roles.size(), id.role + 1U));
    roles[id.role].add(values, pulses_[a]);
  }
  const auto& sums = sums_[layer];
  layer_health health{.forward_snr_dB = in_dB(forward),
                      .backward_snr_dB = in_dB(backward),
                      .transfer_read_snr_dB = in_dB(reads),
                      .adc_saturation = ratio(sums.saturations, sums.conversions),
                      .mean_bl = ratio(sums.slots, sums.update_vectors),
                      .clip_rate = ratio(sums.clipped_updates, sums.update_vectors),
                      .hidden_firing_rate = ratio(sums.fired, sums.hidden_elements)};
  for (const auto& role : roles)
    health.roles.push_back(role.health());
  return health;
}

std::vector<layer_health> health_monitor::take(platform::machine& machine) {
  std::vector<layer_health> layers;
  for (std::size_t layer = 0; layer < sums_.size(); ++layer)
    layers.push_back(of_layer(layer, machine));
  std::ranges::fill(sums_, layer_sums{});
  return layers;
}

std::vector<cell_wear> health_monitor::wear(const platform::machine& machine) const {
  std::map<std::pair<std::size_t, std::size_t>, role_sums> roles; // in the order of the result
  for (std::size_t a = 0; a < arrays_.size(); ++a)
    roles[{arrays_[a].id.layer, arrays_[a].id.role}].add_pulses(machine.tile_of(a).values(), pulses_[a]);
  std::vector<cell_wear> wear;
  for (const auto& [key, sums] : roles)
    wear.push_back({key.first, key.second, sums.pulses / sums.cells, sums.most_pulses});
  return wear;
}

void health_monitor::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write_vector(sums_);
  writer.write_vector(pulses_);
}

void health_monitor::restore(std::istream& in) {
  byte_reader reader(in);
  reader.read_vector(sums_);
  reader.read_vector(pulses_);
}

} // namespace tilework::cli
