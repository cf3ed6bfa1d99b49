// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/pow_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/linear_law-inl.h>
#include <tilework/physics/devices/pow_step.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

/// The law at the state z.
struct pow_pulse {
  step_vectors steps;
  float_vector exponent;
  float_vector distance; ///< to the bound ahead
  float_vector change;

  HWY_INLINE pow_pulse(const pow_step_units& units, const word_vector* c, float_vector z, lane_mask down)
      : steps(units.steps, c, down),
        exponent(hn::Mul(either_code(c[2], down),
                         hn::IfThenElse(down, constant(units.exponent_down), constant(units.exponent_up)))),
        distance(hn::IfThenElse(down, hn::Sub(z, steps.min), hn::Sub(steps.max, z))) {
    const auto width = hn::Sub(steps.max, steps.min);
    const auto factor = power(hn::Div(distance, width), exponent);
    change = hn::IfThenElse(hn::Gt(width, constant(0)), hn::Mul(directed(steps.step, down), factor), constant(0));
  }

  [[nodiscard]] HWY_INLINE float_vector once(float_vector z, float dw_min_std, float_vector xi) const {
    const auto noise = hn::Add(constant(1), hn::Mul(constant(dw_min_std), xi));
    return steps.clip(hn::Add(z, hn::Mul(change, noise)));
  }
  [[nodiscard]] HWY_INLINE float_vector several(float_vector z, float dw_min_std, integer_vector n, float_vector xi,
                                                lane_mask& whole) const {
    const auto per_distance = hn::Div(constant(1), hn::Max(distance, constant(1e-30F)));
    const auto slope = hn::Neg(hn::Mul(hn::Mul(exponent, hn::Abs(change)), per_distance));
    const auto curvature = hn::Mul(hn::Max(hn::Abs(exponent), constant(1)), per_distance);
    return steps.clip(
        linear_pulse(change, slope, dw_min_std).several(z, steps.min, steps.max, n, xi, whole, curvature));
  }
};

struct pow_step_law {
  float dw_min_std;
  const pow_step_units& units;

  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    return pow_pulse(units, c, w, down).once(w, dw_min_std, xi);
  }
  [[nodiscard]] HWY_INLINE float_vector pulses(const word_vector* c, float_vector w, lane_mask down, integer_vector n,
                                               float_vector xi, lane_mask& whole) const {
    return pow_pulse(units, c, w, down).several(w, dw_min_std, n, xi, whole);
  }
};

struct pow_step_reference_law {
  float dw_min_std;
  const pow_step_units& units;

  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const auto reference = hn::BitCast(floats(), c[3]);
    const auto z = hn::Add(w, reference);
    return hn::Sub(pow_pulse(units, c, z, down).once(z, dw_min_std, xi), reference);
  }
  [[nodiscard]] HWY_INLINE float_vector pulses(const word_vector* c, float_vector w, lane_mask down, integer_vector n,
                                               float_vector xi, lane_mask& whole) const {
    const auto reference = hn::BitCast(floats(), c[3]);
    const auto z = hn::Add(w, reference);
    return hn::Sub(pow_pulse(units, c, z, down).several(z, dw_min_std, n, xi, whole), reference);
  }
};

} // namespace

