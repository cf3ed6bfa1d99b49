// SPDX-License-Identifier: Apache-2.0
/// \file Random words to uniform and normal numbers. Branch-free arithmetic without library calls: it vectorises, and
/// gives the same bits with every C library.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace tilework::physics {

/// Uniform in [0, 1), 24 bits.
constexpr float uniform_from(std::uint32_t word) {
  return static_cast<float>(static_cast<std::int32_t>(word >> 8U)) * 0x1p-24F;
}

/// Natural logarithm of a positive, normal number; error below 2e-7 max(1, |log v|) for arguments in (0, 1].
/// log m = 2 artanh((m - 1)/(m + 1)) with the mantissa m brought into [sqrt(1/2), sqrt(2)).
inline float logarithm(float v) {
  constexpr std::uint32_t half_root_two = 0x3F3504F3; // bits of sqrt(1/2)
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(v) - half_root_two;
  const auto exponent = static_cast<float>(static_cast<std::int32_t>(bits) >> 23);
  const auto m = std::bit_cast<float>((bits & 0x007FFFFFU) + half_root_two);
  const float z = (m - 1) / (m + 1);
  const float z2 = z * z;
  const float z4 = z2 * z2; // in two halves: a short chain of dependent operations
  const float series = z * ((2 + z2 * (2.0F / 3)) + z4 * ((2.0F / 5 + z2 * (2.0F / 7)) + z4 * (2.0F / 9)));
  return exponent * std::numbers::ln2_v<float> + series;
}

/// e^v for v limited to [-87, 88], where the result is a normal number; relative error below 3e-7.
/// e^v = 2^n e^r with |r| <= ln 2 / 2, where a Taylor series to r^7 suffices.
inline float exponential(float v) {
  constexpr float lowest = -87;
  constexpr float highest = 88;
  constexpr float ln2_high = 0.693145752F; // few bits, so that n * ln2_high is exact
  constexpr float ln2_low = 1.42860677e-6F;
  v = v > lowest ? v : lowest;
  v = v < highest ? v : highest;
  const float n = std::rint(v * std::numbers::log2e_v<float>);
  const float r = (v - n * ln2_high) - n * ln2_low;
  const float r2 = r * r;
  const float low = (1 + r) + r2 * (0.5F + r * (1.0F / 6));
  const float high = (1.0F / 24 + r * (1.0F / 120)) + r2 * (1.0F / 720 + r * (1.0F / 5040));
  const float series = low + r2 * r2 * high;
  return series * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

/// base^exponent for base >= 0; relative error below 3e-7 + 2e-7 |log result| for base in [0, 1]: 3e-6 down to 1e-6.
inline float power(float base, float exponent) {
  if (base <= 0)
    return exponent > 0 ? 0.0F : 1.0F;
  return exponential(exponent * logarithm(base));
}

struct normal_pair {
  float first;
  float second;
};

/// Two independent standard normals from two random words (Box & Muller 1958). The radius has 31 bits: up to 6.6 sigma.
inline normal_pair normals_from(std::uint32_t radius_word, std::uint32_t angle_word) {
  const float u = (static_cast<float>(static_cast<std::int32_t>(radius_word >> 1U)) + 0.5F) * 0x1p-31F; // (0, 1]
  const float radius = std::sqrt(-2 * logarithm(u));
  // angle = quarter turns + rest, with the rest in [-1/8, 1/8) of a turn: exact in integers
  const std::uint32_t quarter = (angle_word + 0x20000000U) >> 30U;
  const auto rest = static_cast<std::int32_t>(angle_word - (quarter << 30U));
  const float a = static_cast<float>(rest) * (2 * std::numbers::pi_v<float> * 0x1p-32F);
  const float a2 = a * a;
  // Taylor series, nested; remainders below 2e-9.
  const float sine =
      a * (1 - a2 * (1.0F / 6) * (1 - a2 * (1.0F / 20) * (1 - a2 * (1.0F / 42) * (1 - a2 * (1.0F / 72)))));
  const float cosine =
      1 - a2 * 0.5F * (1 - a2 * (1.0F / 12) * (1 - a2 * (1.0F / 30) * (1 - a2 * (1.0F / 56) * (1 - a2 * (1.0F / 90)))));
  const bool swapped = (quarter & 1U) != 0;
  const float x = radius * (swapped ? sine : cosine);
  const float y = radius * (swapped ? cosine : sine);
  return {(quarter == 1 || quarter == 2) ? -x : x, (quarter & 2U) != 0 ? -y : y};
}

} // namespace tilework::physics
