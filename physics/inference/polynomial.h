// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace tilework::physics {

/// c0 + c1 x + c2 x^2 + ...; 0 without coefficients.
inline float polynomial(std::span<const float> coefficients, float x) {
  float value = 0;
  for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c)
    value = value * x + *c;
  return value;
}

} // namespace tilework::physics
