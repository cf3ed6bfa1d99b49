// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/numerics/largest_magnitude.h>
#include <tilework/numerics/weight_clip.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tilework::numerics {
namespace {

constexpr float unlimited = std::numeric_limits<float>::infinity();

double sum_of(const_burst weights, auto term) {
  double sum = 0;
  for (std::size_t row = 0; row < weights.vectors; ++row)
    for (const float w : weights[row])
      sum += term(static_cast<double>(w));
  return sum;
}

/// About the mean, with n - 1.
float sample_deviation(const_burst weights) {
  const auto n = static_cast<double>(weights.elements());
  if (n < 2)
    return unlimited;
  const double mean = sum_of(weights, [](double w) { return w; }) / n;
  return static_cast<float>(std::sqrt(sum_of(weights, [&](double w) { return (w - mean) * (w - mean); }) / (n - 1)));
}

float mean_of_row_maxima(const_burst weights) {
  if (weights.elements() == 0)
    return unlimited;
  double sum = 0;
  for (std::size_t row = 0; row < weights.vectors; ++row)
    sum += static_cast<double>(largest_magnitude(weights[row]));
  return static_cast<float>(sum / weights.vectors);
}

} // namespace

void weight_clip_parameters::validate() const {
  if (type == clip_type::fixed_value && !(fixed_value > 0))
    throw input_error("fixed_value must be > 0 for FIXED_VALUE");
}

float clip_bound(const weight_clip_parameters& parameters, const_burst weights) {
  switch (parameters.type) {
  case clip_type::none:
    return unlimited;
  case clip_type::fixed_value:
    return parameters.fixed_value;
  case clip_type::layer_gaussian: {
    const float bound = parameters.sigma * sample_deviation(weights);
    return parameters.fixed_value > 0 ? std::min(bound, parameters.fixed_value) : bound;
  }
  case clip_type::average_channel_max:
    return mean_of_row_maxima(weights);
  }
  return unlimited;
}

void clip_weights(const weight_clip_parameters& parameters, mutable_burst weights) {
  const float bound = clip_bound(parameters, weights);
  for (std::size_t row = 0; row < weights.vectors; ++row)
    for (auto& w : weights[row])
      w = std::clamp(w, -bound, bound);
}

} // namespace tilework::numerics
