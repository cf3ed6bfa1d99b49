// SPDX-License-Identifier: Apache-2.0
/// \file The functions of random/distributions.h on vectors, with the same operations in the same order, hence the same
/// bits. Included once per instruction set.
#if defined(TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H
#undef TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H
#else
#define TILEWORK_PHYSICS_SIMD_ELEMENTARY_INL_H
#endif

#include <tilework/physics/random/distributions.h>
#include <tilework/physics/random/number_kernels.h>

#include <hwy/highway.h>

#include <array>
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

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
/// Row b: the numbers of the ones of b, lowest first.
template <std::size_t lanes>
constexpr auto places_of_ones() {
  std::array<std::array<std::uint8_t, lanes>, std::size_t{1} << lanes> rows{};
  for (std::size_t bits = 0; bits < rows.size(); ++bits)
    for (std::size_t lane = 0, count = 0; lane < lanes; ++lane)
      if ((bits >> lane & 1U) != 0)
        rows[bits][count++] = static_cast<std::uint8_t>(lane);
  return rows;
}
alignas(64) inline constexpr auto compressed_places = places_of_ones<hn::MaxLanes(words())>();
#endif

/// The lanes of the mask, close together; the others are lost. hn::Compress() without the copy of its table that
/// compilers make each time.
template <class V, class M>
HWY_INLINE V compressed(V v, M mask) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
  const hn::DFromV<V> d;
  std::uint8_t bits[8] = {};
  hn::StoreMaskBits(d, mask, bits);
  const auto places = hn::LoadU(hn::Rebind<std::uint8_t, words>(), compressed_places[bits[0]].data());
  return hn::TableLookupLanes(v, hn::IndicesFromVec(d, hn::PromoteTo(words(), places)));
#else
  return hn::Compress(v, mask);
#endif
}

/// The counters of consecutive blocks, four words each: those of random/number_kernels.h.
template <class D>
HWY_INLINE hn::VFromD<D> counters(D w, std::uint64_t vector, std::uint32_t first_block, std::uint32_t slot) {
  HWY_ALIGN static constexpr std::uint32_t next_blocks[16] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0};
  const hn::Repartition<std::uint64_t, D> wide;
  const auto first =
      hn::OddEven(hn::Set(wide, std::uint64_t{slot} << 32U | std::uint64_t{first_block}), hn::Set(wide, vector));
  return hn::Add(hn::BitCast(w, first), hn::Load(w, next_blocks));
}

/// ARS-7 on several vectors at once, because a round takes several cycles.
template <class D, std::size_t n>
HWY_INLINE void encipher_together(D w, const stream_key& key, hn::VFromD<D> (&state)[n]) {
  constexpr int rounds = 7;
  const hn::Repartition<std::uint64_t, D> wide;
  const hn::Repartition<std::uint8_t, D> bytes;
  // fractions of the golden ratio and of the root of 3
  const auto weyl = hn::OddEven(hn::Set(wide, 0xBB67AE8584CAA73BU), hn::Set(wide, 0x9E3779B97F4A7C15U));
  auto k = hn::OddEven(hn::Set(wide, key[1]), hn::Set(wide, key[0]));
  for (auto& s : state)
    s = hn::Xor(s, hn::BitCast(w, k));
  for (int round = 1; round < rounds; ++round) {
    k = hn::Add(k, weyl);
    for (auto& s : state)
      s = hn::BitCast(w, hn::AESRound(hn::BitCast(bytes, s), hn::BitCast(bytes, k)));
  }
  k = hn::Add(k, weyl);
  for (auto& s : state)
    s = hn::BitCast(w, hn::AESLastRound(hn::BitCast(bytes, s), hn::BitCast(bytes, k)));
}

template <class D, std::size_t n>
HWY_INLINE void encipher(D w, const stream_key& key, hn::VFromD<D> (&state)[n]) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (hn::MaxLanes(w) == 8) { // AES instructions have 128 bits: halves stay apart through all rounds
    const hn::Half<D> half;
    hn::VFromD<decltype(half)> halves[2 * n];
    for (std::size_t v = 0; v < n; ++v) {
      halves[2 * v] = hn::LowerHalf(half, state[v]);
      halves[2 * v + 1] = hn::UpperHalf(half, state[v]);
    }
    encipher_together(half, key, halves);
    for (std::size_t v = 0; v < n; ++v)
      state[v] = hn::Combine(w, halves[2 * v + 1], halves[2 * v]);
    return;
  }
