// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <numeric>
#include <span>

namespace tilework::physics {

/// c0 + c1 x + c2 x^2 + ...; 0 without coefficients.
inline float polynomial(std::span<const float> coefficients, float x) {
  return std::accumulate(coefficients.rbegin(), coefficients.rend(), 0.0F,
                         [x](float value, float coefficient) { return value * x + coefficient; });
}

} // namespace tilework::physics
