// SPDX-License-Identifier: Apache-2.0
/// \file The functions of random/distributions.h on vectors, with the same operations in the same order, hence the same
/// bits. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H
#undef TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H
#else
#define TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H
#endif

#include <tilework/physics/random/philox.h>

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <numbers>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using floats = hn::CappedTag<float, 16>;
using integers = hn::RebindToSigned<floats>;
using words = hn::RebindToUnsigned<floats>;
using float_vector = hn::VFromD<floats>;
using integer_vector = hn::VFromD<integers>;
using word_vector = hn::VFromD<words>;
using lane_mask = decltype(hn::FirstN(floats(), std::size_t{1}));

HWY_INLINE float_vector constant(float v) {
  return hn::Set(floats(), v);
}

/// a + b v.
HWY_INLINE float_vector line(float a, float b, float_vector v) {
  return hn::Add(constant(a), hn::Mul(v, constant(b)));
}

HWY_INLINE float_vector logarithm(float_vector v) {
  const words w;
  const auto half_root_two = hn::Set(w, 0x3F3504F3U);
  const auto bits = hn::Sub(hn::BitCast(w, v), half_root_two);
  const auto exponent = hn::ConvertTo(floats(), hn::ShiftRight<23>(hn::BitCast(integers(), bits)));
  const auto m = hn::BitCast(floats(), hn::Add(hn::And(bits, hn::Set(w, 0x007FFFFFU)), half_root_two));
  const auto z = hn::Div(hn::Sub(m, constant(1)), hn::Add(m, constant(1)));
  const auto z2 = hn::Mul(z, z);
  const auto z4 = hn::Mul(z2, z2);
  const auto high = hn::Add(line(2.0F / 5, 2.0F / 7, z2), hn::Mul(z4, constant(2.0F / 9)));
  const auto series = hn::Mul(z, hn::Add(line(2, 2.0F / 3, z2), hn::Mul(z4, high)));
  return hn::Add(hn::Mul(exponent, constant(std::numbers::ln2_v<float>)), series);
}

HWY_INLINE float_vector exponential(float_vector v) {
  const integers i;
  v = hn::Min(hn::Max(v, constant(-87)), constant(88));
  const auto n = hn::Round(hn::Mul(v, constant(std::numbers::log2e_v<float>)));
  const auto r = hn::Sub(hn::Sub(v, hn::Mul(n, constant(0.693145752F))), hn::Mul(n, constant(1.42860677e-6F)));
  const auto r2 = hn::Mul(r, r);
  const auto low = hn::Add(hn::Add(constant(1), r), hn::Mul(r2, line(0.5F, 1.0F / 6, r)));
  const auto high = hn::Add(line(1.0F / 24, 1.0F / 120, r), hn::Mul(r2, line(1.0F / 720, 1.0F / 5040, r)));
  const auto series = hn::Add(low, hn::Mul(hn::Mul(r2, r2), high));
  const auto two_to_n = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(i, n), hn::Set(i, 127)));
  return hn::Mul(series, hn::BitCast(floats(), two_to_n));
}

/// base^exponent for base >= 0.
HWY_INLINE float_vector power(float_vector base, float_vector exponent) {
  const auto positive = hn::Gt(base, constant(0));
  const auto value = exponential(hn::Mul(exponent, logarithm(hn::IfThenElse(positive, base, constant(1)))));
  const auto at_zero = hn::IfThenElse(hn::Gt(exponent, constant(0)), constant(0), constant(1));
  return hn::IfThenElse(positive, value, at_zero);
}

HWY_INLINE float_vector clipped(float_vector v, float_vector min, float_vector max) {
  return hn::Min(hn::Max(v, min), max);
}

struct normal_vectors {
  float_vector first;
  float_vector second;
};

