// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/initial_weights.h>
#include <tilework/numerics/random.h>

#include <cmath>
#include <stdexcept>

namespace tilework::numerics {

void kaiming_uniform(std::uint64_t seed, std::uint32_t layer, std::uint32_t fan_in, std::span<float> out,
                     std::uint64_t first_element) {
  if (fan_in == 0)
    throw std::invalid_argument("kaiming_uniform: fan_in must be at least 1");
  const random_stream stream(random_purpose::initial_weights, {seed, layer});
  const float bound = 1.0F / std::sqrt(static_cast<float>(fan_in));
  for (std::size_t e = 0; e < out.size(); ++e)
    out[e] = bound * (2.0F * stream.uniform(first_element + e) - 1.0F);
}

} // namespace tilework::numerics
