// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/soft_bounds_reference.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/pulse_kernel-inl.h>
#include <tilework/physics/devices/soft_bounds_reference.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct soft_bounds_reference_law {
  const soft_bounds_reference& p;
  [[nodiscard]] HWY_INLINE float_vector pulse(const float_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const auto z = hn::Add(w, c[4]);
    const auto noise = hn::Mul(constant(p.dw_min_std), xi);
    const auto bound = hn::IfThenElse(down, c[3], c[2]);
    // A bound on the wrong side of 0 does not slow the steps down.
    const auto slows = hn::Gt(hn::IfThenElse(down, hn::Neg(bound), bound), constant(0));
    const auto room = hn::IfThenElse(slows, hn::Sub(constant(1), hn::Div(z, bound)), constant(1));
    const auto step = hn::IfThenElse(down, hn::Neg(c[1]), c[0]);
    const auto change = hn::Mul(step, p.mult_noise ? hn::Mul(room, hn::Add(constant(1), noise)) : hn::Add(room, noise));
    return hn::Sub(clipped(hn::Add(z, change), c[3], c[2]), c[4]);
  }
};

} // namespace

void soft_bounds_reference_pulses(const soft_bounds_reference& p, const pulse_line<soft_bounds_reference_cell>& line) {
  apply_in_groups(soft_bounds_reference_law{p}, line);
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
  soft_bounds_reference p;

  [[nodiscard]] cell make_cell(drawn_device& drawn, draw_sequence& random) const {
    cell c{drawn.steps};
    const float up_spread = std::abs(1 + p.slope_up_dtod * random.normal());
    const float down_spread = std::abs(1 + p.slope_down_dtod * random.normal());
    c.reference = p.draw_reference(random);
    if (!(c.max > 0 && c.min < 0))
      return c; // stuck or one-sided: no symmetry point
    c.max /= up_spread;
    c.min /= down_spread;
    if (p.subtract_symmetry_point) {
      const float point = (c.up - c.down) / (c.up / c.max - c.down / c.min);
      c.reference += point;
      drawn.passive.reset_bias += point;
    }
    return c;
  }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(soft_bounds_reference_pulses)[isa](p, line);
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
    put("reference", c.reference);
  }
};

} // namespace

std::unique_ptr<device_array> make_devices(const soft_bounds_reference& parameters, const device_context& context) {
  return make_pulsed_array(soft_bounds_reference_model{parameters}, context);
}

} // namespace tilework::physics
#endif
