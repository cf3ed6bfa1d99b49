// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/initial_weights.h>
#include <tilework/numerics/random.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tilework::numerics {
namespace {

/// Elements of U(-bound, bound).
void fill_uniform(const random_stream& stream, float bound, std::span<float> out, std::uint64_t first_element) {
  for (std::size_t e = 0; e < out.size(); ++e)
    out[e] = bound * (2.0F * stream.uniform(first_element + e) - 1.0F);
}

void fill_normal(const random_stream& stream, double deviation, std::span<float> out, std::uint64_t first_element) {
  for (std::size_t e = 0; e < out.size(); ++e)
    out[e] = static_cast<float>(deviation * stream.normal(first_element + e));
}

} // namespace

void kaiming_uniform(std::uint64_t seed, std::uint32_t layer, std::uint32_t fan_in, std::span<float> out,
                     std::uint64_t first_element) {
  if (fan_in == 0)
    throw std::invalid_argument("kaiming_uniform: fan_in must be at least 1");
  fill_uniform({random_purpose::initial_weights, {seed, layer}}, 1.0F / std::sqrt(static_cast<float>(fan_in)), out,
               first_element);
}

void initial_weights(initial_distribution distribution, const initial_layer& layer, std::span<float> out,
                     std::uint64_t first_element) {
  if (distribution == initial_distribution::kaiming_uniform)
    return kaiming_uniform(layer.seed, layer.layer, layer.inputs, out, first_element);
  if (layer.inputs == 0)
    throw std::invalid_argument("initial_weights: a layer must have inputs");
  const std::uint64_t all = std::uint64_t{layer.inputs} * layer.outputs;
  const std::uint64_t left = all - std::min(all, first_element); // weights; biases are behind them
  const auto weights = out.first(std::min<std::uint64_t>(left, out.size()));
  std::ranges::fill(out.subspan(weights.size()), 0.0F);
  const random_stream stream(random_purpose::initial_weights, {layer.seed, layer.layer});
  const double fans = static_cast<double>(layer.inputs) + layer.outputs;
  if (distribution == initial_distribution::xavier_uniform)
    fill_uniform(stream, static_cast<float>(std::sqrt(6.0 / fans)), weights, first_element);
  else
    fill_normal(stream, std::sqrt(2.0 / fans), weights, first_element);
}

void add_mismatch(const initial_layer& layer, std::uint32_t copy, float std, std::span<float> weights,
                  std::uint64_t first_element) {
  const random_stream stream(random_purpose::copy_mismatch, {layer.seed, layer.layer, copy});
  for (std::size_t e = 0; e < weights.size(); ++e)
    weights[e] += std * static_cast<float>(stream.normal(first_element + e));
}

void fabricated_weights(const initial_layer& layer, std::uint32_t copy, float std, std::span<float> weights,
                        std::uint64_t first_element) {
  fill_normal({random_purpose::fabricated_weights, {layer.seed, layer.layer, copy}}, double{std}, weights,
              first_element);
}

double deviation_of(initial_distribution distribution, const initial_layer& layer) {
  if (distribution == initial_distribution::kaiming_uniform)
    return 1 / std::sqrt(3.0 * layer.inputs);
  return std::sqrt(2.0 / (static_cast<double>(layer.inputs) + layer.outputs));
}

} // namespace tilework::numerics
