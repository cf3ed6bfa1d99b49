// SPDX-License-Identifier: Apache-2.0
/// \file Steps that depend linearly on the weight, one or several at once. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H
#undef TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H
#else
#define TILEWORK_PHYSICS_DEVICES_LINEAR_LAW_INL_H
#endif

#include <tilework/physics/devices/step_law-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// A pulse changes w by (change + slope dw) (1 + std xi), or by change + slope dw + step std xi with additive noise, if
/// w has moved by dw.
struct linear_pulse {
  float_vector change; ///< at the present weight
  float_vector slope;  ///< mean d change / d w
  float_vector step;   ///< at weight 0
  bool mult_noise;
  float std;

  /// For a step with noise in proportion that is nearly linear around the present weight.
  HWY_INLINE linear_pulse(float_vector change_, float_vector slope_, float std_)
      : change(change_), slope(slope_), step(hn::Abs(change_)), mult_noise(true), std(std_) {}

  /// For a device whose step at weight 0 is `step` and would be (1 - gamma) step at weight `reference`.
  HWY_INLINE linear_pulse(float_vector step_, float_vector gamma, float_vector reference, float_vector w,
                          lane_mask down, bool mult_noise_, float std_)
      : step(step_), mult_noise(mult_noise_), std(std_) {
    const auto steepness = hn::Div(hn::Mul(hn::Neg(gamma), step), reference);
    slope = directed(hn::IfThenElse(hn::Eq(reference, constant(0)), constant(0), steepness), down);
    change = hn::Add(hn::Mul(slope, w), directed(step, down));
  }

  /// w after one pulse.
  [[nodiscard]] HWY_INLINE float_vector once(float_vector w, float_vector xi) const {
    const auto deviation = hn::Mul(mult_noise ? change : step, hn::Mul(constant(std), xi));
    return hn::Add(hn::Add(w, change), deviation);
  }

  /// w after several pulses where that can be said with one random number, after one pulse elsewhere.
  ///
  /// With q = 1 + slope, the mean change of n pulses is change (q^n - 1)/(q - 1). Multiplicative noise: all n pulses
  /// contribute deviations change q^(n-1) std xi, plus products of them that are a share std slope sqrt(n/2) of that.
  /// Additive noise: variances (step std)^2 q^(2k), k = 0...n-1. The powers are expanded to the fourth term.
  [[nodiscard]] HWY_INLINE float_vector several(float_vector w, float_vector min, float_vector max, integer_vector n,
                                                float_vector xi, lane_mask& whole) const {
    pulse_counts counts(n);
    whole = counts.keep_within(w, min, max, largest_step(), std, is_gentle(counts.n));
    return after(counts, w, xi);
  }
  /// \param curvature 1 / change of w by which a step that is not quite linear changes its slope by as much as itself.
  /// The second derivative of the step is left out, which makes an error of the mean below 5e-4 of it.
  [[nodiscard]] HWY_INLINE float_vector several(float_vector w, float_vector min, float_vector max, integer_vector n,
                                                float_vector xi, lane_mask& whole, float_vector curvature) const {
    pulse_counts counts(n);
    const auto way = hn::Mul(hn::Mul(counts.n, hn::Abs(change)), curvature);
    const auto straight = hn::Le(way, constant(std::min(0.03F, 0.1F / (1 + 6 * std))));
    whole = counts.keep_within(w, min, max, largest_step(), std, hn::And(is_gentle(counts.n), straight));
    return after(counts, w, xi);
  }

private:
  /// Largest n |slope|: the share of the distance to the fixed point that n pulses go. Keeps what is left out below
  /// 1e-5 of the mean and 0.02 of the noise.
  static constexpr float most_curved = 0.1F;

  [[nodiscard]] HWY_INLINE lane_mask is_gentle(float_vector n) const {
    return hn::Le(hn::Mul(n, hn::Abs(slope)), constant(most_curved));
  }
  [[nodiscard]] HWY_INLINE float_vector largest_step() const { return hn::Max(hn::Abs(change), hn::Abs(step)); }

  [[nodiscard]] HWY_INLINE float_vector after(const pulse_counts& counts, float_vector w, float_vector xi) const {
    const auto mean = hn::Mul(change, geometric_sum(counts.n, slope));
    const auto scaled = hn::Mul(constant(std), xi);
    if (mult_noise) {
      const auto less = hn::Sub(counts.n, constant(1));
      const auto last = hn::Add(constant(1), hn::Mul(slope, geometric_sum(less, slope))); // q^(n-1)
      return hn::Add(hn::Add(w, mean), hn::Mul(hn::Mul(change, last), hn::Mul(counts.root, scaled)));
    }
    const auto square_slope = hn::Add(hn::Add(slope, slope), hn::Mul(slope, slope)); // q^2 - 1
    const auto spread = hn::Sqrt(geometric_sum(counts.n, square_slope));
    return hn::Add(hn::Add(w, mean), hn::Mul(step, hn::Mul(spread, scaled)));
  }

  /// 1 + q + ... + q^(n-1) with q = 1 + s.
  static HWY_INLINE float_vector geometric_sum(float_vector n, float_vector s) {
    const auto term = [&](float k, float_vector inner) HWY_ATTR {
      return hn::Add(constant(1), hn::Mul(hn::Mul(hn::Mul(hn::Sub(n, constant(k - 1)), constant(1 / k)), s), inner));
    };
    return hn::Mul(n, term(2, term(3, term(4, constant(1)))));
  }
};

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
