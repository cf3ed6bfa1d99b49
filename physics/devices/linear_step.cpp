// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/linear_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/linear_law-inl.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct linear_step_law {
  const linear_step& p;
  const linear_step_units& units;

  /// Two signed 16-bit codes of one word.
  static HWY_INLINE float_vector low(float_vector codes, float unit) {
    const auto code = hn::ShiftRight<16>(hn::ShiftLeft<16>(hn::BitCast(integers(), codes)));
    return hn::Mul(hn::ConvertTo(floats(), code), constant(unit));
  }
  static HWY_INLINE float_vector high(float_vector codes, float unit) {
    return hn::Mul(hn::ConvertTo(floats(), hn::ShiftRight<16>(hn::BitCast(integers(), codes))), constant(unit));
  }

  [[nodiscard]] HWY_INLINE float_vector pulse(const float_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const auto own_max = low(c[2], units.max);
    const auto own_min = high(c[2], units.min);
    const auto max = p.mean_bound_reference ? constant(p.w_max) : own_max;
    const auto min = p.mean_bound_reference ? constant(p.w_min) : own_min;
    const auto up_reference = p.reverse_up ? hn::Sub(min, constant(p.reverse_offset)) : max;
    const auto down_reference = p.reverse_down ? hn::Add(max, constant(p.reverse_offset)) : min;
    const auto gamma = hn::IfThenElse(down, high(c[3], units.gamma_down), low(c[3], units.gamma_up));
    const auto change = linear_change(p, p.dw_min_std, hn::IfThenElse(down, c[1], c[0]), gamma,
                                      hn::IfThenElse(down, down_reference, up_reference), w, xi);
    return clipped(hn::IfThenElse(down, hn::Sub(w, change), hn::Add(w, change)), own_min, own_max);
  }
};

} // namespace

void linear_step_pulses(const linear_step& p, const linear_step_units& units,
                        const pulse_line<linear_step_cell>& line) {
  apply_in_groups(linear_step_law{p, units}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

#include <bit>
#include <cmath>

namespace tilework::physics {
namespace {

static_assert(std::endian::native == std::endian::little, "kernels take the first of two codes from the low bits");

HWY_EXPORT(linear_step_pulses);

std::int16_t code_of(float value, float unit) {
  constexpr float highest = 32767;
  return unit == 0 ? std::int16_t{0} : static_cast<std::int16_t>(std::rint(clipped(value / unit, -highest, highest)));
}

/// The nominal bound is exact, and so is that of a perfect bias. Values of the other side fit too, should a wide spread
/// swap the bounds or a device be stuck there.
float bound_unit(const linear_step& p, float bound, float other) {
  const bool varies = p.w_max_dtod > 0 || p.w_min_dtod > 0 || p.corrupt_devices_prob > 0;
  return std::max(std::abs(bound), varies ? std::abs(other) / 4 : 0.0F) / (p.perfect_bias ? 256 : 4096);
}

float gamma_unit(float gamma, float spread) {
  return spread > 0 ? (std::abs(gamma) + 8 * spread) / 32767 : std::abs(gamma);
}

struct linear_step_model {
  using cell = linear_step_cell;
  linear_step p;
  linear_step_units units{p};

  [[nodiscard]] cell make_cell(const drawn_device& drawn, draw_sequence& random) const {
    const auto one_sided = [&](float gamma) { return p.allow_increasing ? gamma : std::abs(gamma); };
    const float gamma_up = one_sided(p.gamma_up + p.gamma_up_dtod * random.normal());
    const float gamma_down = one_sided(p.gamma_down + p.gamma_down_dtod * random.normal());
    return {drawn.steps.up,
            drawn.steps.down,
            code_of(drawn.steps.max, units.max),
            code_of(drawn.steps.min, units.min),
            code_of(gamma_up, units.gamma_up),
            code_of(gamma_down, units.gamma_down)};
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(linear_step_pulses)[isa](p, units, line);
  }
  [[nodiscard]] std::pair<float, float> bounds_of(const cell& c) const {
    return {static_cast<float>(c.min) * units.min, static_cast<float>(c.max) * units.max};
  }
  template <typename Put>
  void show(const cell& c, Put put) const {
    const auto [own_min, own_max] = bounds_of(c);
    const float max = p.mean_bound_reference ? p.w_max : own_max;
    const float min = p.mean_bound_reference ? p.w_min : own_min;
    const auto slope = [](float gamma, float step, float reference) {
      return reference == 0 ? 0.0F : -gamma * step / reference;
    };
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
    put("slope_up",
        slope(static_cast<float>(c.gamma_up) * units.gamma_up, c.up, p.reverse_up ? min - p.reverse_offset : max));
    put("slope_down", slope(static_cast<float>(c.gamma_down) * units.gamma_down, c.down,
                            p.reverse_down ? max + p.reverse_offset : min));
  }
};

} // namespace

linear_step_units::linear_step_units(const linear_step& p)
    : max(bound_unit(p, p.w_max, p.w_min)),
      min(bound_unit(p, p.w_min, p.w_max)),
      gamma_up(gamma_unit(p.gamma_up, p.gamma_up_dtod)),
      gamma_down(gamma_unit(p.gamma_down, p.gamma_down_dtod)) {
}

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
#endif
