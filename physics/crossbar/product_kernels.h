// SPDX-License-Identifier: Apache-2.0
/// \file Dense products, compiled once per instruction set. All of them add in the same order and fuse nothing, so the
/// bits of a result do not depend on the processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::physics {

/// baseline is what the compiler was asked for; the others are the levels of the x86-64 psABI (AVX2, AVX-512).
enum class instruction_set : std::uint8_t { baseline, x86_64_v3, x86_64_v4 };

std::span<const std::pair<std::string_view, instruction_set>> names_of(instruction_set /*tag*/);
std::string_view name_of(instruction_set isa);
/// Whether this program has code for it and this processor executes it.
bool is_supported(instruction_set isa);
/// The fastest supported one.
instruction_set best_instruction_set();

/// Products of several vectors with a row-major matrix of `rows` x `columns`: out[v] = W in[v]. What a vector gives
/// does not depend on the vectors beside it. `factors` multiplies the weights element by element; null: 1. All weights
/// are finite; in[v] and out[v] must not overlap.
struct product_kernels {
  using product = void (*)(const float* weights, const float* factors, std::size_t rows, std::size_t columns,
                           const float* const* in, float* const* out, std::size_t vectors);
  product forward;          ///< out[v][rows] = W in[v][columns]; sixteen interleaved sums per row, added as a tree
  product backward;         ///< out[v][columns] = W^T in[v][rows]; rows in order
  product absolute_forward; ///< |W| in place of W
  product absolute_backward;
};

/// \pre is_supported(isa)
const product_kernels& kernels_of(instruction_set isa);

} // namespace tilework::physics
