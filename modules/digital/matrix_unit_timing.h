// SPDX-License-Identifier: Apache-2.0
/// \file What a digital matrix unit is made of, and closed formulas for what its operations take.
#pragma once

#include <tilework/core/femtoseconds.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::hardware {

/// systolic: a grid of MACs through which operands move; simd: lanes that stream weights from their memory.
enum class matrix_unit_kind : std::uint8_t { systolic, simd };
inline constexpr std::array<std::pair<std::string_view, matrix_unit_kind>, 2> matrix_unit_kind_names{
    {{"systolic", matrix_unit_kind::systolic}, {"simd", matrix_unit_kind::simd}}};
constexpr std::span<const std::pair<std::string_view, matrix_unit_kind>> names_of(matrix_unit_kind /*tag*/) {
  return matrix_unit_kind_names;
}

/// Of a systolic array. single: a fold is loaded after the one before it has left; double_buffered: while that one
/// works, so that folds follow each other without a gap.
enum class fold_overlap : std::uint8_t { single, double_buffered };
inline constexpr std::array<std::pair<std::string_view, fold_overlap>, 2> fold_overlap_names{
    {{"single", fold_overlap::single}, {"double", fold_overlap::double_buffered}}};
constexpr std::span<const std::pair<std::string_view, fold_overlap>> names_of(fold_overlap /*tag*/) {
  return fold_overlap_names;
}

/// Operands of the multiplications; sums are 32 bits wide. Decides traffic and prices, not values.
enum class mac_format : std::uint8_t { int8, bf16, fp16, fp32 };
inline constexpr std::array<std::pair<std::string_view, mac_format>, 4> mac_format_names{
    {{"int8", mac_format::int8}, {"bf16", mac_format::bf16}, {"fp16", mac_format::fp16}, {"fp32", mac_format::fp32}}};
constexpr std::span<const std::pair<std::string_view, mac_format>> names_of(mac_format /*tag*/) {
  return mac_format_names;
}
constexpr unsigned bits_of(mac_format format) {
  return format == mac_format::int8 ? 8 : format == mac_format::fp32 ? 32 : 16;
}

/// sram: in the unit, a width per cycle; dram: outside, a channel of its own with a bandwidth and a latency.
enum class weight_memory_kind : std::uint8_t { sram, dram };
inline constexpr std::array<std::pair<std::string_view, weight_memory_kind>, 2> weight_memory_kind_names{
    {{"sram", weight_memory_kind::sram}, {"dram", weight_memory_kind::dram}}};
constexpr std::span<const std::pair<std::string_view, weight_memory_kind>> names_of(weight_memory_kind /*tag*/) {
  return weight_memory_kind_names;
}

struct weight_memory_configuration {
  weight_memory_kind kind = weight_memory_kind::sram;
  std::uint64_t capacity_bytes = std::uint64_t{4} << 20U;
  unsigned word_bits = 0;                ///< of a stored weight; 0: those of the number format
  unsigned width_bytes = 512;            ///< sram: per cycle
  double bandwidth_bytes_per_s = 5.33e9; ///< dram
  femtoseconds latency;                  ///< dram: once per operation, the rest streams
};

struct matrix_unit_configuration {
  matrix_unit_kind kind = matrix_unit_kind::systolic;
  std::uint32_t rows = 128;    ///< systolic
  std::uint32_t columns = 128; ///< systolic
  fold_overlap folds = fold_overlap::single;
  std::uint32_t lanes = 64;             ///< simd: MACs per cycle
  unsigned latency_cycles = 4;          ///< simd: pipeline behind the lanes
  std::uint32_t vectors_per_weight = 4; ///< simd: vectors of a burst that share one read of a weight
  double clock_Hz = 1e9;
  mac_format format = mac_format::bf16;
  weight_memory_configuration weights;
  std::uint64_t operand_buffer_bytes = std::uint64_t{256} << 10U; ///< inputs and sums of one operation
  unsigned input_depth = 1; ///< requests per array that wait at the unit before the sender is held back

