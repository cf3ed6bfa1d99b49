// SPDX-License-Identifier: Apache-2.0
/// \file Products with the weights of an array, in either direction.
#pragma once

#include <tilework/physics/crossbar/product_kernels.h>

#include <cstdint>
#include <limits>
#include <span>

namespace tilework::physics {

struct array_shape {
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
  [[nodiscard]] constexpr std::size_t cells() const { return std::size_t{inputs} * outputs; }
};

enum class mvm_direction : std::uint8_t { forward, backward };

/// Weights in one direction of use: row-major outputs x inputs in memory, transposed for backward.
struct weight_view {
  const float* data = nullptr;
  array_shape shape;
  mvm_direction direction = mvm_direction::forward;
  const float* factors = nullptr;                  ///< multiply the weights element by element; null: 1
  instruction_set isa = instruction_set::baseline; ///< how products are computed, not what they give
  /// The only driven line whose input is not 0, if the caller knows: then a product costs one line.
  std::uint32_t only_line = all_lines;
  static constexpr std::uint32_t all_lines = std::numeric_limits<std::uint32_t>::max();

  [[nodiscard]] std::uint32_t driven_lines() const {
    return direction == mvm_direction::forward ? shape.inputs : shape.outputs;
  }
  [[nodiscard]] std::uint32_t read_lines() const {
    return direction == mvm_direction::forward ? shape.outputs : shape.inputs;
  }
};

/// out[v] = W in[v]: pointers to driven_lines() and to read_lines() floats that do not overlap. A result depends on the
/// weights and on its own vector only, bit for bit. Weights pass through the cache once. No allocation.
void multiply(const weight_view& w, std::span<const float* const> in, std::span<float* const> out);
/// out[v] = |W| in[v], element-wise absolute weights.
void multiply_absolute(const weight_view& w, std::span<const float* const> in, std::span<float* const> out);

} // namespace tilework::physics
