// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/soft_bounds.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/linear_law-inl.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>
#include <tilework/physics/devices/soft_bounds.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct soft_bounds_law {
  const soft_bounds& p;
  [[nodiscard]] HWY_INLINE float_vector pulse(const float_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const auto up_reference = p.reverse_up ? hn::Sub(c[3], constant(p.reverse_offset)) : c[2];
    const auto down_reference = p.reverse_down ? hn::Add(c[2], constant(p.reverse_offset)) : c[3];
    const auto change = linear_change(p, p.dw_min_std, hn::IfThenElse(down, c[1], c[0]), constant(1),
                                      hn::IfThenElse(down, down_reference, up_reference), w, xi);
    return clipped(hn::IfThenElse(down, hn::Sub(w, change), hn::Add(w, change)), c[3], c[2]);
  }
};

} // namespace

void soft_bounds_pulses(const soft_bounds& p, const pulse_line<device_draw>& line) {
  apply_in_groups(soft_bounds_law{p}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

HWY_EXPORT(soft_bounds_pulses);

struct soft_bounds_model : plain_cells {
  soft_bounds p;

  [[nodiscard]] float up_reference(const cell& c) const { return p.reverse_up ? c.min - p.reverse_offset : c.max; }
  [[nodiscard]] float down_reference(const cell& c) const { return p.reverse_down ? c.max + p.reverse_offset : c.min; }
  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(soft_bounds_pulses)[isa](p, line);
  }
  template <typename Put>
  void show(const cell& c, Put put) const {
    plain_cells::show(c, put);
    put("slope_up", up_reference(c) == 0 ? 0.0F : -c.up / up_reference(c));
    put("slope_down", down_reference(c) == 0 ? 0.0F : -c.down / down_reference(c));
  }
};

} // namespace

void soft_bounds::validate() const {
  pulsed_parameters::validate();
  linear_law_parameters::validate();
}

std::unique_ptr<device_array> make_devices(const soft_bounds& parameters, const device_context& context) {
  return make_pulsed_array(soft_bounds_model{{}, parameters}, context);
}

soft_bounds soft_bounds_pmax::as_soft_bounds() const {
  soft_bounds p;
  static_cast<pulsed_parameters&>(p) = *this;
  static_cast<linear_law_parameters&>(p) = *this;
  static_cast<write_noise_parameters&>(p) = *this;
  const float width = (range_max - range_min) / (1 - std::exp(-p_max * alpha));
  p.w_min = range_min;
  p.w_max = range_min + width;
  p.dw_min = width * alpha;
  p.up_down = 1 + 2 * range_min / width;
  return p;
}

void soft_bounds_pmax::validate() const {
  if (range_max <= range_min)
    throw input_error("range_max must be above range_min");
  as_soft_bounds().validate();
}

std::unique_ptr<device_array> make_devices(const soft_bounds_pmax& parameters, const device_context& context) {
  return make_devices(parameters.as_soft_bounds(), context);
}

} // namespace tilework::physics
#endif
