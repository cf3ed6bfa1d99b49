// SPDX-License-Identifier: Apache-2.0
/// \file Values of weights and biases before training.
#pragma once

#include <cstdint>
#include <span>

namespace tilework::numerics {

/// Fills `out` with U(-1/sqrt(fan_in), +1/sqrt(fan_in)): what Kaiming-uniform (He et al., ICCV 2015) with negative
/// slope sqrt(5) amounts to, PyTorch's default for the weights and, with the same bound, the biases of a linear layer.
/// Element e depends on (seed, layer, first_element + e) only.
/// \param fan_in inputs of the layer, at least 1; else std::invalid_argument
/// \param first_element number of out[0] within the layer: weights row by row, then biases
///        (the first bias has number outputs * inputs)
void kaiming_uniform(std::uint64_t seed, std::uint32_t layer, std::uint32_t fan_in, std::span<float> out,
                     std::uint64_t first_element = 0);

} // namespace tilework::numerics