HWY_INLINE normal_vectors normals_from(word_vector radius_word, word_vector angle_word) {
  const words w;
  const integers i;
  const auto whole = hn::ConvertTo(floats(), hn::BitCast(i, hn::ShiftRight<1>(radius_word)));
  const auto u = hn::Mul(hn::Add(whole, constant(0.5F)), constant(0x1p-31F));
  const auto radius = hn::Sqrt(hn::Mul(constant(-2), logarithm(u)));
  const auto quarter = hn::ShiftRight<30>(hn::Add(angle_word, hn::Set(w, 0x20000000U)));
  const auto rest = hn::BitCast(i, hn::Sub(angle_word, hn::ShiftLeft<30>(quarter)));
  const auto a = hn::Mul(hn::ConvertTo(floats(), rest), constant(2 * std::numbers::pi_v<float> * 0x1p-32F));
  const auto a2 = hn::Mul(a, a);
  const auto one = constant(1);
  // 1 - a2 c (1 - ...), as nested in distributions.h
  const auto term = [](float_vector square, float c, float_vector inner)
                        HWY_ATTR { return hn::Sub(constant(1), hn::Mul(hn::Mul(square, constant(c)), inner)); };
  const auto sine = hn::Mul(a, term(a2, 1.0F / 6, term(a2, 1.0F / 20, term(a2, 1.0F / 42, term(a2, 1.0F / 72, one)))));
  const auto cosine =
      term(a2, 0.5F, term(a2, 1.0F / 12, term(a2, 1.0F / 30, term(a2, 1.0F / 56, term(a2, 1.0F / 90, one)))));
  const auto swapped = hn::RebindMask(floats(), hn::TestBit(quarter, hn::Set(w, 1U)));
  const auto x = hn::Mul(radius, hn::IfThenElse(swapped, sine, cosine));
  const auto y = hn::Mul(radius, hn::IfThenElse(swapped, cosine, sine));
  // Signs: x is negative in quarters 1 and 2, y in 2 and 3; bit 1 of (quarter + 1) and of quarter.
  const auto sign_x = hn::ShiftLeft<30>(hn::And(hn::Add(quarter, hn::Set(w, 1U)), hn::Set(w, 2U)));
  const auto sign_y = hn::ShiftLeft<30>(hn::And(quarter, hn::Set(w, 2U)));
  return {hn::Xor(x, hn::BitCast(floats(), sign_x)), hn::Xor(y, hn::BitCast(floats(), sign_y))};
}

/// Both halves of the products of all lanes with one factor.
HWY_INLINE void multiply_words(word_vector v, word_vector factor, word_vector& high, word_vector& low) {
  const words w;
  const hn::Repartition<std::uint64_t, words> wide;
  const auto even = hn::MulEven(v, factor);
  const auto odd = hn::MulEven(hn::BitCast(w, hn::ShiftRight<32>(hn::BitCast(wide, v))), factor);
  high = hn::OddEven(hn::BitCast(w, odd), hn::BitCast(w, hn::ShiftRight<32>(even)));
  low = hn::OddEven(hn::BitCast(w, hn::ShiftLeft<32>(odd)), hn::BitCast(w, even));
}

/// philox() of random/philox.h on vectors of counters.
HWY_INLINE void philox(word_vector (&c)[4], philox_key key) {
  const words w;
  const auto multiplier0 = hn::Set(w, 0xD2511F53U);
  const auto multiplier1 = hn::Set(w, 0xCD9E8D57U);
  for (int round = 0; round < 10; ++round) {
    word_vector high0, low0, high1, low1;
    multiply_words(c[0], multiplier0, high0, low0);
    multiply_words(c[2], multiplier1, high1, low1);
    c[0] = hn::Xor(hn::Xor(high1, c[1]), hn::Set(w, key[0]));
    c[1] = low1;
    c[2] = hn::Xor(hn::Xor(high0, c[3]), hn::Set(w, key[1]));
    c[3] = low0;
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
}

/// Words of consecutive blocks of one (vector, slot): lane l belongs to block first_block + l.
HWY_INLINE void block_words(word_vector (&c)[4], philox_key key, std::uint32_t first_block, std::uint64_t vector,
                            std::uint32_t slot) {
  const words w;
  c[0] = hn::Set(w, static_cast<std::uint32_t>(vector));
  c[1] = hn::Set(w, static_cast<std::uint32_t>(vector >> 32U));
  c[2] = hn::Iota(w, first_block);
  c[3] = hn::Set(w, slot);
  philox(c, key);
}

/// The normals of as many consecutive blocks as a vector has lanes: vector q holds number q of each.
HWY_INLINE void normals_of_lanes(philox_key key, std::uint32_t first_block, std::uint64_t vector, std::uint32_t slot,
                                 float_vector (&out)[4]) {
  word_vector c[4];
  block_words(c, key, first_block, vector, slot);
  for (std::size_t q = 0; q < 4; q += 2) {
    const auto pair = normals_from(c[q], c[q + 1]);
    out[q] = pair.first;
    out[q + 1] = pair.second;
  }
}

/// Normals of 16 consecutive blocks: number q of block first_block + l at out[16 q + l].
HWY_INLINE void normals_of_chunk(philox_key key, std::uint32_t first_block, std::uint64_t vector, std::uint32_t slot,
                                 float* HWY_RESTRICT out) {
  constexpr std::size_t blocks = 16;
  const floats f;
  for (std::size_t l = 0; l < blocks; l += hn::Lanes(f)) {
    float_vector normals[4];
    normals_of_lanes(key, first_block + static_cast<std::uint32_t>(l), vector, slot, normals);
    for (std::size_t q = 0; q < 4; ++q)
      hn::Store(normals[q], f, out + blocks * q + l);
  }
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
