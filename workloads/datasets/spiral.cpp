// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/random.h>
#include <tilework/workloads/datasets/spiral.h>

#include <cmath>
#include <utility>
#include <vector>

namespace tilework::workload {

labelled_set generate_spiral(std::uint64_t seed, data_split split, std::uint32_t per_class) {
  const numerics::random_stream stream(numerics::random_purpose::spiral, {seed, static_cast<std::uint64_t>(split)});
  const double last = per_class > 1 ? per_class - 1.0 : 1.0;
  std::vector<float> features;
  std::vector<std::uint8_t> labels;
  for (std::uint8_t c = 0; c < spiral_classes; ++c)
    for (std::uint32_t i = 0; i < per_class; ++i) {
      const double r = i / last;
      const double t = 4.0 * c + 4.0 * r + 0.2 * stream.normal(labels.size());
      features.push_back(static_cast<float>(r * std::sin(2.5 * t)));
      features.push_back(static_cast<float>(r * std::cos(2.5 * t)));
      labels.push_back(c);
    }
  return {2, std::move(features), std::move(labels)};
}

} // namespace tilework::workload
