// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/loss.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tilework::numerics {

loss_result negative_log_likelihood(std::span<const float> z, std::uint32_t label, float scale,
                                    std::span<float> gradient, float logit_scale) {
  if (label >= z.size())
    throw std::invalid_argument("negative_log_likelihood: label is not a class");
  const auto best = static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
  const float largest = z[best];
  const float margin = logit_scale * (largest - z[label]);
  float rest = 0; // sum of exp(c (z - largest)) without the largest logit, whose term is exactly 1
  for (std::size_t i = 0; i < z.size(); ++i) {
    const float term = i == best ? 1.0F : std::exp(logit_scale * (z[i] - largest));
    if (i != best)
      rest += term;
    gradient[i] = term;
  }
  const float outer = scale * logit_scale;
  const float factor = outer / (1.0F + rest);
  for (float& g : gradient)
    g *= factor;
  gradient[label] = label == best ? -rest * factor : gradient[label] - outer;
  return {margin + std::log1p(rest), static_cast<std::uint32_t>(best)};
}

} // namespace tilework::numerics
