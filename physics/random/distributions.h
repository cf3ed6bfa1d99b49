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

/// Polynomials of normal_from(), lowest power first. Those of the centre are one per octave of p, by interpolation of
/// x / y at Chebyshev's nodes of 1 <= 2^k p < 2; relative errors are below 4e-6. Those of the tail are minimax fits
/// (Remez' algorithm, 64-bit mantissas, values of the law by Newton's iteration on erfc): `logarithm` of log2 m - m on
/// [1, 2), error 1.3e-5; `tail` of x / y, relative error 0.8e-6. Together with rounding a number's relative error is
/// below 5e-6, apart from `dither`.
namespace normal_law {

/// Column e % 16 is for 2^31 p with the biased exponent e of a float: 143 for p from 2^-15 on, 157 for p from 1/2 on,
/// 158 for p = 1.
inline constexpr std::array<std::array<float, 16>, 6> octaves{{
    {4.45125657F, 4.30059693F, 4.14503473F, 3.98408562F, 3.81718697F, 3.64368319F, 3.46281092F, 3.27368894F,
     3.07532463F, 2.86666358F, 2.64673759F, 2.41500912F, 2.17203551F, 1.91889596F, 1.25331414F, 4.59743268F},
    {-0.78665324F, -0.814090665F, -0.844342093F, -0.877796322F, -0.91483964F, -0.955779489F, -1.00069064F, -1.04912921F,
     -1.09963917F, -1.14897336F, -1.1910114F, -1.21555355F, -1.2074943F, -1.14063311F, 0.0F, -0.761672205F},
    {0.529883612F, 0.54741195F, 0.56669876F, 0.588028176F, 0.611732726F, 0.638186107F, 0.66777044F, 0.700786306F,
     0.737246586F, 0.776462686F, 0.816336564F, 0.852450551F, 0.87765725F, 0.8740922F, 0.0F, 0.513875072F},
    {-0.239437237F, -0.247229941F, -0.255792824F, -0.265250184F, -0.275749302F, -0.28746006F, -0.300566407F,
     -0.315238029F, -0.331558196F, -0.349363857F, -0.367934684F, -0.385484675F, -0.398470367F, -0.391982507F, 0.0F,
     -0.232310877F},
    {0.0604045337F, 0.0623553779F, 0.064497635F, 0.0668621067F, 0.0694854142F, 0.0724101223F, 0.07568312F,
     0.0793496469F, 0.0834374389F, 0.0879204559F, 0.0926459747F, 0.0972123894F, 0.100817485F, 0.0987569763F, 0.0F,
     0.0586194051F},
    {-0.0064394003F, -0.00664644448F, -0.00687371786F, -0.00712446887F, -0.00740256546F, -0.00771251915F,
     -0.00805933935F, -0.00844795829F, -0.00888166995F, -0.00935850025F, -0.00986376935F, -0.0103571269F,
     -0.0107504844F, -0.0101543267F, 0.0F, -0.00624987661F},
}};

inline constexpr float tail_begin = 0x1p16F; ///< 2^31 p; the magnitude there is 4.17

inline constexpr std::uint32_t bits_of_2_62 = 0x5E800000; // the float 2^62

inline constexpr float logarithm_origin = -1.80036438F; // power 0, part of the argument of the tail instead
inline constexpr std::array<float, 5> logarithm{4.09171179F, -3.55079398F, 1.63114929F, -0.4165638F, 0.0448736173F};

/// Of the root of the negative exponent.
inline constexpr std::array<float, 7> tail{1.95679949F,   -1.55563818F,    1.42476037F,    -0.398886782F,
                                           0.0632531455F, -0.00536914916F, 0.000190163665F};
inline constexpr float tail_origin = -logarithm_origin;

/// Of the low bits of a word. Conversions lose them, and a float near y would miss some floats near x and meet others
/// twice; with the bits, which move a number by up to 5e-7, all are met about equally often. Not a power of 2, so that
/// the moves fall between floats.
inline constexpr float dither = -0x1.0Cp-52F;
inline constexpr float unit = 0x1p-31F; ///< of y

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

/// x / y for numbers in the tail, by a polynomial in the root of the logarithm of p (2 - p), a form of Giles,
/// "Approximating the erfinv function", GPU Computing Gems 2011.
inline float tail_ratio(std::uint32_t word) {
  const float p = static_cast<float>(static_cast<std::int32_t>(word & 0x7FFFFFFFU)) + 0.5F; // 2^31 p
  const auto y = static_cast<float>(static_cast<std::int32_t>(~word & 0x7FFFFFFFU));
  const auto bits = std::bit_cast<std::uint32_t>(p * (y + 0x1p31F)); // 2^62 p (2 - p)
  const auto whole = static_cast<float>(static_cast<std::int32_t>(bits - normal_law::bits_of_2_62));
  const auto m = std::bit_cast<float>(0x3F800000U | (bits & 0x007FFFFFU));
  const float exponent = whole * 0x1p-23F + m * polynomial(normal_law::logarithm, m);
  return polynomial(normal_law::tail, std::sqrt(normal_law::tail_origin - exponent));
}

/// The standard normal with the sign of bit 31 whose magnitude x is exceeded with the probability p that the other
/// bits say, as a multiple of y = 1 - p. Magnitudes reach 6.33.
inline float normal_from(std::uint32_t word) {
  const float p = static_cast<float>(static_cast<std::int32_t>(word & 0x7FFFFFFFU)) + 0.5F; // 2^31 p
  const auto y = static_cast<float>(static_cast<std::int32_t>(~word & 0x7FFFFFFFU));        // 2^31 y
  const auto bits = std::bit_cast<std::uint32_t>(p);
  const auto m = std::bit_cast<float>(0x3F800000U | (bits & 0x007FFFFFU));
  const auto& c = normal_law::octaves;
  const std::size_t octave = (bits >> 23U) % 16;
  const float m2 = m * m;
  const float even = c[0][octave] + m2 * (c[2][octave] + m2 * c[4][octave]);
  const float odd = c[1][octave] + m2 * (c[3][octave] + m2 * c[5][octave]);
  const float ratio = p < normal_law::tail_begin ? tail_ratio(word) : even + m * odd;
  const float low_bits = static_cast<float>(static_cast<std::int32_t>(word << 25U));
  const float x = (y * normal_law::unit) * ratio + low_bits * normal_law::dither;
  return (word & 0x80000000U) != 0 ? -x : x;
}

} // namespace tilework::physics