void pow_step_pulses(float dw_min_std, const pow_step_units& units, const pulse_line<pow_cell>& line) {
  apply_on_vectors(pow_step_law{dw_min_std, units}, line);
}
void pow_step_reference_pulses(float dw_min_std, const pow_step_units& units,
                               const pulse_line<referenced_pow_cell>& line) {
  apply_on_vectors(pow_step_reference_law{dw_min_std, units}, line);
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
pow_cell draw_pow_cell(const P& p, const pow_step_units& units, const drawn_device& drawn, draw_sequence& random) {
  const float gain = 1 + p.pow_gamma_dtod * random.normal();
  const float asymmetry = p.pow_up_down_dtod * random.normal();
  float up = (std::min(p.pow_up_down, 0.0F) + gain + asymmetry) * p.pow_gamma;
  float down = (-std::max(p.pow_up_down, 0.0F) + gain - asymmetry) * p.pow_gamma;
  if (p.enforce_consistency) {
    up = std::abs(up);
    down = std::abs(down);
  }
  return {units.steps.pack(drawn.steps), code_of(up, units.exponent_up), code_of(down, units.exponent_down)};
}

float up_exponent(const pow_step_units& units, const pow_cell& c) {
  return static_cast<float>(c.exponent_up) * units.exponent_up;
}
float down_exponent(const pow_step_units& units, const pow_cell& c) {
  return static_cast<float>(c.exponent_down) * units.exponent_down;
}

template <typename Put>
void show_pow_cell(const pow_step_units& units, const pow_cell& c, Put put) {
  show_steps(units.steps, c.steps, put);
  put("gamma_up", up_exponent(units, c));
  put("gamma_down", down_exponent(units, c));
}

struct pow_step_model {
  using cell = pow_cell;
  pow_step p;
  pow_step_units units{p, p};

  [[nodiscard]] cell make_cell(const drawn_device& drawn, draw_sequence& random) const {
    return draw_pow_cell(p, units, drawn, random);
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(pow_step_pulses)[isa](p.dw_min_std, units, line);
  }
  [[nodiscard]] std::pair<float, float> bounds_of(const cell& c) const { return bounds_of_steps(units.steps, c.steps); }
  template <typename Put>
  void show(const cell& c, Put put) const {
    show_pow_cell(units, c, put);
  }
};

struct pow_step_reference_model {
  using cell = referenced_pow_cell;
  pow_step_reference p;
  pow_step_units units{p, p};

  [[nodiscard]] cell make_cell(drawn_device& drawn, draw_sequence& random) const {
    cell c{draw_pow_cell(p, units, drawn, random), 0};
    c.reference = p.draw_reference(random);
    const auto steps = units.steps.unpack(c.device.steps);
    if (p.subtract_symmetry_point && steps.max > 0 && steps.min < 0) {
      const float point = symmetry_point(steps, up_exponent(units, c.device), down_exponent(units, c.device));
      c.reference += point;
      drawn.passive.reset_bias += point;
    }
    return c;
  }
  /// Where pairs of up and down pulses lead to, without noise.
  [[nodiscard]] float symmetry_point(const device_draw& d, float up, float down) const {
    constexpr float most_pairs = 10'000;
    constexpr float windows = 10;
    const float width = d.max - d.min;
    const float smaller_step = std::min(std::abs(d.up), std::abs(d.down));
    const float pairs = p.n_estimation_steps > 0 ? static_cast<float>(p.n_estimation_steps)
                                                 : std::min(std::round(windows * width / smaller_step), most_pairs);
    float z = 0;
    for (int n = 0; n < static_cast<int>(pairs); ++n)
      z += d.up * power((d.max - z) / width, up) - d.down * power((z - d.min) / width, down);
    return z;
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(pow_step_reference_pulses)[isa](p.dw_min_std, units, line);
  }
  [[nodiscard]] std::pair<float, float> bounds_of(const cell& c) const {
    return bounds_of_steps(units.steps, c.device.steps);
  }
  template <typename Put>
  void show(const cell& c, Put put) const {
    show_pow_cell(units, c.device, put);
    put("reference", c.reference);
  }
};

} // namespace

pow_step_units::pow_step_units(const pulsed_parameters& p, const pow_law_parameters& law) : steps(p) {
  constexpr float sigmas = 8;
  const float reach = 1 + sigmas * (law.pow_gamma_dtod + law.pow_up_down_dtod) + std::abs(law.pow_up_down);
  const auto unit = [&](float share) {
    return law.pow_gamma == 0 ? 0.0F : code_unit(std::abs(share * law.pow_gamma), reach / std::abs(share));
  };
  exponent_up = unit(law.pow_up_down < 0 && law.pow_up_down > -1 ? 1 + law.pow_up_down : 1);
  exponent_down = unit(law.pow_up_down > 0 && law.pow_up_down < 1 ? 1 - law.pow_up_down : 1);
}

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
