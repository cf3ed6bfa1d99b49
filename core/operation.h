// SPDX-License-Identifier: Apache-2.0
/// \file The vocabulary: what a machine can be asked to do, in which phase of training, and what an operation did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tilework {

/// What a transaction asks of its target. Line names: an array has `inputs` lines (driven in forward, read in backward)
/// and `outputs` lines (read in forward, driven in backward).
enum class operation_kind : std::uint8_t {
  load_samples,         ///< memory -> buffer: samples and labels of a mini-batch
  program,              ///< memory -> tile: absolute weights of one array
  forward_mvm,          ///< y = W x, n vectors
  backward_mvm,         ///< z = W^T d, n vectors
  outer_product_update, ///< W <- W - lr d x^T by coincident pulses, n vector pairs in order
  vector_op,            ///< element-wise digital arithmetic, see vector_function
  refresh,              ///< read, reset and write again the worn pairs of one-sided unit cells
  read_line,            ///< full scale on one line alone, all lines of the other side are read
  write_line, ///< W <- W - rate d e^T (or its transpose): pulses of single lines against all of the other side
  transfer,   ///< what the transfer controller computes, see transfer_function
  calibrate,  ///< symmetry points measured, references programmed
  rest,       ///< the devices relax and drift for one mini-batch: nobody does it, it takes no time
};
inline constexpr std::size_t operation_kind_count = 12;

/// Part of training that an operation's time, energy and counts are booked under.
enum class phase : std::uint8_t {
  forward,
  backward,
  update,
  transfer,
  program,
  calibrate,
  evaluate,
  read_out, ///< weights to memory, for an average over epochs
};
inline constexpr std::size_t phase_count = 8;

/// What a vector_op computes. Costs per element are in modules/digital/vector_unit_costs.h.
enum class vector_function : std::uint8_t {
  none,
  noise_management,        ///< per vector: maximum and division that scale DAC inputs and ADC outputs (values: analog
                           ///< pipeline)
  update_management,       ///< per vector: maxima of x and d and pulse probabilities (values: pulse trains)
  accumulate_partial_sums, ///< sum over array splits, in split order
  add_bias,                ///< z += b
  bias_activation,         ///< x = f(z + b)
  loss_gradient,           ///< loss, prediction and dL/dz
  activation_gradient,     ///< d = e * f'(x), with f' expressed by the activation's output x
  bias_update,             ///< b <- b - lr sum_v d_v
  input_range_estimate,    ///< range r of an array from the spread of a mini-batch
  input_range_apply,       ///< x' = clamp(x, -r, r) / r
  input_range_restore,     ///< y' = r y
  input_range_update,      ///< r <- r - lr dLoss/dr
  operand_maxima,          ///< per vector: largest |x| and |d|, for the fast learning rate
  output_scale_apply,      ///< y' = s y, with a learned factor s of the layer
  output_scale_gradient,   ///< d' = s d
  output_scale_update,     ///< s <- s - lr sum_v d_v . y_v
  draw_normal,             ///< x ~ N(0, std^2), with the operation's rate as std
  difference,              ///< a - b
  moving_variance,         ///< v <- v + alpha (mean of y^2 - v), with the operation's rate as alpha
};
inline constexpr std::size_t vector_function_count = 20;

/// What a transfer operation computes; the rules are in numerics/transfer.h.
enum class transfer_function : std::uint8_t {
  none,
  fast_rate,          ///< learning rates of the fast array from running means of the operands' maxima
  accumulate_line,    ///< a line that was read into the hidden matrix, pulse counts out of it
  accumulate_product, ///< mixed precision: chi <- chi + lr d x^T
  take_lines,         ///< mixed precision: whole pulses out of chi
};
inline constexpr std::size_t transfer_function_count = 5;

/// Which lines of an array a read_line or write_line drives.
enum class line_side : std::uint8_t { inputs, outputs };

std::string_view name_of(operation_kind kind);
std::string_view name_of(phase p);
std::string_view name_of(vector_function function);
std::string_view name_of(transfer_function function);

/// Whether a phase belongs to training (its time and energy are in the training totals).
constexpr bool is_training(phase p) {
  return p == phase::forward || p == phase::backward || p == phase::update || p == phase::transfer ||
         p == phase::read_out;
}

/// A logical array: one crossbar's worth of one layer. The key of its random streams, so never the physical place.
struct logical_array {
  std::uint16_t layer = 0;
  std::uint16_t input_split = 0;
  std::uint16_t output_split = 0;
  std::uint8_t copy = 0; ///< replica
  std::uint8_t role = 0; ///< 0 = the weights of plain SGD; other roles belong to transfer algorithms

  /// Unique 64-bit number of this array.
  [[nodiscard]] constexpr std::uint64_t key() const {
    return (std::uint64_t{layer} << 48U) | (std::uint64_t{input_split} << 32U) | (std::uint64_t{output_split} << 16U) |
           (std::uint64_t{copy} << 8U) | role;
  }
};

/// Rounds of bound management that can be recorded: reductions 1, 2, ..., 1024 and the worst-case restart.
inline constexpr std::size_t max_mvm_rounds = 12;

/// Everything about an operation that depends on data and that time or energy depend on.
struct operation_activity {
  // MVM
  std::array<std::uint32_t, max_mvm_rounds>
      vectors_in_round{};          ///< vectors that took part in round r (0 after the last)
  std::uint64_t active_inputs = 0; ///< non-zero DAC codes, all rounds
  std::uint64_t code_sum = 0;      ///< magnitudes of the DAC codes, all reads of all rounds
  std::uint64_t code_squares = 0;  ///< the same of their squares
  std::uint64_t saturations = 0;   ///< clipped ADC conversions, all rounds
  // pulsed update
  std::uint64_t pulse_slots = 0;        ///< sum over vector pairs of the bit length actually used
  std::uint64_t input_line_pulses = 0;  ///< ones in the trains of the input lines
  std::uint64_t output_line_pulses = 0; ///< ones in the trains of the output lines
  std::uint64_t coincidences = 0;       ///< pulses that cross-points received
  std::uint64_t half_selected = 0;      ///< (cell, slot) pairs with exactly one of the two lines firing
  std::uint64_t random_bits = 0;        ///< Bernoulli bits drawn for the trains
  std::uint64_t update_vectors = 0;     ///< vector pairs that had slots
  std::uint64_t clipped_updates = 0;    ///< of them, those that asked for more pulses than a train has slots
  // refresh; its reads and writes are counted as above
  std::uint64_t reset_lines = 0; ///< input lines with at least one reset
  std::uint64_t resets = 0;      ///< devices reset
  // transfer
  std::uint64_t hidden_elements = 0; ///< elements of the hidden matrix that were updated
  std::uint64_t fired = 0;           ///< of them, those that gave pulses

  /// MVM passes over all vectors and rounds.
  [[nodiscard]] constexpr std::uint64_t passes() const {
    std::uint64_t sum = 0;
    for (auto n : vectors_in_round)
      sum += n;
    return sum;
  }
  operation_activity& operator+=(const operation_activity& other);
  friend bool operator==(const operation_activity&, const operation_activity&) = default;
};

} // namespace tilework