  [[nodiscard]] std::uint64_t macs() const {
    return kind == matrix_unit_kind::systolic ? std::uint64_t{rows} * columns : lanes;
  }
  [[nodiscard]] unsigned word_bits() const { return weights.word_bits != 0 ? weights.word_bits : bits_of(format); }
};

/// What one operation takes.
struct matrix_cost {
  std::int64_t held_cycles = 0; ///< until the unit can begin the next operation
  std::int64_t cycles = 0;      ///< until the result is there, >= held_cycles
  std::uint64_t macs = 0;
  std::uint64_t weight_bytes_read = 0;
  std::uint64_t weight_bytes_written = 0;
  std::uint64_t operand_bytes_read = 0;
  std::uint64_t operand_bytes_written = 0;
  friend bool operator==(const matrix_cost&, const matrix_cost&) = default;
};

/// Systolic, with R rows and C columns of MACs. An operation is cut into folds of at most R x C; a fold of T vectors
/// passes in T + R + C - 2 cycles (skew in, skew out). Beside that a fold moves between array and weight memory,
/// s = max(R, its bytes / what the memory moves in a cycle) cycles: R is one row per cycle.
///   single: sum over folds of (s + T + R + C - 2)
///   double: s of one (the largest) fold + sum over the others of max(s, T) + T + R + C - 2
/// Without a slow memory `single` is the analytical run time of SCALE-Sim, (2 R + C + T - 2) ceil(S_R / R)
/// ceil(S_C / C) (Samajdar et al., ISPASS 2020; ARM-software/SCALE-Sim), for its weight-stationary and
/// output-stationary dataflows. `double` is a bound: loading and skew of a fold hide behind the fold before.
///
/// SIMD, with L lanes: max(ceil(MACs / L), weight traffic / what the memory moves in a cycle) cycles, then the latency.
///
/// A weight memory in DRAM adds its latency once per operation.
class matrix_unit_timing {
public:
  explicit matrix_unit_timing(const matrix_unit_configuration& configuration);

  /// n products of a matrix with `summed` x `produced` weights: y = W x has summed = inputs, W^T d summed = outputs.
  /// Systolic: weight stationary, T = n, every weight is read once. SIMD: every weight is read ceil(n /
  /// vectors_per_weight) times.
  [[nodiscard]] matrix_cost product(std::uint64_t n, std::uint64_t summed, std::uint64_t produced) const;
  /// W <- W - lr sum_v d_v x_v^T: n MACs per weight for the sum, one for the step. Weights are read and written once.
  /// Systolic: output stationary with outputs along the rows, T = n; s is at least the time of both ways.
  [[nodiscard]] matrix_cost update(std::uint64_t n, std::uint64_t inputs, std::uint64_t outputs) const;
  /// Weights that come from outside are written.
  [[nodiscard]] matrix_cost program(std::uint64_t inputs, std::uint64_t outputs) const;
  /// Bytes of so many weights in their memory.
  [[nodiscard]] std::uint64_t weight_bytes(std::uint64_t weights) const;
  /// What one operation on n vectors keeps in the operand buffer at most: products inputs and sums, updates both
  /// operands.
  [[nodiscard]] std::uint64_t operand_bytes(std::uint64_t n, std::uint64_t inputs, std::uint64_t outputs) const;
  /// Cycles in which the weight memory moves so many bytes.
  [[nodiscard]] std::int64_t cycles_to_move(std::uint64_t bytes) const;

private:
  [[nodiscard]] std::int64_t folded(std::uint64_t n, std::uint64_t along_rows, std::uint64_t along_columns,
                                    unsigned ways) const;
  [[nodiscard]] std::int64_t streamed(const matrix_cost& traffic) const;
  /// Times of a cost whose counts are known.
  [[nodiscard]] matrix_cost timed(matrix_cost counts, std::int64_t cycles) const;

  matrix_unit_configuration configuration_;
  femtoseconds period_;
};

} // namespace tilework::hardware
