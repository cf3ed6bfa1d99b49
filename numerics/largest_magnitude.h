// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace tilework::numerics {

/// Largest absolute element; 0 for an empty vector.
inline float largest_magnitude(std::span<const float> v) {
  float largest = 0;
  for (const float x : v)
    largest = std::max(largest, std::abs(x));
  return largest;
}

} // namespace tilework::numerics
