// SPDX-License-Identifier: Apache-2.0
/// \file Transfer curve of a DAC or ADC: uniform steps around zero, then clipping.
///
/// Single precision is part of the law: bound management puts the largest input exactly half-way between two codes,
/// where the last bit of the step decides.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace tilework::physics {

/// Step relative to the full range: `resolution` itself, its inverse if it is a number of steps (> 1), 0 if off (<= 0).
inline float relative_step(float resolution) {
  if (resolution <= 0)
    return 0;
  return resolution > 1 ? 1 / resolution : resolution;
}

/// A converter with codes step * k, clipped to [-bound, bound].
struct converter {
  float step = 0; ///< 0: continuous
  float bound = std::numeric_limits<float>::infinity();
  bool stochastic = false;

  /// \param bound_ <= 0: unlimited, then no step is possible either
  static converter make(float resolution, float bound_, bool stochastic_) {
    if (bound_ <= 0)
      return {};
    return {relative_step(resolution) * 2 * bound_, bound_, stochastic_};
  }

  /// Nearest code, ties to even; not clipped.
  [[nodiscard]] float quantise(float v) const { return step > 0 ? step * std::rint(v / step) : v; }
  /// One of the two neighbouring codes, with mean v. \param u uniform in [0, 1)
  [[nodiscard]] float quantise(float v, float u) const { return step > 0 ? step * std::rint(v / step + u - 0.5F) : v; }
  [[nodiscard]] float clip(float v) const { return std::clamp(v, -bound, bound); }
  [[nodiscard]] bool needs_uniforms() const { return stochastic && step > 0; }
};

} // namespace tilework::physics
