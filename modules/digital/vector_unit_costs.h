// SPDX-License-Identifier: Apache-2.0
/// \file Arithmetic that each vector function takes, counted from its formula.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/step_program.h>

#include <cstdint>

namespace tilework::hardware {

struct alu_operations {
  std::uint64_t add = 0;
  std::uint64_t multiply = 0;
  std::uint64_t compare = 0;
  std::uint64_t divide = 0;
  std::uint64_t special = 0; ///< exponential, logarithm, activation look-up
  [[nodiscard]] constexpr std::uint64_t total() const { return add + multiply + compare + divide + special; }
};

/// Cycles that operations hold the lanes of a digital unit.
constexpr std::int64_t cycles_of(const alu_operations& operations, unsigned lanes, unsigned ops_per_lane_cycle) {
  const std::uint64_t per_cycle = std::uint64_t{lanes} * ops_per_lane_cycle;
  return static_cast<std::int64_t>((operations.total() + per_cycle - 1) / per_cycle);
}

inline void add_counts(action_counts& counts, phase p, const alu_operations& operations) {
  counts.add(p, action::alu_add, operations.add);
  counts.add(p, action::alu_multiply, operations.multiply);
  counts.add(p, action::alu_compare, operations.compare);
  counts.add(p, action::alu_divide, operations.divide);
  counts.add(p, action::alu_special, operations.special);
}

/// Operations of `op`; lengths are elements per vector.
constexpr alu_operations alu_operations_of(const operation& op) {
  const std::uint64_t n = op.vectors;
  const std::uint64_t in = op.inputs[0].length;
  const std::uint64_t all = n * in;
  switch (op.function) {
  case vector_function::noise_management: // max |x|, one reciprocal, scaled x (outputs are rescaled behind the ADC)
    return {.multiply = all, .compare = all, .divide = n};
  case vector_function::update_management: { // max |x|, max |d|, two square roots of ratios, scaled probabilities
    const std::uint64_t both = all + n * op.inputs[1].length;
    return {.multiply = both, .compare = both, .divide = 2 * n};
  }
  case vector_function::accumulate_partial_sums:
    return {.add = all - n * op.outputs[0].length, .multiply = op.inputs[1].length > 0 ? all : 0}; // weights
  case vector_function::add_bias:
    return {.add = all};
  case vector_function::bias_activation:
    return op.activation_function == activation::relu       ? alu_operations{.add = all, .compare = all}
           : op.activation_function == activation::identity ? alu_operations{.add = all}
                                                            : alu_operations{.add = all, .special = all};
  case vector_function::loss_gradient: // max, z - max, exp, sum, 1/sum, p, log, p - onehot
    return {.add = 3 * all, .multiply = all, .compare = all, .divide = n, .special = all + n};
  case vector_function::activation_gradient:
    switch (op.activation_function) {
    case activation::sigmoid: // e x (1 - x)
    case activation::tanh:    // e (1 - x^2)
      return {.add = all, .multiply = 2 * all};
    case activation::relu:
      return {.compare = all};
    case activation::identity:
      return {};
    }
    return {};
  case vector_function::bias_update: // b -= lr sum d
    return {.add = all, .multiply = in};
  case vector_function::input_range_estimate: // mean, squared deviations; variance, root, |r n + alpha std| / (n + 1)
    return {.add = 3 * all + 2, .multiply = all + 2, .compare = 1, .divide = 4};
  case vector_function::input_range_apply: // two-sided clamp, one reciprocal
    return {.multiply = all, .compare = 2 * all, .divide = 1};
  case vector_function::input_range_update: // x against r and -r, sign of z, sum and count; r, its decay and its step
    return {.add = 2 * all + 2, .multiply = 4, .compare = 3 * all + 2};
  case vector_function::operand_maxima:
    return {.compare = all + n * op.inputs[1].length};
  case vector_function::input_range_restore:
  case vector_function::output_scale_apply:
  case vector_function::output_scale_gradient:
    return {.multiply = all};
  case vector_function::output_scale_update: // s -= lr sum d y
    return {.add = all, .multiply = all + 1};
  case vector_function::draw_normal: { // one number of a normal generator, times std
    const std::uint64_t drawn = n * op.outputs[0].length;
    return {.multiply = drawn, .special = drawn};
  }
  case vector_function::difference:
    return {.add = all};
  case vector_function::moving_variance: // sum of squares, their mean, v + alpha (mean - v)
    return {.add = all + 2 * n, .multiply = all + 2 * n};
  case vector_function::none:
    break;
  }
  return {};
}

} // namespace tilework::hardware
