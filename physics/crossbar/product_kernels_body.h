// SPDX-License-Identifier: Apache-2.0
/// \file Body of product_kernels.h, included by one source file per instruction set, each compiled with its own
/// options. Everything here is local to that file, and nothing from the standard library is called: an inline function
/// that two files share must not exist in two instruction sets.
///
/// A tile is some rows (forward) or columns (backward) times some vectors. Its sums stay in registers, so a weight that
/// is loaded once serves all vectors of the tile. Multiplication and addition are separate instructions, which costs
/// nothing where they have units of their own.
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
using lane_numbers = int __attribute__((vector_size(vector_bytes)));

constexpr std::size_t width = vector_bytes / sizeof(float);
constexpr std::size_t lanes = 16; ///< sums per row: the same for all instruction sets, so that bits are
constexpr std::size_t parts = lanes / width;
constexpr bool many_registers = vector_bytes == 64; ///< 32, else 16
constexpr bool prefetches = vector_bytes == 16; ///< measured: few rows at once leave the hardware's prefetcher behind

// Tiles of the forward product: rows for a single vector, rows and vectors for several. All sizes here are measured.
constexpr std::size_t single_rows = parts == 1 ? 4 : 8 / parts; // independent sums hide the latency of an addition
constexpr std::size_t tile_rows = many_registers ? 4 : 3;
constexpr std::size_t tile_vectors = 4;

// Tiles of the backward product are panels of columns, counted in vectors. Rows are taken in portions, so that sums go
// to memory rarely and a portion stays in the second cache until all vectors have used it.
constexpr std::size_t single_panel_columns = 4;
constexpr std::size_t panel_columns = many_registers ? 4 : 2;
constexpr std::size_t panel_vectors = 4;
constexpr std::size_t single_portion_rows = 8;
constexpr std::size_t portion_cells = 32768;

inline vector load(const float* from) {
  return *reinterpret_cast<const unaligned_vector*>(from);
}
inline void store(float* to, vector v) {
  *reinterpret_cast<unaligned_vector*>(to) = v;
}

inline vector magnitude(vector v) {
  return reinterpret_cast<vector>(reinterpret_cast<lane_numbers>(v) & 0x7fffffff);
}

/// Row-major cells: weights and, if used, their factors.
struct cell_block {
  const float* w;
  const float* k;
  std::size_t stride; ///< from one row to the next

  [[nodiscard]] cell_block at(std::size_t offset) const {
    return {w + offset, k == nullptr ? nullptr : k + offset, stride};
  }
};

/// Weights of consecutive cells.
template <bool absolute, bool factored>
[[gnu::always_inline]] inline vector cells(const cell_block& c, std::size_t at) {
  vector v = load(c.w + at);
  if constexpr (factored)
    v *= load(c.k + at);
  if constexpr (absolute)
    v = magnitude(v);
  return v;
}

/// The last columns of some rows, fewer than `lanes`, with zeros behind them.
template <std::size_t rows>
struct row_ends {
  float w[rows][lanes] = {};
  float k[rows][lanes] = {};

  row_ends(const cell_block& c, std::size_t columns) {
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t j = 0; j < columns; ++j) {
        w[r][j] = c.w[r * c.stride + j];
        k[r][j] = c.k == nullptr ? 0.0F : c.k[r * c.stride + j];
      }
  }
  [[nodiscard]] cell_block block(const cell_block& like) const {
    return {w[0], like.k == nullptr ? nullptr : k[0], lanes};
  }
};

// --- Forward ---------------------------------------------------------------------------------------------------------

// Functions on sums are always inline: a call would send the sums through memory.

/// Lane number `lane` of one half of all groups of neighbouring lanes, counted through two vectors.
template <int group, int half>
constexpr int lane_of_half(int lane) {
  constexpr int step = group / 2;
  constexpr int groups = static_cast<int>(width) / group; // of one vector
  return lane / step / groups * static_cast<int>(width) + lane / step % groups * group + half * step + lane % step;
}
template <int group, int half, int... lane>
[[gnu::always_inline]] inline vector halves(vector a, vector b, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(a, b, lane_of_half<group, half>(lane)...);
}

