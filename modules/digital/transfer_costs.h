// SPDX-License-Identifier: Apache-2.0
/// \file Arithmetic and buffer traffic that each transfer function takes, counted from its formula.
#pragma once

#include <tilework/modules/digital/vector_unit_costs.h>
#include <tilework/numerics/transfer.h>

#include <cstdint>
#include <span>
#include <variant>

namespace tilework::hardware {

/// What an operation takes whatever its data: elements that do not fire cost what those cost that do.
struct transfer_cost {
  alu_operations alu;
  std::uint64_t words_read = 0;    ///< of state in the controller's buffer
  std::uint64_t words_written = 0; ///< same
};

namespace detail {

/// T reads of `length` elements, one line of the hidden matrix.
inline transfer_cost line_cost(const numerics::transfer_rule& rule, std::uint64_t copies, std::uint64_t length) {
  transfer_cost cost;
  cost.alu.add = (copies - 1) * length;
  if (std::holds_alternative<numerics::direct_rule>(rule)) { // counts = -read
    cost.alu.multiply = length;
    return cost;
  }
  // h + L a; |h| against the threshold; whole pulses (a division by a constant) and what is left of h
  cost.alu.add += 2 * length;
  cost.alu.multiply += 2 * length;
  cost.alu.compare += length;
  cost.words_read = cost.words_written = length;
  const auto* chopped = std::get_if<numerics::chopped_rule>(&rule);
  if (chopped == nullptr)
    return cost;
  if (chopped->no_buffer)
    cost.words_read = cost.words_written = 0;
  if (chopped->input_choppers != numerics::chopper_schedule::never || chopped->out_chop_prob > 0)
    cost.alu.multiply += length;
  if (chopped->dynamic) { // per read: a - R and (1 - beta) M + beta a; M and R are read, M is written, R only rarely
    cost.alu.add += 2 * copies * length;
    cost.alu.multiply += 2 * copies * length;
    cost.words_read += 2 * copies * length;
    cost.words_written += copies * length;
  }
  return cost;
}

/// Quantising of n vectors: maximum, one division, to the grid, dither, clip and back.
inline alu_operations quantising_cost(std::uint64_t n, std::uint64_t length, bool dithered) {
  return {.add = dithered ? n * length : 0, .multiply = 2 * n * length, .compare = 2 * n * length, .divide = n};
}

/// chi += lr d x^T, vector by vector: every cell is read and written for each.
inline transfer_cost product_cost(const numerics::transfer_rule& rule, std::uint64_t n, std::uint64_t inputs,
                                  std::uint64_t outputs) {
  const std::uint64_t cells = n * inputs * outputs;
  transfer_cost cost{
      .alu = {.add = cells, .multiply = cells + n * outputs}, .words_read = cells, .words_written = cells};
  const auto quantise = [&](std::int32_t bins, bool dithered, std::uint64_t length) {
    if (bins <= 0)
      return;
    const auto extra = quantising_cost(n, length, dithered);
    cost.alu.add += extra.add;
    cost.alu.multiply += extra.multiply;
    cost.alu.compare += extra.compare;
    cost.alu.divide += extra.divide;
  };
  if (const auto* rank_one = std::get_if<numerics::rank_one_rule>(&rule)) {
    quantise(rank_one->x_bins, rank_one->stochastic_x, inputs);
    quantise(rank_one->d_bins, rank_one->stochastic_d, outputs);
  }
  return cost;
}

} // namespace detail

/// Cost of a function with these operands, see numerics/transfer.h:
/// - fast_rate, per vector: two running means m + tau (new - m), rate = constant / (m_x m_d)
/// - accumulate_line: sum over the T reads and the rule, element by element; AGAD per read its reference and mean
/// - accumulate_product, per vector: lr d, then one multiplication and one addition per cell
/// - take_lines, per element: chi / eps, truncation, chi - k eps
inline transfer_cost transfer_cost_of(transfer_function function, const numerics::transfer_rule& rule,
                                      std::span<const const_burst> in, std::span<const mutable_burst> out) {
  switch (function) {
  case transfer_function::fast_rate: {
    const std::uint64_t n = in[0].vectors;
    return {.alu = {.add = 4 * n, .multiply = 3 * n, .divide = n}};
  }
  case transfer_function::accumulate_line:
    return detail::line_cost(rule, in[0].vectors, in[0].length);
  case transfer_function::accumulate_product:
    return detail::product_cost(rule, in[0].vectors, in[0].length, in[1].length);
  case transfer_function::take_lines: {
    const std::uint64_t elements = out[0].elements();
    return {.alu = {.add = elements, .multiply = 2 * elements, .compare = elements},
            .words_read = elements,
            .words_written = elements};
  }
  case transfer_function::none:
    break;
  }
  return {};
}

} // namespace tilework::hardware