#endif
  encipher_together(w, key, state);
}

/// Lane l is word l % 4 of block first_block + l / 4 of (vector, slot).
HWY_INLINE word_vector random_words(const stream_key& key, std::uint64_t vector, std::uint32_t first_block,
                                    std::uint32_t slot) {
  const words w;
  word_vector state[1] = {counters(w, vector, first_block, slot)};
  encipher(w, key, state);
  return state[0];
}

/// Four times as many blocks: random_words() of first_block, first_block + lanes / 4 and so on.
HWY_INLINE void random_words4(const stream_key& key, std::uint64_t vector, std::uint32_t first_block,
                              std::uint32_t slot, word_vector (&out)[4]) {
  const words w;
  const auto first = counters(w, vector, first_block, slot);
  const hn::Repartition<std::uint64_t, words> wide;
  const auto step = hn::BitCast(w, hn::OddEven(hn::Set(wide, std::uint64_t{hn::Lanes(w) / 4}), hn::Zero(wide)));
  out[0] = first;
  for (std::size_t v = 1; v < 4; ++v)
    out[v] = hn::Add(out[v - 1], step);
  encipher(w, key, out);
}

/// The four words of scattered blocks: lane l of out[q] is word q of block blocks[l].
HWY_INLINE void random_words(const stream_key& key, std::uint64_t vector, word_vector blocks, std::uint32_t slot,
                             word_vector (&out)[4]) {
  const words w;
  const std::size_t lanes = hn::Lanes(w);
  HWY_ALIGN std::uint32_t states[4 * hn::MaxLanes(words())];
  hn::StoreInterleaved4(hn::Set(w, static_cast<std::uint32_t>(vector)),
                        hn::Set(w, static_cast<std::uint32_t>(vector >> 32U)), blocks, hn::Set(w, slot), w, states);
  word_vector state[4];
  for (std::size_t v = 0; v < 4; ++v)
    state[v] = hn::Load(w, states + v * lanes);
  encipher(w, key, state);
  for (std::size_t v = 0; v < 4; ++v)
    hn::Store(state[v], w, states + v * lanes);
  hn::LoadInterleaved4(w, states, out[0], out[1], out[2], out[3]);
}

/// uniform_from() of random/distributions.h.
HWY_INLINE float_vector uniforms_from(word_vector random) {
  const auto whole = hn::ConvertTo(floats(), hn::BitCast(integers(), hn::ShiftRight<8>(random)));
  return hn::Mul(whole, constant(0x1p-24F));
}

/// polynomial() of random/distributions.h for several vectors, whose chains of dependent operations take turns.
template <std::size_t n, std::size_t terms>
HWY_INLINE void polynomial(const std::array<float, terms>& coefficients, const float_vector (&v)[n],
                           float_vector (&sum)[n]) {
  float_vector square[n];
  float_vector half[2][n]; // of even and odd powers
  for (std::size_t i = 0; i < n; ++i) {
    square[i] = hn::Mul(v[i], v[i]);
    half[(terms - 1) % 2][i] = constant(coefficients[terms - 1]);
    half[terms % 2][i] = constant(coefficients[terms - 2]);
  }
  for (std::size_t c = terms - 2; c-- > 0;)
    for (std::size_t i = 0; i < n; ++i)
      half[c % 2][i] = hn::Add(hn::Mul(half[c % 2][i], square[i]), constant(coefficients[c]));
  for (std::size_t i = 0; i < n; ++i)
    sum[i] = hn::Add(half[0][i], hn::Mul(half[1][i], v[i]));
}

/// Element index[l] of a table of 16. \param index 0 to 15
HWY_INLINE float_vector look_up(const std::array<float, 16>& table, integer_vector index) {
  const floats f;
  if constexpr (hn::MaxLanes(floats()) == 16)
    return hn::TableLookupLanes(hn::LoadU(f, table.data()), hn::IndicesFromVec(f, index));
  if constexpr (hn::MaxLanes(floats()) == 8) {
    const auto place = hn::IndicesFromVec(f, hn::And(index, hn::Set(integers(), 7)));
    const auto low = hn::TableLookupLanes(hn::LoadU(f, table.data()), place);
    const auto high = hn::TableLookupLanes(hn::LoadU(f, table.data() + 8), place);
    return hn::IfThenElse(hn::RebindMask(f, hn::Gt(index, hn::Set(integers(), 7))), high, low);
  }
  return hn::GatherIndex(f, table.data(), index);
}

