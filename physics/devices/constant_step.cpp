// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/constant_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct constant_step_law {
  const constant_step& p;
  [[nodiscard]] HWY_INLINE float_vector pulse(const float_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const auto step = hn::IfThenElse(down, hn::Neg(c[1]), c[0]);
    const auto noise = hn::Add(constant(1), hn::Mul(constant(p.dw_min_std), xi));
    return clipped(hn::Add(w, hn::Mul(step, noise)), c[3], c[2]);
  }
};

} // namespace

void constant_step_pulses(const constant_step& p, const pulse_line<device_draw>& line) {
  apply_in_groups(constant_step_law{p}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

namespace tilework::physics {
namespace {

HWY_EXPORT(constant_step_pulses);

struct constant_step_model : plain_cells {
  constant_step p;

  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(constant_step_pulses)[isa](p, line);
  }
};

} // namespace

std::unique_ptr<device_array> make_devices(const constant_step& parameters, const device_context& context) {
  return make_pulsed_array(constant_step_model{{}, parameters}, context);
}

} // namespace tilework::physics
#endif
