// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/digital/matrix_unit_timing.h>
#include <tilework/tlm/clock_domain.h>

#include <algorithm>
#include <cmath>

namespace tilework::hardware {
namespace {

constexpr std::uint64_t sum_bytes = 4;

constexpr std::uint64_t divided(std::uint64_t whole, std::uint64_t part) {
  return (whole + part - 1) / part;
}

/// Pieces of one side of a matrix: whole ones, and what is left.
struct side_pieces {
  std::uint64_t size;
  std::uint64_t count;
};
std::array<side_pieces, 2> pieces_of(std::uint64_t length, std::uint64_t largest) {
  return {{{largest, length / largest}, {length % largest, length % largest > 0 ? 1U : 0U}}};
}

} // namespace

matrix_unit_timing::matrix_unit_timing(const matrix_unit_configuration& configuration)
    : configuration_(configuration), period_(transaction::clock_domain(configuration.clock_Hz).period()) {
}

std::uint64_t matrix_unit_timing::weight_bytes(std::uint64_t weights) const {
  return divided(weights * configuration_.word_bits(), 8);
}

std::uint64_t matrix_unit_timing::operand_bytes(std::uint64_t n, std::uint64_t inputs, std::uint64_t outputs) const {
  const std::uint64_t width = bits_of(configuration_.format) / 8;
  return n * (std::min(inputs, outputs) * width + std::max(inputs, outputs) * sum_bytes);
}

std::int64_t matrix_unit_timing::cycles_to_move(std::uint64_t bytes) const {
  const auto& memory = configuration_.weights;
  if (memory.kind == weight_memory_kind::sram)
    return static_cast<std::int64_t>(divided(bytes, memory.width_bytes));
  const auto time = femtoseconds::from_seconds(static_cast<double>(bytes) / memory.bandwidth_bytes_per_s);
  return (time.count + period_.count - 1) / period_.count;
}

/// \param ways how often every weight passes between array and memory
std::int64_t matrix_unit_timing::folded(std::uint64_t n, std::uint64_t along_rows, std::uint64_t along_columns,
                                        unsigned ways) const {
  const std::int64_t rows = configuration_.rows;
  const auto vectors = static_cast<std::int64_t>(n);
  const std::int64_t pass = vectors + rows + configuration_.columns - 2;
  std::int64_t alone = 0;
  std::int64_t gapless = 0;
  std::int64_t longest = 0;
  for (const auto& r : pieces_of(along_rows, configuration_.rows))
    for (const auto& c : pieces_of(along_columns, configuration_.columns)) {
      const auto folds = static_cast<std::int64_t>(r.count * c.count);
      if (folds == 0)
        continue;
      const auto moved = std::max(rows, cycles_to_move(ways * weight_bytes(r.size * c.size)));
      alone += folds * (moved + pass);
      gapless += folds * std::max(moved, vectors);
      longest = std::max(longest, moved);
    }
  if (configuration_.folds == fold_overlap::single)
    return alone;
  return longest + gapless - std::max(longest, vectors) + pass;
}

std::int64_t matrix_unit_timing::streamed(const matrix_cost& traffic) const {
  const auto compute = static_cast<std::int64_t>(divided(traffic.macs, configuration_.lanes));
  return std::max(compute, cycles_to_move(traffic.weight_bytes_read + traffic.weight_bytes_written));
}

matrix_cost matrix_unit_timing::timed(matrix_cost counts, std::int64_t cycles) const {
  const auto& memory = configuration_.weights;
  if (memory.kind == weight_memory_kind::dram)
    cycles += (memory.latency.count + period_.count - 1) / period_.count;
  counts.held_cycles = counts.cycles = cycles;
  if (configuration_.kind == matrix_unit_kind::simd)
    counts.cycles += configuration_.latency_cycles;
  return counts;
}

matrix_cost matrix_unit_timing::product(std::uint64_t n, std::uint64_t summed, std::uint64_t produced) const {
  const bool systolic = configuration_.kind == matrix_unit_kind::systolic;
  const std::uint64_t width = bits_of(configuration_.format) / 8;
  const std::uint64_t once = weight_bytes(summed * produced);
  // Inputs pass again for every fold along the columns; sums return for every fold along the rows, or stay in lanes.
  const std::uint64_t repeats = divided(produced, systolic ? configuration_.columns : configuration_.lanes);
  const std::uint64_t sums = n * produced * sum_bytes * (systolic ? divided(summed, configuration_.rows) : 1);
  matrix_cost cost{.macs = n * summed * produced,
                   .weight_bytes_read = systolic ? once : once * divided(n, configuration_.vectors_per_weight),
                   .operand_bytes_read = n * summed * width * repeats + sums,
                   .operand_bytes_written = n * summed * width + sums};
  return timed(cost, systolic ? folded(n, summed, produced, 1) : streamed(cost));
}

matrix_cost matrix_unit_timing::update(std::uint64_t n, std::uint64_t inputs, std::uint64_t outputs) const {
  const bool systolic = configuration_.kind == matrix_unit_kind::systolic;
  const std::uint64_t width = bits_of(configuration_.format) / 8;
  const std::uint64_t once = weight_bytes(inputs * outputs);
  const std::uint64_t repeats_of_d = divided(inputs, systolic ? configuration_.columns : configuration_.lanes);
  const std::uint64_t repeats_of_x = systolic ? divided(outputs, configuration_.rows) : 1; // lanes keep a piece of x
  matrix_cost cost{.macs = (n + 1) * inputs * outputs,
                   .weight_bytes_read = once,
                   .weight_bytes_written = once,
                   .operand_bytes_read = n * width * (inputs * repeats_of_x + outputs * repeats_of_d),
                   .operand_bytes_written = n * width * (inputs + outputs)};
  return timed(cost, systolic ? folded(n, outputs, inputs, 2) : streamed(cost));
}

matrix_cost matrix_unit_timing::program(std::uint64_t inputs, std::uint64_t outputs) const {
  matrix_cost cost{.weight_bytes_written = weight_bytes(inputs * outputs)};
  return timed(cost, cycles_to_move(cost.weight_bytes_written));
}

} // namespace tilework::hardware