/// tail_ratio() of random/distributions.h. Rare.
inline HWY_NOINLINE float_vector tail_ratios(word_vector random) {
  const words w;
  const integers i;
  const floats f;
  const auto rest = hn::Set(w, 0x7FFFFFFFU);
  const auto p = hn::Add(hn::ConvertTo(f, hn::BitCast(i, hn::And(random, rest))), constant(0.5F));
  const auto y = hn::ConvertTo(f, hn::BitCast(i, hn::AndNot(random, rest)));
  const auto bits = hn::BitCast(w, hn::Mul(p, hn::Add(y, constant(0x1p31F))));
  const auto whole = hn::ConvertTo(f, hn::BitCast(i, hn::Sub(bits, hn::Set(w, normal_law::bits_of_2_62))));
  const float_vector m[1] = {hn::BitCast(f, hn::OrAnd(hn::Set(w, 0x3F800000U), bits, hn::Set(w, 0x007FFFFFU)))};
  float_vector sum[1];
  polynomial(normal_law::logarithm, m, sum);
  const auto exponent = hn::Add(hn::Mul(whole, constant(0x1p-23F)), hn::Mul(m[0], sum[0]));
  const float_vector root[1] = {hn::Sqrt(hn::Max(hn::Sub(constant(normal_law::tail_origin), exponent), constant(0)))};
  polynomial(normal_law::tail, root, sum);
  return sum[0];
}

/// One standard normal per word: normal_from() of random/distributions.h, with its names.
template <std::size_t n>
HWY_INLINE void normals_from(const word_vector (&random)[n], float_vector (&out)[n]) {
  const words w;
  const integers i;
  const floats f;
  const auto& c = normal_law::octaves;
  float_vector y[n];
  float_vector p[n];
  float_vector ratio[n];
  auto smallest = constant(0x1p31F);
  for (std::size_t v = 0; v < n; ++v) {
    y[v] = hn::ConvertTo(f, hn::BitCast(i, hn::AndNot(random[v], hn::Set(w, 0x7FFFFFFFU))));
    p[v] = hn::Add(hn::ConvertTo(f, hn::BitCast(i, hn::And(random[v], hn::Set(w, 0x7FFFFFFFU)))), constant(0.5F));
    smallest = hn::Min(smallest, p[v]);
    const auto bits = hn::BitCast(w, p[v]);
    const auto m = hn::BitCast(f, hn::OrAnd(hn::Set(w, 0x3F800000U), bits, hn::Set(w, 0x007FFFFFU)));
    const auto octave = hn::BitCast(i, hn::And(hn::ShiftRight<23>(bits), hn::Set(w, 15)));
    const auto m2 = hn::Mul(m, m);
    const auto high_even = hn::Add(look_up(c[2], octave), hn::Mul(m2, look_up(c[4], octave)));
    const auto high_odd = hn::Add(look_up(c[3], octave), hn::Mul(m2, look_up(c[5], octave)));
    const auto even = hn::Add(look_up(c[0], octave), hn::Mul(m2, high_even));
    const auto odd = hn::Add(look_up(c[1], octave), hn::Mul(m2, high_odd));
    ratio[v] = hn::Add(even, hn::Mul(m, odd));
  }
  if (HWY_UNLIKELY(!hn::AllFalse(f, hn::Lt(smallest, constant(normal_law::tail_begin)))))
    for (std::size_t v = 0; v < n; ++v)
      ratio[v] = hn::IfThenElse(hn::Lt(p[v], constant(normal_law::tail_begin)), tail_ratios(random[v]), ratio[v]);
  for (std::size_t v = 0; v < n; ++v) {
    const auto low_bits = hn::ConvertTo(f, hn::BitCast(i, hn::ShiftLeft<25>(random[v])));
    const auto x = hn::Add(hn::Mul(hn::Mul(y[v], constant(normal_law::unit)), ratio[v]),
                           hn::Mul(low_bits, constant(normal_law::dither)));
    out[v] = hn::Xor(x, hn::BitCast(f, hn::And(random[v], hn::Set(w, 0x80000000U))));
  }
}

HWY_INLINE float_vector normals_from(word_vector random) {
  const word_vector one[1] = {random};
  float_vector out[1];
  normals_from(one, out);
  return out[0];
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
