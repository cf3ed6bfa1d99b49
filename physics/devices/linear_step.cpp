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

  [[nodiscard]] HWY_INLINE linear_pulse at(const step_vectors& s, word_vector gammas, float_vector w,
                                           lane_mask down) const {
    const auto max = p.mean_bound_reference ? constant(p.w_max) : s.max;
    const auto min = p.mean_bound_reference ? constant(p.w_min) : s.min;
    const auto up_reference = p.reverse_up ? hn::Sub(min, constant(p.reverse_offset)) : max;
    const auto down_reference = p.reverse_down ? hn::Add(max, constant(p.reverse_offset)) : min;
    const auto gamma =
        hn::Mul(either_code(gammas, down), hn::IfThenElse(down, constant(units.gamma_down), constant(units.gamma_up)));
    return {s.step, gamma, hn::IfThenElse(down, down_reference, up_reference), w, down, p.mult_noise, p.dw_min_std};
  }
  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const step_vectors s(units.steps, c, down);
    return s.clip(at(s, c[2], w, down).once(w, xi));
  }
  [[nodiscard]] HWY_INLINE float_vector pulses(const word_vector* c, float_vector w, lane_mask down, integer_vector n,
                                               float_vector xi, lane_mask& whole) const {
    const step_vectors s(units.steps, c, down);
    return s.clip(at(s, c[2], w, down).several(w, s.min, s.max, n, xi, whole));
  }
};

} // namespace

void linear_step_pulses(const linear_step& p, const linear_step_units& units,
                        const pulse_line<linear_step_cell>& line) {
  apply_on_vectors(linear_step_law{p, units}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

HWY_EXPORT(linear_step_pulses);

float gamma_unit(float gamma, float spread) {
  constexpr float sigmas = 8;
  constexpr float highest_code = 32767;
  return spread > 0 ? (std::abs(gamma) + sigmas * spread) / highest_code : std::abs(gamma);
}

struct linear_step_model {
  using cell = linear_step_cell;
  linear_step p;
  linear_step_units units{p};

  [[nodiscard]] cell make_cell(const drawn_device& drawn, draw_sequence& random) const {
    const auto one_sided = [&](float gamma) { return p.allow_increasing ? gamma : std::abs(gamma); };
    const float gamma_up = one_sided(p.gamma_up + p.gamma_up_dtod * random.normal());
    const float gamma_down = one_sided(p.gamma_down + p.gamma_down_dtod * random.normal());
    return {units.steps.pack(drawn.steps), code_of(gamma_up, units.gamma_up), code_of(gamma_down, units.gamma_down)};
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(linear_step_pulses)[isa](p, units, line);
  }
  [[nodiscard]] std::pair<float, float> bounds_of(const cell& c) const { return bounds_of_steps(units.steps, c.steps); }
  template <typename Put>
  void show(const cell& c, Put put) const {
    const auto own = units.steps.unpack(c.steps);
    const float max = p.mean_bound_reference ? p.w_max : own.max;
    const float min = p.mean_bound_reference ? p.w_min : own.min;
    const auto slope = [](float gamma, float step, float reference) {
      return reference == 0 ? 0.0F : -gamma * step / reference;
    };
    show_steps(units.steps, c.steps, put);
    put("slope_up",
        slope(static_cast<float>(c.gamma_up) * units.gamma_up, own.up, p.reverse_up ? min - p.reverse_offset : max));
    put("slope_down", slope(static_cast<float>(c.gamma_down) * units.gamma_down, own.down,
                            p.reverse_down ? max + p.reverse_offset : min));
  }
};

} // namespace

linear_step_units::linear_step_units(const linear_step& p)
    : steps(p),
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
