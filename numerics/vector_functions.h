// SPDX-License-Identifier: Apache-2.0
/// \file What a vector unit computes: the functions of core/operation.h on bursts of n vectors.
///
/// | function                | in                         | out                                                |
/// |-------------------------|----------------------------|----------------------------------------------------|
/// | accumulate_partial_sums | partials: n x (k m); w: 1 x k | sum: n x m, of w_j times partial j in their order;    |
/// |                         |                            | without w plain sums                               |
/// | add_bias                | z: n x m; b: 1 x m         | z + b: n x m (may be z)                            |
/// | bias_activation         | z: n x m; b: 1 x m         | x = f(z + b): n x m (may be z)                     |
/// | loss_gradient           | z: n x m; label: n x 1     | dLoss/dz: n x m (may be z); loss, prediction: n x 1 |
/// | activation_gradient     | e: n x m; x: n x m         | d = e * f'(x): n x m (may be e)                    |
/// | bias_update             | d: n x m; b: 1 x m         | b - learning_rate * sum over v of d_v: 1 x m (may be b) |
/// | input_range_estimate    | x: n x m; block: 1 x 8     | r: 1 x 1, see input_range.h (may be the block's first)  |
/// | input_range_apply       | x: n x m; r: 1 x 1         | clamp(x, -r, r) / r: n x m                         |
/// | input_range_restore     | y: n x m; r: 1 x 1         | r y: n x m (may be y)                              |
/// | input_range_update      | x: n x m; z: n x m; block: 1 x 8 | r: 1 x 1                                     |
/// | operand_maxima          | x: n x X; d: n x D         | max over elements of |x| and of |d|: n x 2         |
/// | output_scale_apply      | y: n x m; s: 1 x 1         | s y: n x m (may be y)                              |
/// | output_scale_gradient   | d: n x m; s: 1 x 1         | s d: n x m (may be d)                              |
/// | output_scale_update     | d: n x m; y: n x m; s: 1 x 1 | s - learning_rate * sum over v of d_v . y_v: 1 x 1 |
/// |                         |                            | (may be s); y as before output_scale_apply         |
/// | draw_normal             |                            | x: n x m of N(0, parameter^2)                      |
/// | difference              | a: n x m; b: n x m         | a - b: n x m (may be a or b)                       |
/// | moving_variance         | y: n x m; v: n x 1, 0: none yet | v + parameter (mean of y^2 - v), the first time the |
/// |                         |                            | mean itself: n x 1 (may be v)                      |
///
/// Labels and predictions are integers in a float, exact below 2^24. `none` and the two management functions compute
/// nothing here: the values of these belong to the analog pipeline. The result for one vector does not depend on the
/// other vectors of its burst; sums over vectors run in vector order.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/operation.h>
#include <tilework/core/step_program.h>

#include <cstdint>
#include <span>

namespace tilework::numerics {

struct vector_scalars {
  float learning_rate = 0;      ///< bias_update, input_range_update, output_scale_update
  std::uint64_t mini_batch = 0; ///< input_range_estimate, draw_normal: number within the training, from 0
  float loss_scale =
      1;               ///< factor on the gradient of loss_gradient, 1/B for the mean over a mini-batch; not on the loss
  float parameter = 1; ///< loss_gradient: factor on z ahead of the softmax, > 0; others see above
  std::uint64_t seed = 0;   ///< draw_normal
  std::uint32_t stream = 0; ///< same: who draws
};

/// Whether the function writes its outputs here; `none` and management do not.
constexpr bool has_values(vector_function function) {
  return function > vector_function::update_management;
}

/// Along what the work of a function may be cut: the pieces give the bits of the whole.
enum class cut : std::uint8_t { nowhere, between_vectors, between_elements };
cut cut_of(vector_function function);

/// Computes one function. Operands beyond those of the table are ignored.
/// \throws std::invalid_argument if operands are missing or their shapes differ from the table, or a label is no class.
void evaluate(vector_function function, activation f, std::span<const const_burst> in,
              std::span<const mutable_burst> out, const vector_scalars& scalars);

} // namespace tilework::numerics
