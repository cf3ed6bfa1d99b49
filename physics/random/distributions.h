// SPDX-License-Identifier: Apache-2.0
/// \file Random words to uniform and normal numbers. Branch-free arithmetic without library calls: it vectorises, and
/// gives the same bits with every C library.
#pragma once

#include <array>
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

/// Polynomials of normal_from(), lowest power first. They are minimax fits (Remez' algorithm, 64-bit mantissas, values
/// of the law by Newton's iteration on erfc): `logarithm` of log2 m - m on [1, 2), error 1.3e-5; `centre` and `tail` of
/// x / y, relative errors 1.6e-6 and 0.8e-6. Together with rounding a number's relative error is below 5e-6, apart from
/// `dither`.
namespace normal_law {

inline constexpr std::uint32_t bits_of_2_62 = 0x5E800000; // the float 2^62

inline constexpr float logarithm_origin = -1.80036438F; // power 0, part of the argument of the other two instead
inline constexpr std::array<float, 5> logarithm{4.09171179F, -3.55079398F, 1.63114929F, -0.4165638F, 0.0448736173F};

/// Of the exponent; for the 99.95 % of numbers up to 3.49.
inline constexpr std::array<float, 8> centre{
    1.68156173F * 0x1p-31F,    -0.244581601F * 0x1p-31F,   0.00171021181F * 0x1p-31F,  0.00106010089F * 0x1p-31F,
    4.86456657e-5F * 0x1p-31F, -6.31015244e-6F * 0x1p-31F, -8.52984872e-7F * 0x1p-31F, -3.07392727e-8F * 0x1p-31F};
inline constexpr float tail_begin = -10 - logarithm_origin;

/// Of the root of the negative exponent.
inline constexpr std::array<float, 7> tail{
    1.95679949F * 0x1p-31F,   -1.55563818F * 0x1p-31F,    1.42476037F * 0x1p-31F,    -0.398886782F * 0x1p-31F,
    0.0632531455F * 0x1p-31F, -0.00536914916F * 0x1p-31F, 0.000190163665F * 0x1p-31F};
inline constexpr float tail_origin = -logarithm_origin;

/// Of the low bits of a word. Conversions lose them, and a float near y would miss some floats near x and meet others
/// twice; with the bits, which move a number by up to 5e-7, all are met about equally often. Not a power of 2, so that
/// the moves fall between floats.
inline constexpr float dither = -0x1.0Cp-52F;

} // namespace normal_law

/// Even and odd powers apart: two chains of dependent operations in place of a long one.
template <std::size_t terms>
constexpr float polynomial(const std::array<float, terms>& coefficients, float v) {
  const float square = v * v;
  std::array<float, 2> half{coefficients[(terms - 1) / 2 * 2], coefficients[terms / 2 * 2 - 1]};
  for (std::size_t c = terms - 2; c-- > 0;)
    half[c % 2] = half[c % 2] * square + coefficients[c];
  return half[0] + half[1] * v;
}

/// The standard normal with the sign of bit 31 whose magnitude x is exceeded with the probability p that the other
/// bits say: x = y f(p (2 - p)), y = 1 - p, f by polynomials in the logarithm of its argument, and beyond 3.49 in the
/// root of that (the forms of Giles, "Approximating the erfinv function", GPU Computing Gems 2011). Magnitudes reach
/// 6.33.
inline float normal_from(std::uint32_t word) {
  const float p = static_cast<float>(static_cast<std::int32_t>(word & 0x7FFFFFFFU)) + 0.5F; // 2^31 p
  const auto y = static_cast<float>(static_cast<std::int32_t>(~word & 0x7FFFFFFFU));        // 2^31 y
  const auto bits = std::bit_cast<std::uint32_t>(p * (y + 0x1p31F));                        // 2^62 p (2 - p)
  const auto whole = static_cast<float>(static_cast<std::int32_t>(bits - normal_law::bits_of_2_62));
  const auto m = std::bit_cast<float>(0x3F800000U | (bits & 0x007FFFFFU));
  const float exponent = whole * 0x1p-23F + m * polynomial(normal_law::logarithm, m);
  const float ratio = exponent < normal_law::tail_begin
                          ? polynomial(normal_law::tail, std::sqrt(normal_law::tail_origin - exponent))
                          : polynomial(normal_law::centre, exponent);
  const float x = y * ratio + static_cast<float>(static_cast<std::int32_t>(word << 25U)) * normal_law::dither;
  return (word & 0x80000000U) != 0 ? -x : x;
}

} // namespace tilework::physics
