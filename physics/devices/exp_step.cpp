// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/exp_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/exp_step.h>
#include <tilework/physics/devices/linear_law-inl.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct exp_step_law {
  const exp_step& p;
  const step_units& units;

  /// The law at the weight w.
  struct pulse_at {
    float_vector change;
    float_vector steepness;  ///< of the exponent in w
    float_vector saturation; ///< amplitude times exponential
    lane_mask moves;         ///< devices that are not stuck

    HWY_INLINE pulse_at(const exp_step& p, const step_vectors& s, float_vector w, lane_mask down) {
      const auto width = hn::Sub(s.max, s.min);
      moves = hn::Gt(width, constant(0));
      const auto per_weight = hn::Div(constant(2 * p.a), width);
      const auto rate = hn::IfThenElse(down, constant(-p.gamma_down), constant(p.gamma_up));
      const auto amplitude = hn::IfThenElse(down, constant(p.A_down), constant(p.A_up));
      const auto exponent = hn::Mul(rate, hn::Add(hn::Mul(per_weight, w), constant(p.b)));
      saturation = hn::Mul(amplitude, exponential(exponent));
      const auto factor = hn::Max(hn::Sub(constant(1), saturation), constant(0));
      change = hn::IfThenElse(moves, hn::Mul(factor, directed(s.step, down)), constant(0));
      steepness = hn::IfThenElse(moves, hn::Mul(rate, per_weight), constant(0));
    }
  };
  [[nodiscard]] HWY_INLINE bool has_plain_noise() const { return p.dw_min_std_add == 0 && p.dw_min_std_slope == 0; }

  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const step_vectors s(units, c, down);
    const pulse_at at(p, s, w, down);
    const auto added = hn::Add(constant(p.dw_min_std_add), hn::Mul(constant(p.dw_min_std_slope), hn::Abs(w)));
    const auto deviation =
        has_plain_noise() ? at.change : hn::IfThenElseZero(at.moves, hn::Add(hn::Abs(at.change), added));
    const auto noise = hn::Mul(hn::Mul(constant(p.dw_min_std), deviation), xi);
    return s.clip(hn::Add(hn::Add(w, at.change), noise));
  }
  [[nodiscard]] HWY_INLINE float_vector pulses(const word_vector* c, float_vector w, lane_mask down, integer_vector n,
                                               float_vector xi, lane_mask& whole) const {
    if (!has_plain_noise()) {
      whole = hn::RebindMask(floats(), hn::Lt(n, hn::Set(integers(), 2)));
      const auto some = hn::RebindMask(floats(), hn::Gt(n, hn::Zero(integers())));
      return hn::IfThenElse(some, pulse(c, w, down, xi), w);
    }
    const step_vectors s(units, c, down);
    const pulse_at at(p, s, w, down);
    // where the step is not 0, its slope is -step saturation steepness
    const auto slope = hn::Neg(hn::Mul(hn::Mul(directed(s.step, down), at.saturation), at.steepness));
    const linear_pulse one(at.change, hn::IfThenElse(hn::Eq(at.change, constant(0)), constant(0), slope), p.dw_min_std);
    return s.clip(one.several(w, s.min, s.max, n, xi, whole, hn::Abs(at.steepness)));
  }
};

} // namespace

void exp_step_pulses(const exp_step& p, const step_units& units, const pulse_line<packed_steps>& line) {
  apply_on_vectors(exp_step_law{p, units}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

HWY_EXPORT(exp_step_pulses);

struct exp_step_model : packed_cells {
  exp_step p;

  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(exp_step_pulses)[isa](p, units, line);
  }
};

} // namespace

float exp_step::granularity() const {
  const float down = 1 - std::max(up_down, 0.0F);
  const float step = down * dw_min * std::max(1 - A_down * std::exp(-gamma_down * b), 0.0F);
  return step > 0 ? step : dw_min;
}

std::unique_ptr<device_array> make_devices(const exp_step& parameters, const device_context& context) {
  return make_pulsed_array(exp_step_model{packed_cells(parameters), parameters}, context);
}

} // namespace tilework::physics
#endif
