// SPDX-License-Identifier: Apache-2.0
/// \file A small classification problem for whole machines.
#pragma once

#include <tilework/workloads/datasets/dataset.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace tilework::test {

/// Separable classes: class c lights up the features that are c modulo `classes`.
inline workload::labelled_set striped(std::uint32_t samples, std::uint32_t features, std::uint32_t classes,
                                      unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x;
  std::vector<std::uint8_t> labels;
  for (std::uint32_t s = 0; s < samples; ++s) {
    const auto label = static_cast<std::uint8_t>(random() % classes);
    labels.push_back(label);
    for (std::uint32_t f = 0; f < features; ++f)
      x.push_back(static_cast<float>(random() % 100) / 200.0F + (f % classes == label ? 0.5F : 0.0F));
  }
  return {features, std::move(x), std::move(labels)};
}

} // namespace tilework::test
