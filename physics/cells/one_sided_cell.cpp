// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/cells/combined_array.h>
#include <tilework/physics/cells/one_sided_cell.h>

#include <algorithm>
#include <array>

namespace tilework::physics {
namespace {

class one_sided_array final : public combined_array {
public:
  one_sided_array(const one_sided_cell& p, const device_context& context)
      : combined_array(make_parts(p, context), {1, -1}, p.granularity(), context.shape.inputs) {}

  /// A side gets the pulses of its direction.
  void apply_pulses(std::uint32_t line, const pulse_list& pulses, std::uint64_t vector) override {
    std::array<std::uint32_t, batch> cells;  // NOLINT(*-member-init): written before it is read
    std::array<std::int32_t, batch> upwards; // NOLINT(*-member-init)
    for (const std::size_t side : {plus, minus}) {
      const std::int32_t sign = side == plus ? 1 : -1;
      std::uint64_t piece = 0; // each with noise of its own
      for (std::size_t first = 0; first < pulses.size(); first += batch) {
        std::size_t count = 0;
        for (std::size_t l = first; l < std::min(first + batch, pulses.size()); ++l) {
          cells[count] = pulses.cells[l];
          upwards[count] = sign * pulses.pulses[l];
          count += upwards[count] > 0;
        }
        parts()[side]->apply_pulses(line, pulse_list{{cells.data(), count}, {upwards.data(), count}},
                                    vector | (piece++ << piece_shift));
      }
    }
    combine(pulses.cells);
  }
  /// Exact changes of the sign of a side's direction.
  void add_exactly(std::uint32_t output, std::span<const float> x, float factor, std::uint64_t vector) override {
    for (const std::size_t side : {plus, minus}) {
      const float sign = side == plus ? 1.0F : -1.0F;
      std::vector<float> upwards(x.begin(), x.end());
      for (auto& v : upwards)
        v = std::max(sign * factor * v, 0.0F);
      parts()[side]->add_exactly(output, upwards, 1, vector);
    }
    combine_line(output);
  }
  void add_to_cells(std::span<const std::uint32_t> cells, std::span<const float> changes,
                    std::uint64_t vector) override {
    std::vector<float> upwards(changes.size());
    std::ranges::transform(changes, upwards.begin(), [](float c) { return std::max(c, 0.0F); });
    parts()[plus]->add_to_cells(cells, upwards, vector);
    std::ranges::transform(changes, upwards.begin(), [](float c) { return std::max(-c, 0.0F); });
    parts()[minus]->add_to_cells(cells, upwards, vector);
    combine(cells);
  }
  /// Pulses raise both sides only: the lower bound, where they begin, is not in their way.
  [[nodiscard]] bound_counts at_bounds() const override {
    auto counts = combined_array::at_bounds();
    counts.at_lower = 0;
    return counts;
  }
  void program(std::span<const float> weights, std::uint64_t event) override {
    std::vector<float> target(weights.size());
    std::ranges::transform(weights, target.begin(), [](float w) { return std::max(w, 0.0F); });
    parts()[plus]->program(target, event);
    std::ranges::transform(weights, target.begin(), [](float w) { return std::max(-w, 0.0F); });
    parts()[minus]->program(target, event);
    combine_all();
  }

private:
  static constexpr std::size_t plus = 0;
  static constexpr std::size_t minus = 1;
  static constexpr std::size_t batch = 1024;
  static constexpr std::uint64_t piece_shift = 48; ///< vectors stay below 2^48

  static std::vector<std::unique_ptr<device_array>> make_parts(const one_sided_cell& p, const device_context& context) {
    auto second = part_context(context, minus);
    if (p.copy_inverted) {
      second.spread_part = plus;
      second.mirrored = true;
    }
    std::vector<std::unique_ptr<device_array>> parts;
    parts.push_back(p.devices.front().make(part_context(context, plus)));
    parts.push_back(p.devices.front().make(second));
    return parts;
  }
};

} // namespace

one_sided_cell::one_sided_cell() : devices(1) {
}

void one_sided_cell::validate() const {
  if (devices.size() != 1)
    throw input_error("devices must name exactly one device; both sides are drawn from it");
  validate_part(devices.front());
  refresh_forward.validate();
  if (refresh_every > 0 && refresh_update.is_exact())
    throw input_error("refresh_update needs pulses: another pulse_type than NONE or NONE_WITH_DEVICE");
  if (refresh_every > 0 && devices.front().writes_noisily())
    throw input_error("a device with write noise cannot be refreshed: set write_noise_std: 0 or refresh_every: 0");
}

std::unique_ptr<device_array> make_devices(const one_sided_cell& parameters, const device_context& context) {
  return std::make_unique<one_sided_array>(parameters, context);
}

} // namespace tilework::physics
