// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/periphery/input_scale.h>

#include <Eigen/Core>

#include <algorithm>

namespace tilework::physics {
namespace {

auto as_array(std::span<const float> x) {
  return Eigen::Map<const Eigen::ArrayXf>(x.data(), static_cast<Eigen::Index>(x.size()));
}

float limited(float scale, float threshold) {
  return threshold > 0 ? std::min(scale, threshold) : scale;
}

} // namespace

float largest_magnitude(std::span<const float> x) {
  return x.empty() ? 0.0F : as_array(x).abs().maxCoeff();
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
    return limited(x.empty() ? 0.0F : as_array(x).maxCoeff(), parameters.nm_thres);
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
