// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/pulsed_array.h>

#include <array>
#include <cmath>

namespace tilework::physics {
namespace {

/// A number as a multiple of a unit, in 16 bits. Units are chosen such that rounding is far below the spread between
/// devices, and that devices without spread are exact.
struct short_number {
  std::int16_t code = 0;

  static short_number of(float value, float unit) {
    constexpr float highest = 32767;
    return {unit == 0 ? std::int16_t{0}
                      : static_cast<std::int16_t>(std::rint(clipped(value / unit, -highest, highest)))};
  }
  [[nodiscard]] float times(float unit) const { return static_cast<float>(code) * unit; }
};

struct linear_step_model {
  /// 16 bytes.
  struct cell {
    float up = 0;
    float down = 0;
    short_number max;
    short_number min;
    short_number gamma_up;
    short_number gamma_down;
  };
  linear_step p;
  float max_unit = bound_unit(p, p.w_max, p.w_min);
  float min_unit = bound_unit(p, p.w_min, p.w_max);
  float gamma_up_unit = gamma_unit(p.gamma_up, p.gamma_up_dtod);
  float gamma_down_unit = gamma_unit(p.gamma_down, p.gamma_down_dtod);

  /// Nominal bound = 4096 units, or 256 if a perfect bias needs 100 bounds. Values of the other side fit too, should a
  /// wide spread swap the bounds or a device be stuck there.
  static float bound_unit(const linear_step& p, float bound, float other) {
    const bool varies = p.w_max_dtod > 0 || p.w_min_dtod > 0 || p.corrupt_devices_prob > 0;
    return std::max(std::abs(bound), varies ? std::abs(other) / 4 : 0.0F) / (p.perfect_bias ? 256 : 4096);
  }
  static float gamma_unit(float gamma, float spread) {
    return spread > 0 ? (std::abs(gamma) + 8 * spread) / 32767 : std::abs(gamma);
  }

  [[nodiscard]] cell make_cell(const drawn_device& drawn, draw_sequence& random) const {
    const auto one_sided = [&](float gamma) { return p.allow_increasing ? gamma : std::abs(gamma); };
    const float gamma_up = one_sided(p.gamma_up + p.gamma_up_dtod * random.normal());
    const float gamma_down = one_sided(p.gamma_down + p.gamma_down_dtod * random.normal());
    return {drawn.steps.up,
            drawn.steps.down,
            short_number::of(drawn.steps.max, max_unit),
            short_number::of(drawn.steps.min, min_unit),
            short_number::of(gamma_up, gamma_up_unit),
            short_number::of(gamma_down, gamma_down_unit)};
  }
  /// Weights at which gamma = 1 makes the up and the down step vanish.
  [[nodiscard]] std::pair<float, float> references(const cell& c) const {
    const auto [own_min, own_max] = bounds_of(c);
    const float max = p.mean_bound_reference ? p.w_max : own_max;
    const float min = p.mean_bound_reference ? p.w_min : own_min;
    return {p.reverse_up ? min - p.reverse_offset : max, p.reverse_down ? max + p.reverse_offset : min};
  }
  [[nodiscard]] float pulse(const cell& c, float w, bool down, float xi) const {
    const auto [min, max] = bounds_of(c);
    const auto [up_reference, down_reference] = references(c);
    const float changed =
        down ? w - linear_change(p, p.dw_min_std, c.down, c.gamma_down.times(gamma_down_unit), down_reference, w, xi)
             : w + linear_change(p, p.dw_min_std, c.up, c.gamma_up.times(gamma_up_unit), up_reference, w, xi);
    return clipped(changed, min, max);
  }
  [[nodiscard]] std::pair<float, float> bounds_of(const cell& c) const {
    return {c.min.times(min_unit), c.max.times(max_unit)};
  }
  template <typename Put>
  void show(const cell& c, Put put) const {
    const auto [up_reference, down_reference] = references(c);
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
    put("slope_up", up_reference == 0 ? 0.0F : -c.gamma_up.times(gamma_up_unit) * c.up / up_reference);
    put("slope_down", down_reference == 0 ? 0.0F : -c.gamma_down.times(gamma_down_unit) * c.down / down_reference);
  }
};

} // namespace

void linear_law_parameters::validate() const {
  if ((reverse_up || reverse_down) && !mult_noise)
    throw input_error("reverse_up and reverse_down need mult_noise: true");
}

void linear_step::validate() const {
  pulsed_parameters::validate();
  linear_law_parameters::validate();
}

std::unique_ptr<device_array> make_devices(const linear_step& parameters, const device_context& context) {
  return make_pulsed_array(linear_step_model{parameters}, context);
}

} // namespace tilework::physics