/// In both vectors every `group` neighbouring lanes are to be added; adds their upper halves to their lower ones.
template <int group>
[[gnu::always_inline]] inline vector fold(vector a, vector b) {
  constexpr std::make_integer_sequence<int, static_cast<int>(width)> all{};
  return halves<group, 0>(a, b, all) + halves<group, 1>(a, b, all);
}

/// Lane n of the result is the tree sum of all lanes of sum[n].
template <std::size_t count, int group = static_cast<int>(width)>
[[gnu::always_inline]] inline vector sums_of_lanes(const vector (&sum)[count]) {
  if constexpr (group == 1) {
    return sum[0];
  } else {
    vector folded[(count + 1) / 2];
    for (std::size_t n = 0; n < (count + 1) / 2; ++n)
      folded[n] = fold<group>(sum[2 * n], sum[2 * n + 1 < count ? 2 * n + 1 : 2 * n]);
    return sums_of_lanes<(count + 1) / 2, group / 2>(folded);
  }
}

/// Columns that a forward product takes, as many as there are lanes at a time.
struct all_columns {
  std::size_t end;
  [[nodiscard]] static std::size_t column(std::size_t j) { return j; }
  static constexpr std::size_t step = lanes;
};
struct listed_columns {
  std::size_t end;            ///< of the list
  const std::uint32_t* first; ///< column of each set
  [[nodiscard]] std::size_t column(std::size_t n) const { return first[n]; }
  static constexpr std::size_t step = 1;
};

/// sum += the cells of `rows` rows times x, for some of the sixteen lanes.
template <bool absolute, bool factored, std::size_t rows, std::size_t vectors, std::size_t some, typename Columns>
[[gnu::always_inline]] inline void add_lanes(const cell_block& c, const Columns& columns,
                                             const float* const (&x)[vectors], vector (&sum)[some][vectors][rows]) {
  for (std::size_t n = 0; n < columns.end; n += Columns::step) {
    const std::size_t j = columns.column(n);
#pragma GCC unroll 4
    for (std::size_t p = 0; p < some; ++p) {
      vector in[vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v)
        in[v] = load(x[v] + j + p * width);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t at = r * c.stride + j + p * width;
        if (prefetches && p == 0)
          __builtin_prefetch(c.w + at + rows * c.stride); // the same place in the next rows
        const vector weight = cells<absolute, factored>(c, at);
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v)
          sum[p][v][r] += weight * in[v];
      }
    }
  }
}

/// Columns of a forward product: sets of lanes, then an end with zeros behind it.
template <typename Columns>
struct column_sets {
  Columns sets;
  std::size_t rest;
};

/// Products of neighbouring rows with some vectors.
/// \param c first cell of the rows \param ends their last columns, followed by readable cells
template <bool absolute, bool factored, std::size_t rows, std::size_t vectors, typename Columns>
inline void tile(const cell_block& c, const cell_block& ends, const column_sets<Columns>& columns,
                 const float* const* in, const float (*in_ends)[lanes], float* const* out, std::size_t row) {
  // A single vector is limited by memory, so weights pass once; else the registers serve one part of the lanes.
  constexpr std::size_t some = vectors == 1 ? parts : 1;
  vector total[parts][vectors][rows] = {};
#pragma GCC unroll 4
  for (std::size_t p = 0; p < parts; p += some) {
    vector sum[some][vectors][rows] = {};
    const float* x[vectors];
    const float* x_ends[vectors];
    for (std::size_t v = 0; v < vectors; ++v) {
      x[v] = in[v] + p * width;
      x_ends[v] = in_ends[v] + p * width;
    }
    add_lanes<absolute, factored, rows, vectors>(c.at(p * width), columns.sets, x, sum);
    if (columns.rest > 0)
      add_lanes<absolute, factored, rows, vectors>(ends.at(p * width), all_columns{1}, x_ends, sum);
    for (std::size_t s = 0; s < some; ++s)
      for (std::size_t v = 0; v < vectors; ++v)
        for (std::size_t r = 0; r < rows; ++r)
          total[p + s][v][r] = sum[s][v][r];
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v < vectors; ++v) {
    for (std::size_t half = parts / 2; half > 0; half /= 2)
      for (std::size_t p = 0; p < half; ++p)
        for (std::size_t r = 0; r < rows; ++r)
          total[p][v][r] += total[p + half][v][r];
    const vector sums = sums_of_lanes(total[0][v]);
    __builtin_memcpy(out[v] + row, &sums, rows * sizeof(float));
  }
}

