// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/exp_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/exp_step.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>
#include <tilework/physics/devices/step_law-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct exp_step_law {
  const exp_step& p;
  const step_units& units;

  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const step_vectors s(units, c, down);
    const auto width = hn::Sub(s.max, s.min);
    const auto z = hn::Add(hn::Div(hn::Mul(constant(2 * p.a), w), width), constant(p.b));
    const auto rate = hn::IfThenElse(down, constant(-p.gamma_down), constant(p.gamma_up));
    const auto amplitude = hn::IfThenElse(down, constant(p.A_down), constant(p.A_up));
    const auto factor = hn::Max(hn::Sub(constant(1), hn::Mul(amplitude, exponential(hn::Mul(rate, z)))), constant(0));
    const auto change = hn::Mul(factor, directed(s.step, down));
    const auto deviation = p.dw_min_std_add != 0 || p.dw_min_std_slope != 0
                               ? hn::Add(hn::Add(hn::Abs(change), constant(p.dw_min_std_add)),
                                         hn::Mul(constant(p.dw_min_std_slope), hn::Abs(w)))
                               : change;
    const auto noise = hn::Mul(hn::Mul(constant(p.dw_min_std), deviation), xi);
    const auto moved = hn::Add(hn::Add(w, change), noise);
    return s.clip(hn::IfThenElse(hn::Gt(width, constant(0)), moved, w));
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
