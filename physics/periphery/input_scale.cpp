// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/periphery/input_scale.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/periphery/input_scale.h>
#include <tilework/physics/simd/elementary-inl.h>

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// Largest f(element), at least 0.
template <typename F>
HWY_INLINE float largest(std::span<const float> x, F f) {
  const floats d;
  const std::size_t lanes = hn::Lanes(d);
  auto even = constant(0); // two, because one maximum has to wait for the other
  auto odd = constant(0);
  std::size_t j = 0;
  for (; j + 2 * lanes <= x.size(); j += 2 * lanes) {
    even = hn::Max(even, f(hn::LoadU(d, x.data() + j)));
    odd = hn::Max(odd, f(hn::LoadU(d, x.data() + j + lanes)));
  }
  HWY_ALIGN float last[2 * 16] = {};
  std::copy(x.begin() + static_cast<std::ptrdiff_t>(j), x.end(), last);
  even = hn::Max(even, f(hn::Load(d, last)));
  odd = hn::Max(odd, f(hn::Load(d, last + lanes)));
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(even, odd)));
}

float largest_absolute(std::span<const float> x) {
  return largest(x, [](float_vector v) HWY_ATTR { return hn::Abs(v); });
}
float largest_positive(std::span<const float> x) {
  return largest(x, [](float_vector v) HWY_ATTR { return v; });
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace tilework::physics {
namespace {

HWY_EXPORT(largest_absolute);
HWY_EXPORT(largest_positive);

float limited(float scale, float threshold) {
  return threshold > 0 ? std::min(scale, threshold) : scale;
}

} // namespace

float largest_magnitude(std::span<const float> x) {
  return HWY_DYNAMIC_DISPATCH(largest_absolute)(x);
}

float input_scale(const io_parameters& parameters, std::span<const float> x) {
  switch (parameters.noise_management) {
  case noise_management::none:
  case noise_management::average_abs_max:
    break;
  case noise_management::abs_max:
    return limited(largest_magnitude(x), parameters.nm_thres);
  case noise_management::abs_max_np_sum:
    return worst_case_scale(parameters, x);
  case noise_management::max:
    return limited(HWY_DYNAMIC_DISPATCH(largest_positive)(x), parameters.nm_thres);
  case noise_management::constant:
    return parameters.nm_thres > 0 ? parameters.nm_thres : 1.0F;
  }
  return 1;
}

float worst_case_scale(const io_parameters& parameters, std::span<const float> x) {
  // Without noise management the threshold is not in force either (ITERATIVE_WORST_CASE comes here in any case).
  const float threshold = parameters.noise_management == noise_management::none ? 0 : parameters.nm_thres;
  const float largest = limited(largest_magnitude(x), threshold);
  float positive = 0;
  float negative = 0;
  for (const float v : x)
    (v > 0 ? positive : negative) += std::abs(v);
  float scale = std::max(positive, negative) * parameters.nm_assumed_wmax;
  if (parameters.out_bound > 0)
    scale /= parameters.out_bound;
  const auto dac = converter::make(parameters.inp_res, parameters.inp_bound, false);
  if (dac.step > 0)
    scale = std::min(scale, largest * parameters.max_bm_res / dac.step);
  return std::max(largest, scale);
}

float average_scale::advance(float decay, std::span<const float> x) {
  const float largest = largest_magnitude(x);
  value = value < 0 ? largest : (1 - decay) * value + decay * largest;
  return value;
}

float average_scale::peek(std::span<const float> x) const {
  return value < 0 ? largest_magnitude(x) : value;
}

} // namespace tilework::physics
#endif
