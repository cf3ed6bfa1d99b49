// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/pow_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/pow_step.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

/// z after one pulse.
HWY_INLINE float_vector pow_pulse(float dw_min_std, const float_vector* c, float_vector z, lane_mask down,
                                  float_vector xi) {
  const auto width = hn::Sub(c[2], c[3]);
  const auto distance = hn::IfThenElse(down, hn::Sub(z, c[3]), hn::Sub(c[2], z));
  const auto factor = power(hn::Div(distance, width), hn::IfThenElse(down, c[5], c[4]));
  const auto change = hn::Mul(hn::IfThenElse(down, hn::Neg(c[1]), c[0]), factor);
  const auto noise = hn::Add(constant(1), hn::Mul(constant(dw_min_std), xi));
  const auto moved = hn::Add(z, hn::Mul(change, noise));
  return clipped(hn::IfThenElse(hn::Gt(width, constant(0)), moved, z), c[3], c[2]);
}

struct pow_step_law {
  const pow_step& p;
  [[nodiscard]] HWY_INLINE float_vector pulse(const float_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    return pow_pulse(p.dw_min_std, c, w, down, xi);
  }
};

struct pow_step_reference_law {
  const pow_step_reference& p;
  [[nodiscard]] HWY_INLINE float_vector pulse(const float_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    return hn::Sub(pow_pulse(p.dw_min_std, c, hn::Add(w, c[6]), down, xi), c[6]);
  }
};

} // namespace

void pow_step_pulses(const pow_step& p, const pulse_line<pow_cell>& line) {
  apply_in_groups(pow_step_law{p}, line);
}
void pow_step_reference_pulses(const pow_step_reference& p, const pulse_line<referenced_pow_cell>& line) {
  apply_in_groups(pow_step_reference_law{p}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

HWY_EXPORT(pow_step_pulses);
HWY_EXPORT(pow_step_reference_pulses);

float granularity_of(const pulsed_parameters& p, const pow_law_parameters& law) {
  return p.dw_min * std::pow(0.5F, law.pow_gamma);
}

template <typename P>
pow_cell draw_pow_cell(const P& p, const drawn_device& drawn, draw_sequence& random) {
  const float gain = 1 + p.pow_gamma_dtod * random.normal();
  const float asymmetry = p.pow_up_down_dtod * random.normal();
  pow_cell c{drawn.steps};
  c.exponent_up = (std::min(p.pow_up_down, 0.0F) + gain + asymmetry) * p.pow_gamma;
  c.exponent_down = (-std::max(p.pow_up_down, 0.0F) + gain - asymmetry) * p.pow_gamma;
  if (p.enforce_consistency) {
    c.exponent_up = std::abs(c.exponent_up);
    c.exponent_down = std::abs(c.exponent_down);
  }
  return c;
}

/// Change by one pulse without noise at state z.
float pow_change(const pow_cell& c, float z, bool down) {
  const float width = c.max - c.min;
  if (!(width > 0))
    return 0;
  return down ? -c.down * power((z - c.min) / width, c.exponent_down)
              : c.up * power((c.max - z) / width, c.exponent_up);
}

template <typename Put>
void show_pow_cell(const pow_cell& c, Put put) {
  put("dwmin_up", c.up);
  put("dwmin_down", c.down);
  put("gamma_up", c.exponent_up);
  put("gamma_down", c.exponent_down);
}

struct pow_step_model {
  using cell = pow_cell;
  pow_step p;

  [[nodiscard]] cell make_cell(const drawn_device& drawn, draw_sequence& random) const {
    return draw_pow_cell(p, drawn, random);
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const { HWY_DISPATCH_TABLE(pow_step_pulses)[isa](p, line); }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    show_pow_cell(c, put);
  }
};

struct pow_step_reference_model {
  using cell = referenced_pow_cell;
  pow_step_reference p;

  [[nodiscard]] cell make_cell(drawn_device& drawn, draw_sequence& random) const {
    cell c{draw_pow_cell(p, drawn, random)};
    c.reference = p.draw_reference(random);
    if (p.subtract_symmetry_point && c.max > 0 && c.min < 0) {
      const float point = symmetry_point(c);
      c.reference += point;
      drawn.passive.reset_bias += point;
    }
    return c;
  }
  /// Where pairs of up and down pulses lead to.
  [[nodiscard]] float symmetry_point(const cell& c) const {
    constexpr float most_pairs = 10'000;
    constexpr float windows = 10;
    const float smaller_step = std::min(std::abs(c.up), std::abs(c.down));
    const float pairs = p.n_estimation_steps > 0
                            ? static_cast<float>(p.n_estimation_steps)
                            : std::min(std::round(windows * (c.max - c.min) / smaller_step), most_pairs);
    float point = 0;
    for (int n = 0; n < static_cast<int>(pairs); ++n)
      point += pow_change(c, point, false) + pow_change(c, point, true);
    return point;
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(pow_step_reference_pulses)[isa](p, line);
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    show_pow_cell(c, put);
    put("reference", c.reference);
  }
};

} // namespace

float pow_step::granularity() const {
  return granularity_of(*this, *this);
}
float pow_step_reference::granularity() const {
  return granularity_of(*this, *this);
}

std::unique_ptr<device_array> make_devices(const pow_step& parameters, const device_context& context) {
  return make_pulsed_array(pow_step_model{parameters}, context);
}
std::unique_ptr<device_array> make_devices(const pow_step_reference& parameters, const device_context& context) {
  return make_pulsed_array(pow_step_reference_model{parameters}, context);
}

} // namespace tilework::physics
#endif
