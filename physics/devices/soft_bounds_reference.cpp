// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/soft_bounds_reference.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/linear_law-inl.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>
#include <tilework/physics/devices/soft_bounds_reference.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct soft_bounds_reference_law {
  const soft_bounds_reference& p;
  const step_units& units;

  [[nodiscard]] HWY_INLINE linear_pulse at(const step_vectors& s, float_vector z, lane_mask down) const {
    const auto bound = hn::IfThenElse(down, s.min, s.max);
    // A bound on the wrong side of 0 does not slow the steps down.
    const auto slows = hn::Gt(directed(bound, down), constant(0));
    return {s.step, constant(1), hn::IfThenElse(slows, bound, constant(0)), z, down, p.mult_noise, p.dw_min_std};
  }
  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const step_vectors s(units, c, down);
    const auto reference = hn::BitCast(floats(), c[2]);
    const auto z = hn::Add(w, reference);
    return hn::Sub(s.clip(at(s, z, down).once(z, xi)), reference);
  }
  [[nodiscard]] HWY_INLINE float_vector pulses(const word_vector* c, float_vector w, lane_mask down, integer_vector n,
                                               float_vector xi, lane_mask& whole) const {
    const step_vectors s(units, c, down);
    const auto reference = hn::BitCast(floats(), c[2]);
    const auto z = hn::Add(w, reference);
    const auto after = s.clip(at(s, z, down).several(z, s.min, s.max, n, xi, whole));
    return hn::IfThenElse(hn::RebindMask(floats(), hn::Gt(n, hn::Zero(integers()))), hn::Sub(after, reference), w);
  }
};

} // namespace

void soft_bounds_reference_pulses(const soft_bounds_reference& p, const step_units& units,
                                  const pulse_line<soft_bounds_reference_cell>& line) {
  apply_on_vectors(soft_bounds_reference_law{p, units}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

HWY_EXPORT(soft_bounds_reference_pulses);

struct soft_bounds_reference_model {
  using cell = soft_bounds_reference_cell;
  /// A slope that is much smaller than the nominal one makes a wide bound.
  static constexpr float widest_bound = 16;

  soft_bounds_reference p;
  step_units units{p, p.slope_up_dtod > 0 || p.slope_down_dtod > 0 ? widest_bound : 1};

  [[nodiscard]] cell make_cell(drawn_device& drawn, draw_sequence& random) const {
    const float up_spread = std::abs(1 + p.slope_up_dtod * random.normal());
    const float down_spread = std::abs(1 + p.slope_down_dtod * random.normal());
    cell c{units.pack(drawn.steps), p.draw_reference(random)};
    if (!(drawn.steps.max > 0 && drawn.steps.min < 0))
      return c; // stuck or one-sided: no symmetry point
    drawn.steps.max /= up_spread;
    drawn.steps.min /= down_spread;
    c.steps = units.pack(drawn.steps);
    if (p.subtract_symmetry_point) {
      const auto d = units.unpack(c.steps);
      const float point = (d.up - d.down) / (d.up / d.max - d.down / d.min);
      c.reference += point;
      drawn.passive.reset_bias += point;
    }
    return c;
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(soft_bounds_reference_pulses)[isa](p, units, line);
  }
  [[nodiscard]] std::pair<float, float> bounds_of(const cell& c) const { return bounds_of_steps(units, c.steps); }
  template <typename Put>
  void show(const cell& c, Put put) const {
    show_steps(units, c.steps, put);
    put("reference", c.reference);
  }
};

} // namespace

std::unique_ptr<device_array> make_devices(const soft_bounds_reference& parameters, const device_context& context) {
  return make_pulsed_array(soft_bounds_reference_model{parameters}, context);
}

} // namespace tilework::physics
#endif