/// The rest of the vectors: fewer than `most`.
template <bool absolute, bool factored, std::size_t rows, std::size_t most, typename Columns>
inline void last_tile(const cell_block& c, const cell_block& ends, const column_sets<Columns>& columns,
                      const float* const* in, const float (*in_ends)[lanes], float* const* out, std::size_t row,
                      std::size_t vectors) {
  if constexpr (most > 1) {
    if (vectors == most - 1)
      tile<absolute, factored, rows, most - 1>(c, ends, columns, in, in_ends, out, row);
    else
      last_tile<absolute, factored, rows, most - 1>(c, ends, columns, in, in_ends, out, row, vectors);
  }
}

/// Rows from `row` on, `count` at a time, then the rest in smaller steps.
template <bool absolute, bool factored, std::size_t count, std::size_t most_vectors, typename Columns>
void rows_of_tiles(const cell_block& c, std::size_t row, std::size_t rows, const column_sets<Columns>& columns,
                   const float* const* in, const float (*in_ends)[lanes], float* const* out, std::size_t vectors) {
  if constexpr (count > 0) {
    for (; row + count <= rows; row += count) {
      const auto first = c.at(row * c.stride);
      const auto run = [&](const cell_block& ends) {
        std::size_t v = 0;
        for (; v + most_vectors <= vectors; v += most_vectors)
          tile<absolute, factored, count, most_vectors>(first, ends, columns, in + v, in_ends + v, out + v, row);
        last_tile<absolute, factored, count, most_vectors>(first, ends, columns, in + v, in_ends + v, out + v, row,
                                                           vectors - v);
      };
      // Cells behind a row are those of the next ones: they are multiplied by the zeros behind the inputs. Nothing may
      // be read behind the last row.
      if (columns.rest > 0 && (row + count) * c.stride - columns.rest + lanes > rows * c.stride) {
        const row_ends<count> copy(first.at(c.stride - columns.rest), columns.rest);
        run(copy.block(c));
      } else {
        run(first.at(c.stride - columns.rest));
      }
    }
    rows_of_tiles<absolute, factored, count / 2, most_vectors>(c, row, rows, columns, in, in_ends, out, vectors);
  }
}

/// Sets of columns where not all inputs are 0, written to `to`; the others would add 0, which changes no sum.
inline listed_columns active_columns(const float* in, std::size_t sets, std::uint32_t* to) {
  listed_columns list{0, to};
  for (std::size_t n = 0; n < sets; ++n) {
    std::uint64_t pairs[lanes / 2];
    __builtin_memcpy(pairs, in + n * lanes, sizeof pairs);
    std::uint64_t bits = 0;
#pragma GCC unroll 8
    for (const auto pair : pairs)
      bits |= pair;
    bits &= 0x7fffffff7fffffff; // a zero may have a sign
    to[list.end] = static_cast<std::uint32_t>(n * lanes);
    list.end += bits != 0 ? 1 : 0;
  }
  return list;
}

