// SPDX-License-Identifier: Apache-2.0
/// \file What laws on packed steps share: unpacking, and several pulses in one step. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_DEVICES_STEP_LAW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_DEVICES_STEP_LAW_INL_H
#undef TILEWORK_PHYSICS_DEVICES_STEP_LAW_INL_H
#else
#define TILEWORK_PHYSICS_DEVICES_STEP_LAW_INL_H
#endif

#include <tilework/physics/devices/packed_steps.h>
#include <tilework/physics/simd/elementary-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// Two signed 16-bit codes per word.
HWY_INLINE float_vector low_code(word_vector codes) {
  return hn::ConvertTo(floats(), hn::ShiftRight<16>(hn::BitCast(integers(), hn::ShiftLeft<16>(codes))));
}
HWY_INLINE float_vector high_code(word_vector codes) {
  return hn::ConvertTo(floats(), hn::ShiftRight<16>(hn::BitCast(integers(), codes)));
}
/// The second code where `second`, else the first one.
HWY_INLINE float_vector either_code(word_vector codes, lane_mask second) {
  const auto chosen = hn::IfThenElse(hn::RebindMask(words(), second), codes, hn::ShiftLeft<16>(codes));
  return hn::ConvertTo(floats(), hn::ShiftRight<16>(hn::BitCast(integers(), chosen)));
}

/// packed_steps, for one direction per lane.
struct step_vectors {
  float_vector step; ///< up or down, as a positive number
  float_vector max;
  float_vector min;

  /// \param c words of the cells
  HWY_INLINE step_vectors(const step_units& units, const word_vector* c, lane_mask down)
      : step(hn::Mul(either_code(c[0], down), hn::IfThenElse(down, constant(units.down), constant(units.up)))),
        max(hn::Mul(low_code(c[1]), constant(units.max))),
        min(hn::Mul(high_code(c[1]), constant(units.min))) {}

  [[nodiscard]] HWY_INLINE float_vector clip(float_vector w) const { return clipped(w, min, max); }
};

/// v with the sign of the direction.
HWY_INLINE float_vector directed(float_vector v, lane_mask down) {
  return hn::IfThenElse(down, hn::Neg(v), v);
}

/// Pulses of each lane that one step stands for.
struct pulse_counts {
  float_vector n;
  float_vector root; ///< of n

  explicit HWY_INLINE pulse_counts(float_vector pulses) : n(pulses), root(hn::Sqrt(pulses)) {}

  /// Leaves one pulse to those lanes that may come near a bound, that is nearer than n steps which all are 1 + 6 std
  /// times the mean one: more than the mean change and 5 of its standard deviations.
  /// \param step largest magnitude of one pulse's change \param std relative noise of a pulse
  /// \returns lanes whose pulses are all counted
  HWY_INLINE lane_mask keep_within(float_vector w, float_vector min, float_vector max, float_vector step, float std) {
    const auto margin = hn::Mul(hn::Mul(step, constant(1 + 6 * std)), n);
    const auto inside = hn::And(hn::Ge(hn::Sub(w, min), margin), hn::Ge(hn::Sub(max, w), margin));
    return keep(hn::Or(inside, hn::Le(n, constant(1))));
  }
  HWY_INLINE lane_mask keep(lane_mask whole) {
    n = hn::IfThenElse(whole, n, constant(1));
    root = hn::IfThenElse(whole, root, constant(1));
    return whole;
  }
};

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
