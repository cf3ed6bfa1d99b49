// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/inference/conductance_converter.h>
#include <tilework/physics/periphery/input_scale.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace tilework::physics {
namespace {

void check_range(float g_min_us, float g_max_us) {
  if (!(g_min_us >= 0) || !(g_max_us > g_min_us))
    throw input_error("conductances must be 0 <= g_min_us < g_max_us");
}

float total(const std::vector<float>& factors) {
  return std::accumulate(factors.begin(), factors.end(), 0.0F);
}

conductance_scale convert(const device_pairs& p, std::span<const float> weights, std::span<float> g_us) {
  constexpr float smallest = 1e-7F; // of a matrix of zeros
  const float range = p.g_max_us - p.g_min_us;
  const float us_per_weight = total(p.factors) * range / std::max(largest_magnitude(weights), smallest);
  const std::size_t n = weights.size();
  float filled = 0; // by earlier pairs, as a scaled weight
  for (std::size_t pair = 0; pair < p.factors.size(); ++pair) {
    const float factor = p.factors[pair];
    const auto conductance = [&](float scaled) {
      return std::clamp((std::max(scaled, 0.0F) - filled) / factor, 0.0F, range) + p.g_min_us;
    };
    for (std::size_t c = 0; c < n; ++c) {
      g_us[2 * pair * n + c] = conductance(us_per_weight * weights[c]);
      g_us[(2 * pair + 1) * n + c] = conductance(-us_per_weight * weights[c]);
    }
    filled += factor * range;
  }
  return {us_per_weight, 0};
}

conductance_scale convert(const single_device& p, std::span<const float> weights, std::span<float> g_us) {
  if (weights.empty())
    return {};
  const auto [lowest, highest] = std::minmax_element(weights.begin(), weights.end());
  const float span = *highest - *lowest;
  const float us_per_weight = span > 0 ? (p.g_max_us - p.g_min_us) / span : 1.0F;
  const conductance_scale scale{us_per_weight, p.g_min_us - us_per_weight * *lowest};
  std::transform(weights.begin(), weights.end(), g_us.begin(), [&](float w) {
    return std::clamp(scale.us_per_weight * w + scale.offset_us, p.g_min_us, p.g_max_us); // against rounding
  });
  return scale;
}

void convert_back(const device_pairs& p, std::span<const float> g_us, const conductance_scale& scale,
                  std::span<float> weights) {
  const std::size_t n = weights.size();
  std::fill(weights.begin(), weights.end(), 0.0F);
  for (std::size_t pair = 0; pair < p.factors.size(); ++pair)
    for (std::size_t c = 0; c < n; ++c)
      weights[c] += p.factors[pair] * (g_us[2 * pair * n + c] - g_us[(2 * pair + 1) * n + c]);
  for (auto& w : weights)
    w /= scale.us_per_weight;
}

void convert_back(const single_device&, std::span<const float> g_us, const conductance_scale& scale,
                  std::span<float> weights) {
  std::transform(g_us.begin(), g_us.end(), weights.begin(),
                 [&](float g) { return (g - scale.offset_us) / scale.us_per_weight; });
}

} // namespace

void device_pairs::validate() const {
  check_range(g_min_us, g_max_us);
  if (factors.empty() || !std::all_of(factors.begin(), factors.end(), [](float f) { return f > 0; }))
    throw input_error("factors must name at least one pair and be > 0");
}

void single_device::validate() const {
  check_range(g_min_us, g_max_us);
}

conductance_converter::conductance_converter(converter_parameters parameters) : parameters_(std::move(parameters)) {
  std::visit([](const auto& p) { p.validate(); }, parameters_);
}

std::size_t conductance_converter::devices_per_weight() const {
  const auto* pairs = std::get_if<device_pairs>(&parameters_);
  return pairs == nullptr ? 1 : 2 * pairs->factors.size();
}

conductance_range conductance_converter::range() const {
  return std::visit([](const auto& p) { return conductance_range{p.g_min_us, p.g_max_us}; }, parameters_);
}

conductance_scale conductance_converter::to_conductances(std::span<const float> weights, std::span<float> g_us) const {
  if (g_us.size() != devices_per_weight() * weights.size())
    throw std::invalid_argument("conductances: wrong number of devices");
  return std::visit([&](const auto& p) { return convert(p, weights, g_us); }, parameters_);
}

void conductance_converter::to_weights(std::span<const float> g_us, const conductance_scale& scale,
                                       std::span<float> weights) const {
  if (g_us.size() != devices_per_weight() * weights.size())
    throw std::invalid_argument("conductances: wrong number of devices");
  std::visit([&](const auto& p) { convert_back(p, g_us, scale, weights); }, parameters_);
}

} // namespace tilework::physics