template <bool absolute, bool factored>
void forward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* const* in,
             float* const* out, std::size_t vectors) {
  constexpr bool plain = !absolute && !factored; // the others are rare and need not be fast
  constexpr std::size_t at_once = 16;
  constexpr std::size_t most_listed = 1024;
  constexpr std::size_t fewest_rows = 32; // a list pays off when many rows use it
  const std::size_t rest = columns % lanes;
  const std::size_t sets = columns / lanes;
  const cell_block c{w, k, columns};
  for (std::size_t first = 0; first < vectors; first += at_once) {
    const std::size_t count = vectors - first < at_once ? vectors - first : at_once;
    float ends[at_once][lanes];
    if (rest > 0)
      for (std::size_t v = 0; v < count; ++v)
        for (std::size_t j = 0; j < lanes; ++j)
          ends[v][j] = j < rest ? in[first + v][columns - rest + j] : 0.0F;
    const auto run =
        [&]<std::size_t tile_height, std::size_t tile_width, typename Columns>(const Columns& sets_of_columns) {
          rows_of_tiles<absolute, factored, tile_height, tile_width>(
              c, 0, rows, column_sets<Columns>{sets_of_columns, rest}, in + first, ends, out + first, count);
        };
    if (plain && count > 1) {
      run.template operator()<plain ? tile_rows : 1, plain ? tile_vectors : 1>(all_columns{columns - rest});
      continue;
    }
    std::uint32_t list[most_listed];
    if (count == 1 && sets <= most_listed && rows >= fewest_rows)
      if (const auto active = active_columns(in[first], sets, list); active.end < sets - sets / 8) {
        run.template operator()<single_rows, 1>(active);
        continue;
      }
    run.template operator()<single_rows, 1>(all_columns{columns - rest});
  }
}

// --- Backward --------------------------------------------------------------------------------------------------------

/// sum += the cells of `columns` x width columns times the vectors, rows in order.
template <bool absolute, bool factored, std::size_t columns, std::size_t vectors>
[[gnu::always_inline]] inline void add_rows(const cell_block& c, std::size_t rows, const float* const (&x)[vectors],
                                            vector (&sum)[vectors][columns]) {
  for (std::size_t r = 0; r < rows; ++r) {
    vector weight[columns];
#pragma GCC unroll 8
    for (std::size_t p = 0; p < columns; ++p)
      weight[p] = cells<absolute, factored>(c, r * c.stride + p * width);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) {
      const float factor = x[v][r];
#pragma GCC unroll 8
      for (std::size_t p = 0; p < columns; ++p)
        sum[v][p] += weight[p] * factor;
    }
  }
}

/// Some rows of the matrix on their way through a backward product.
struct portion {
  cell_block c; ///< first cell
  std::size_t rows;
  std::size_t row;      ///< of the first cell
  std::size_t readable; ///< cells from the first one to the end of the matrix

  [[nodiscard]] portion from_column(std::size_t j) const { return {c.at(j), rows, row, readable - j}; }
  /// Rows at the beginning where a whole vector of cells can be read.
  [[nodiscard]] std::size_t followed_rows() const {
    const std::size_t followed = readable < width ? 0 : (readable - width) / c.stride + 1;
    return followed < rows ? followed : rows;
  }
};

/// A portion times some vectors, for `columns` x width neighbouring columns: the first ones of the portion, `column` of
/// the results. \param begins sums begin here, at 0
template <bool absolute, bool factored, std::size_t columns, std::size_t vectors>
inline void panel(const portion& p, bool begins, const float* const* in, float* const* out, std::size_t column) {
  vector sum[vectors][columns] = {};
  const float* x[vectors];
  for (std::size_t v = 0; v < vectors; ++v)
    x[v] = in[v] + p.row;
  if (!begins)
    for (std::size_t v = 0; v < vectors; ++v)
      for (std::size_t n = 0; n < columns; ++n)
        sum[v][n] = load(out[v] + column + n * width);
  add_rows<absolute, factored, columns, vectors>(p.c, p.rows, x, sum);
  for (std::size_t v = 0; v < vectors; ++v)
    for (std::size_t n = 0; n < columns; ++n)
      store(out[v] + column + n * width, sum[v][n]);
}

