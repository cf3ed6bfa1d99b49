// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/numerics/largest_magnitude.h>
#include <tilework/numerics/weight_remap.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace tilework::numerics {
namespace {

/// Moves a factor from a row to its scale.
void move_to_scale(float factor, std::span<float> row, float& scale) {
  scale *= factor;
  for (auto& w : row)
    w /= factor;
}

void remap_layer(float remapped_wmax, mutable_burst weights, std::span<float> scales) {
  float largest = 0;
  for (std::size_t row = 0; row < weights.vectors; ++row)
    largest = std::max(largest, largest_magnitude(weights[row]));
  if (largest > 0)
    for (std::size_t row = 0; row < weights.vectors; ++row)
      move_to_scale(largest / remapped_wmax, weights[row], scales[row]);
}

/// Largest scale that max_scale_range allows.
float scale_limit(const weight_remap_parameters& parameters, std::span<const float> scales) {
  constexpr float unlimited = std::numeric_limits<float>::infinity();
  if (parameters.max_scale_range <= 0 || scales.empty())
    return unlimited;
  const float smallest = *std::min_element(scales.begin(), scales.end());
  return smallest > 0 ? parameters.max_scale_range * std::max(smallest, parameters.max_scale_ref) : unlimited;
}

void remap_channels(const weight_remap_parameters& parameters, mutable_burst weights, std::span<float> scales) {
  const float limit = scale_limit(parameters, scales);
  for (std::size_t row = 0; row < weights.vectors; ++row) {
    const float largest = largest_magnitude(weights[row]);
    const float factor = largest > 0 ? largest / parameters.remapped_wmax : 1.0F;
    const bool limited = scales[row] * factor > limit;
    move_to_scale(limited ? limit / scales[row] : factor, weights[row], scales[row]);
  }
}

} // namespace

void weight_remap_parameters::validate() const {
  if (!(remapped_wmax > 0))
    throw input_error("remapped_wmax must be > 0");
  if (max_scale_range > 0 && remapped_wmax != 1)
    throw input_error("remapped_wmax must be 1 when max_scale_range is set");
}

void remap_weights(const weight_remap_parameters& parameters, mutable_burst weights, std::span<float> scales) {
  if (scales.size() != weights.vectors)
    throw std::invalid_argument("remap: one scale per output");
  switch (parameters.type) {
  case remap_type::none:
    return;
  case remap_type::layerwise_symmetric:
    return remap_layer(parameters.remapped_wmax, weights, scales);
  case remap_type::channelwise_symmetric:
    return remap_channels(parameters, weights, scales);
  }
}

} // namespace tilework::numerics
