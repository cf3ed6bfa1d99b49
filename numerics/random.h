// SPDX-License-Identifier: Apache-2.0
/// \file Random numbers of what happens before and between the steps: data sets, their order, initial weights.
///
/// Counter-based: number i of a stream is a function of (key, i), so nothing depends on the order of drawing.
/// The noise of analog components has its own, stronger generator in physics/random.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace tilework::numerics {

/// First word of a stream's key: what its numbers are for. The order is part of the meaning of a seed: append only.
enum class random_purpose : std::uint64_t {
  initial_weights,
  sample_order,
  glyphs,
  spiral,
  transfer_lines,    ///< which lines are read
  driven_choppers,   ///< of the lines that are read one by one
  opposite_choppers, ///< of the lines on the other side
  input_rounding,    ///< of mixed precision
  gradient_rounding,
  copy_mismatch,
  programming_inputs, ///< vectors that weights are programmed with
  fabricated_weights, ///< of devices that nobody has programmed
};

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijective mix of an odd-step counter, started at a hash of the key.
class random_stream {
public:
  constexpr random_stream(random_purpose purpose, std::initializer_list<std::uint64_t> key)
      : start_(mix(static_cast<std::uint64_t>(purpose) + step)) {
    for (const auto word : key)
      start_ = mix((start_ ^ word) + step);
  }

  [[nodiscard]] constexpr std::uint64_t bits(std::uint64_t i) const { return mix(start_ + (i + 1) * step); }
  /// Uniform on [0, 1), multiples of 2^-24.
  [[nodiscard]] constexpr float uniform(std::uint64_t i) const { return static_cast<float>(bits(i) >> 40U) * 0x1p-24F; }
  /// Uniform integer in [0, n); non-uniformity below n / 2^32.
  [[nodiscard]] constexpr std::uint32_t below(std::uint64_t i, std::uint32_t n) const {
    return static_cast<std::uint32_t>(((bits(i) >> 32U) * n) >> 32U);
  }
  /// Standard normal (Box, Muller 1958), up to 6.7 sigma.
  [[nodiscard]] double normal(std::uint64_t i) const {
    const std::uint64_t b = bits(i);
    const double radius_uniform = (static_cast<double>(b >> 32U) + 1.0) * 0x1p-32; // (0, 1]: its logarithm is finite
    const double angle_uniform = static_cast<double>(b & 0xffffffffU) * 0x1p-32;
    return std::sqrt(-2.0 * std::log(radius_uniform)) * std::cos(2.0 * std::numbers::pi * angle_uniform);
  }

private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15U; // 2^64 / golden ratio, odd

  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  std::uint64_t start_;
};

} // namespace tilework::numerics