/// As panel(), for fewer than `width` columns. A vector of cells reaches into the next row: its sums are dropped.
template <bool absolute, bool factored, std::size_t vectors>
inline void last_columns(const portion& p, const float* const* in, float* const* out, std::size_t column,
                         std::size_t columns) {
  float sum[vectors][width] = {};
  float* sums[vectors];
  for (std::size_t v = 0; v < vectors; ++v) {
    sums[v] = sum[v];
    if (p.row > 0)
      __builtin_memcpy(sum[v], out[v] + column, columns * sizeof(float));
  }
  portion part = p;
  part.rows = p.followed_rows();
  panel<absolute, factored, 1, vectors>(part, false, in, sums, 0);
  for (std::size_t r = part.rows; r < p.rows; ++r) { // of the end of the matrix: nothing is read behind it
    const row_ends<1> copy(p.c.at(r * p.c.stride), columns);
    panel<absolute, factored, 1, vectors>({copy.block(p.c), 1, p.row + r, lanes}, false, in, sums, 0);
  }
  for (std::size_t v = 0; v < vectors; ++v)
    __builtin_memcpy(out[v] + column, sum[v], columns * sizeof(float));
}

/// All columns of a portion, `at_once` x width at a time: neighbouring panels share pages and prefetched lines.
template <bool absolute, bool factored, std::size_t at_once, std::size_t vectors>
inline void panels(const portion& p, const float* const* in, float* const* out, std::size_t columns) {
  const bool begins = p.row == 0;
  std::size_t j = 0;
  for (; j + at_once * width <= columns; j += at_once * width)
    panel<absolute, factored, at_once, vectors>(p.from_column(j), begins, in, out, j);
  for (; j + width <= columns; j += width)
    panel<absolute, factored, 1, vectors>(p.from_column(j), begins, in, out, j);
  if (j < columns)
    last_columns<absolute, factored, vectors>(p.from_column(j), in, out, j, columns - j);
}

template <bool absolute, bool factored>
void backward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* const* in,
              float* const* out, std::size_t vectors) {
  constexpr std::size_t most_vectors = absolute || factored ? 1 : panel_vectors; // the rare ones need not be fast
  const cell_block c{w, k, columns};
  const std::size_t of_cache = portion_cells / columns;
  const std::size_t at_once = vectors == 1 || of_cache < single_portion_rows ? single_portion_rows : of_cache;
  for (std::size_t row = 0; row < rows; row += at_once) {
    const std::size_t count = rows - row < at_once ? rows - row : at_once;
    const portion p{c.at(row * columns), count, row, (rows - row) * columns};
    std::size_t v = 0;
    for (; most_vectors > 1 && v + most_vectors <= vectors; v += most_vectors)
      panels<absolute, factored, panel_columns, most_vectors>(p, in + v, out + v, columns);
    for (; v < vectors; ++v)
      panels<absolute, factored, single_panel_columns, 1>(p, in + v, out + v, columns);
  }
}

// ---------------------------------------------------------------------------------------------------------------------

template <bool absolute>
void any_forward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* const* in,
                 float* const* out, std::size_t vectors) {
  if (k == nullptr)
    forward<absolute, false>(w, k, rows, columns, in, out, vectors);
  else
    forward<absolute, true>(w, k, rows, columns, in, out, vectors);
}
template <bool absolute>
void any_backward(const float* w, const float* k, std::size_t rows, std::size_t columns, const float* const* in,
                  float* const* out, std::size_t vectors) {
  if (k == nullptr)
    backward<absolute, false>(w, k, rows, columns, in, out, vectors);
  else
    backward<absolute, true>(w, k, rows, columns, in, out, vectors);
}

constexpr product_kernels all_kernels{any_forward<false>, any_backward<false>, any_forward<true>, any_backward<true>};

} // namespace
} // namespace tilework::physics
// NOLINTEND(misc-definitions-in-headers,*-avoid-c-arrays,*-array-to-pointer-decay)
