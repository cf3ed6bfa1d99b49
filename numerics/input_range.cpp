// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/input_range.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tilework::numerics {
namespace {

/// Two passes, in vector order: inputs far from zero would cancel in a sum of squares.
double standard_deviation(const_burst x) {
  double sum = 0;
  for (std::uint32_t v = 0; v < x.vectors; ++v)
    for (const float e : x[v])
      sum += static_cast<double>(e);
  const double mean = sum / static_cast<double>(x.elements());
  double squares = 0;
  for (std::uint32_t v = 0; v < x.vectors; ++v)
    for (const float e : x[v])
      squares += (static_cast<double>(e) - mean) * (static_cast<double>(e) - mean);
  return std::sqrt(squares / static_cast<double>(x.elements() - 1));
}

} // namespace

float range_from_data(const input_range_parameters& p, float range, std::uint64_t batch, const_burst x) {
  const double deviation = x.elements() < 2 ? 0 : standard_deviation(x);
  if (deviation == 0)
    return range;
  const auto n = static_cast<double>(batch);
  const double mean = (static_cast<double>(range) * n + static_cast<double>(p.init_std_alpha) * deviation) / (n + 1);
  return std::max(static_cast<float>(std::abs(mean)), smallest_range);
}

void apply_range(float range, std::span<const float> x, std::span<float> out) {
  const float scale = 1 / range;
  std::transform(x.begin(), x.end(), out.begin(), [=](float e) { return std::clamp(e, -range, range) * scale; });
}

float range_gradient(const input_range_parameters& p, float range, const_burst x, const_burst z, float unclipped) {
  float gradient = 0;
  std::size_t inside = 0;
  for (std::uint32_t v = 0; v < x.vectors; ++v)
    for (std::uint32_t j = 0; j < x.length; ++j) {
      const float e = x[v][j];
      if (e >= range)
        gradient += std::min(z[v][j], 0.0F);
      else if (e <= -range)
        gradient -= std::max(z[v][j], 0.0F);
      else
        ++inside;
    }
  if (p.gradient_relative)
    gradient *= range * p.gradient_scale;
  if (p.manage_output_clipping && unclipped < p.output_min_percentage)
    gradient -= (1 - unclipped) * range;
  if (p.decay > 0 && static_cast<float>(inside) > p.input_min_percentage * static_cast<float>(x.elements()))
    gradient += p.decay * range;
  return gradient;
}

float unclipped_fraction(const_burst y, float bound) {
  if (y.elements() == 0)
    return 1;
  std::size_t inside = 0;
  for (std::uint32_t v = 0; v < y.vectors; ++v)
    inside += static_cast<std::size_t>(std::ranges::count_if(y[v], [=](float e) { return std::abs(e) < bound; }));
  return static_cast<float>(inside) / static_cast<float>(y.elements());
}

void silence_clipped(const_burst y, float bound, mutable_burst d) {
  for (std::uint32_t v = 0; v < y.vectors; ++v)
    for (std::uint32_t i = 0; i < y.length; ++i)
      if (std::abs(y[v][i]) >= bound)
        d[v][i] = 0;
}

float stepped_range(float range, float gradient, float learning_rate) {
  return std::max(std::abs(range - learning_rate * gradient), smallest_range);
}

void write_range_block(const input_range_parameters& p, std::span<float> block) {
  const std::array<float, range_block_length> values{p.init_value,
                                                     p.init_std_alpha,
                                                     p.decay,
                                                     p.input_min_percentage,
                                                     p.output_min_percentage,
                                                     p.gradient_scale,
                                                     p.gradient_relative ? 1.0F : 0.0F,
                                                     p.manage_output_clipping ? 1.0F : 0.0F};
  std::ranges::copy(values, block.begin());
}

input_range_parameters read_range_block(std::span<const float> block) {
  input_range_parameters p;
  p.init_value = block[0];
  p.init_std_alpha = block[1];
  p.decay = block[2];
  p.input_min_percentage = block[3];
  p.output_min_percentage = block[4];
  p.gradient_scale = block[5];
  p.gradient_relative = block[6] != 0;
  p.manage_output_clipping = block[7] != 0;
  return p;
}

} // namespace tilework::numerics
