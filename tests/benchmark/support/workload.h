// SPDX-License-Identifier: Apache-2.0
/// \file What the benchmarks of arrays share: operands like those of training, weights in the bulk, and one operation.
#pragma once

#include <tilework/physics/crossbar/analog_array.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tilework::physics {

/// Kinds of operands of an update. Dense: x ~ N(0, 0.5^2), d ~ N(0, 0.1^2). Sparse, like images: 19 % of x is not zero
/// and uniform in (0, 1], d ~ N(0, 0.01^2).
enum class operand_kind : char {
  a = 'A', ///< dense, learning rate 0.1
  b = 'B', ///< dense, learning rate 0.01
  c = 'C', ///< sparse, learning rate 0.1
  d = 'D', ///< sparse, learning rate 0.01
};

/// Vectors that an update goes through before it sees one again.
constexpr std::uint32_t distinct_vectors = 64;

struct update_operands {
  std::vector<float> x; ///< distinct_vectors x inputs
  std::vector<float> d; ///< distinct_vectors x outputs
  float learning_rate = 0;
};

update_operands make_operands(operand_kind kind, array_shape shape);
/// N(0, 0.1^2): inside the bounds of nearly all devices.
std::vector<float> bulk_weights(array_shape shape);

/// The instruction set named by the environment variable TILEWORK_ISA; the best one without it. \throws input_error
instruction_set chosen_instruction_set();

/// All blocks of the operation that was begun, on this thread.
operation_activity finish(analog_array& array);

/// Updates with the operands in turn. The sign of the learning rate changes after every round of them, so that weights
/// wander in the bulk as in training: operands that repeat with one sign push every weight to a bound.
class update_sequence {
public:
  /// \param keeps_sign do push the weights to their bounds
  update_sequence(update_operands operands, array_shape shape, std::uint32_t burst, bool keeps_sign = false);
  operation_activity advance(analog_array& array);
  [[nodiscard]] std::uint64_t vectors() const { return vector_; }

private:
  update_operands operands_;
  array_shape shape_;
  std::uint32_t burst_;
  bool keeps_sign_;
  std::uint64_t vector_ = 0;
};

} // namespace tilework::physics
