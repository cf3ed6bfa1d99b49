// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/constant_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>
#include <tilework/physics/devices/step_law-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct constant_step_law {
  const constant_step& p;
  const step_units& units;

  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const step_vectors s(units, c, down);
    const auto noise = hn::Add(constant(1), hn::Mul(constant(p.dw_min_std), xi));
    return s.clip(hn::Add(w, directed(hn::Mul(s.step, noise), down)));
  }
  /// Exact within the bounds: a sum of steps.
  [[nodiscard]] HWY_INLINE float_vector pulses(const word_vector* c, float_vector w, lane_mask down, integer_vector n,
                                               float_vector xi, lane_mask& whole) const {
    const step_vectors s(units, c, down);
    pulse_counts counts(n);
    whole = counts.keep_within(w, s.min, s.max, hn::Abs(s.step), p.dw_min_std);
    const auto noise = hn::Add(counts.n, hn::Mul(hn::Mul(constant(p.dw_min_std), counts.root), xi));
    return s.clip(hn::Add(w, directed(hn::Mul(s.step, noise), down)));
  }
};

} // namespace

void constant_step_pulses(const constant_step& p, const step_units& units, const pulse_line<packed_steps>& line) {
  apply_on_vectors(constant_step_law{p, units}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

namespace tilework::physics {
namespace {

HWY_EXPORT(constant_step_pulses);

struct constant_step_model : packed_cells {
  constant_step p;

  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(constant_step_pulses)[isa](p, units, line);
  }
};

} // namespace

std::unique_ptr<device_array> make_devices(const constant_step& parameters, const device_context& context) {
  return make_pulsed_array(constant_step_model{packed_cells(parameters), parameters}, context);
}

} // namespace tilework::physics
#endif
