// SPDX-License-Identifier: Apache-2.0
/// \file The step of linear and of soft-bounds devices on vectors. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H
#undef TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H
#else
#define TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H
#endif

#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/simd/elementary-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// Change by one pulse of a device whose step at weight 0 is `step` and would be (1 - gamma) step at weight
/// `reference`.
HWY_INLINE float_vector linear_change(const linear_law_parameters& law, float dw_min_std, float_vector step,
                                      float_vector gamma, float_vector reference, float_vector w, float_vector xi) {
  const auto slope = hn::Div(hn::Mul(hn::Neg(gamma), step), reference);
  const auto linear = hn::IfThenElse(hn::Eq(reference, constant(0)), constant(0), hn::Mul(slope, w));
  const auto noise = hn::Add(constant(1), hn::Mul(constant(dw_min_std), xi));
  return law.mult_noise ? hn::Mul(hn::Add(linear, step), noise) : hn::Add(linear, hn::Mul(step, noise));
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
