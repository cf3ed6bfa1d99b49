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

/// Roots of small whole numbers are looked up: a root takes as long as all the rest of a pulse.
HWY_INLINE float_vector root_of(integer_vector n) {
  HWY_ALIGN static constexpr float roots[16] = {
      0,           1, 1.41421356F, 1.73205081F, 2,           2.23606798F, 2.44948974F, 2.64575131F,
      2.82842712F, 3, 3.16227766F, 3.31662479F, 3.46410162F, 3.60555128F, 3.74165739F, 3.87298335F};
  const floats f;
  const integers i;
  if (HWY_LIKELY(hn::AllTrue(i, hn::Lt(n, hn::Set(i, static_cast<std::int32_t>(hn::Lanes(f)))))))
    return hn::TableLookupLanes(hn::Load(f, roots), hn::IndicesFromVec(f, n));
  return hn::Sqrt(hn::ConvertTo(f, n));
}

/// Pulses of each lane that one step stands for.
struct pulse_counts {
  float_vector n;
  float_vector root; ///< of n

  explicit HWY_INLINE pulse_counts(integer_vector pulses) : n(hn::ConvertTo(floats(), pulses)), root(root_of(pulses)) {}

  /// Leaves one pulse to those lanes that may come near a bound, that is nearer than n steps which all are 1 + 6 std
  /// times the mean one: more than the mean change and 5 of its standard deviations.
  /// \param step largest magnitude of one pulse's change \param std relative noise of a pulse
  /// \returns lanes whose pulses are all counted
  HWY_INLINE lane_mask keep_within(float_vector w, float_vector min, float_vector max, float_vector step, float std) {
    return keep(inside(w, min, max, step, std));
  }
  /// \param also what else several pulses need
  HWY_INLINE lane_mask keep_within(float_vector w, float_vector min, float_vector max, float_vector step, float std,
                                   lane_mask also) {
    return keep(hn::And(inside(w, min, max, step, std), also));
  }

private:
  [[nodiscard]] HWY_INLINE lane_mask inside(float_vector w, float_vector min, float_vector max, float_vector step,
                                            float std) const {
    const auto margin = hn::Mul(hn::Mul(step, constant(1 + 6 * std)), n);
    return hn::And(hn::Ge(hn::Sub(w, min), margin), hn::Ge(hn::Sub(max, w), margin));
  }
  HWY_INLINE lane_mask keep(lane_mask several) {
    const auto whole = hn::Or(several, hn::Le(n, constant(1)));
    n = hn::IfThenElse(whole, n, constant(1));
    root = hn::IfThenElse(whole, root, constant(1));
    return whole;
  }
};

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
