// SPDX-License-Identifier: Apache-2.0
/// \file Body of product_kernels.h, included by one source file per instruction set, each compiled with its own
/// options. Everything here is local to that file, and nothing from the standard library is called: an inline function
/// that two files share must not exist in two instruction sets.
#pragma once

#include <tilework/physics/crossbar/product_kernels.h>

// NOLINTBEGIN(misc-definitions-in-headers,*-avoid-c-arrays,*-array-to-pointer-decay): see above; std::array is shared
namespace tilework::physics {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t vector_bytes = 32;
#else
constexpr std::size_t vector_bytes = 16;
#endif
using vector = float __attribute__((vector_size(vector_bytes)));
using unaligned_vector = float __attribute__((vector_size(vector_bytes), aligned(4), may_alias));

constexpr std::size_t width = vector_bytes / sizeof(float);
constexpr std::size_t lanes = 16; ///< sums per row: the same for all instruction sets, so that bits are
constexpr std::size_t parts = lanes / width;
constexpr std::size_t block =
    parts == 1 ? 4 : 8 / parts;                 ///< rows at once: independent sums hide the latency of an addition
constexpr bool prefetches = vector_bytes == 16; ///< measured: few rows at once leave the hardware's prefetcher behind

inline vector load(const float* from) {
  return *reinterpret_cast<const unaligned_vector*>(from);
}
inline void store(float* to, vector v) {
  *reinterpret_cast<unaligned_vector*>(to) = v;
}

inline vector magnitude(vector v) {
  using bits = int __attribute__((vector_size(vector_bytes)));
  return reinterpret_cast<vector>(reinterpret_cast<bits>(v) & 0x7fffffff);
}

/// Weights of consecutive cells.
template <bool absolute, bool factored>
inline vector cells(const float* w, const float* k) {
  vector v = load(w);
  if constexpr (factored)
    v *= load(k);
  if constexpr (absolute)
    v = magnitude(v);
  return v;
}
template <bool absolute, bool factored>
inline float cell(const float* w, const float* k) {
  float v = *w;
  if constexpr (factored)
    v *= *k;
  if constexpr (absolute)
    v = __builtin_fabsf(v);
  return v;
}

/// Products of `count` neighbouring rows.
template <bool absolute, bool factored, std::size_t count>
inline void rows_times(const float* w, const float* k, std::size_t columns, const float* in, float* out) {
  vector sum[count][parts] = {};
  const std::size_t whole = columns - columns % lanes;
  for (std::size_t j = 0; j < whole; j += lanes)
    for (std::size_t p = 0; p < parts; ++p) {
      const vector x = load(in + j + p * width);
      for (std::size_t r = 0; r < count; ++r) {
        const std::size_t at = r * columns + j + p * width;
        if (prefetches && p == 0)
          __builtin_prefetch(w + at + count * columns); // the same place in the next rows
        sum[r][p] += cells<absolute, factored>(w + at, factored ? k + at : nullptr) * x;
      }
    }
  for (std::size_t r = 0; r < count; ++r) {
    float lane[lanes];
    for (std::size_t p = 0; p < parts; ++p)
      store(lane + p * width, sum[r][p]);
    for (std::size_t j = whole; j < columns; ++j) {
      const std::size_t at = r * columns + j;
      lane[j - whole] += cell<absolute, factored>(w + at, factored ? k + at : nullptr) * in[j];
    }
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
      for (std::size_t l = 0; l < half; ++l)
        lane[l] += lane[l + half];
    out[r] = lane[0];
  }
}

template <bool absolute, bool factored>
void forward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* in, float* out) {
  std::size_t i = 0;
  for (; i + block <= rows; i += block)
    rows_times<absolute, factored, block>(w + i * columns, factored ? k + i * columns : nullptr, columns, in, out + i);
  for (; i < rows; ++i)
    rows_times<absolute, factored, 1>(w + i * columns, factored ? k + i * columns : nullptr, columns, in, out + i);
}

/// out += the first `count` rows, one after the other, scaled by in.
template <bool absolute, bool factored, std::size_t count>
inline void add_rows(const float* w, const float* k, std::size_t columns, const float* in, float* out) {
  std::size_t j = 0;
  for (; j + width <= columns; j += width) {
    vector sum = load(out + j);
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t at = r * columns + j;
      sum += cells<absolute, factored>(w + at, factored ? k + at : nullptr) * in[r];
    }
    store(out + j, sum);
  }
  for (; j < columns; ++j)
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t at = r * columns + j;
      out[j] += cell<absolute, factored>(w + at, factored ? k + at : nullptr) * in[r];
    }
}

template <bool absolute, bool factored>
void backward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* in, float* out) {
  for (std::size_t j = 0; j < columns; ++j)
    out[j] = 0;
  std::size_t i = 0;
  constexpr std::size_t at_once = 4; // loads and stores of out for every fourth row only
  for (; i + at_once <= rows; i += at_once)
    add_rows<absolute, factored, at_once>(w + i * columns, factored ? k + i * columns : nullptr, columns, in + i, out);
  for (; i < rows; ++i)
    add_rows<absolute, factored, 1>(w + i * columns, factored ? k + i * columns : nullptr, columns, in + i, out);
}

template <bool absolute>
void any_forward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* in, float* out) {
  if (k == nullptr)
    forward<absolute, false>(w, k, rows, columns, in, out);
  else
    forward<absolute, true>(w, k, rows, columns, in, out);
}
template <bool absolute>
void any_backward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* in, float* out) {
  if (k == nullptr)
    backward<absolute, false>(w, k, rows, columns, in, out);
  else
    backward<absolute, true>(w, k, rows, columns, in, out);
}

constexpr product_kernels all_kernels{any_forward<false>, any_backward<false>, any_forward<true>, any_backward<true>};

} // namespace
} // namespace tilework::physics
// NOLINTEND(misc-definitions-in-headers,*-avoid-c-arrays,*-array-to-pointer-decay)
