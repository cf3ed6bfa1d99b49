// SPDX-License-Identifier: Apache-2.0
/// \file Values of weights and biases before training.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tilework::numerics {

/// Fills `out` with U(-1/sqrt(fan_in), +1/sqrt(fan_in)): what Kaiming-uniform (He et al., ICCV 2015) with negative
/// slope sqrt(5) amounts to, PyTorch's default for the weights and, with the same bound, the biases of a linear layer.
/// Element e depends on (seed, layer, first_element + e) only.
/// \param fan_in inputs of the layer, at least 1; else std::invalid_argument
/// \param first_element number of out[0] within the layer: weights row by row, then biases
///        (the first bias has number outputs * inputs)
void kaiming_uniform(std::uint64_t seed, std::uint32_t layer, std::uint32_t fan_in, std::span<float> out,
                     std::uint64_t first_element = 0);

/// Distributions of initial weights; fan_in inputs and fan_out outputs of the layer.
enum class initial_distribution : std::uint8_t {
  kaiming_uniform, ///< see above
  xavier_uniform,  ///< U(-b, b), b = sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio, AISTATS 2010)
  xavier_normal,   ///< N(0, 2 / (fan_in + fan_out)), same source
};

namespace detail {
inline constexpr std::array<std::pair<std::string_view, initial_distribution>, 3> initial_distribution_names{
    {{"kaiming_uniform", initial_distribution::kaiming_uniform},
     {"xavier_uniform", initial_distribution::xavier_uniform},
     {"xavier_normal", initial_distribution::xavier_normal}}};
} // namespace detail

constexpr std::span<const std::pair<std::string_view, initial_distribution>> names_of(initial_distribution /*tag*/) {
  return detail::initial_distribution_names;
}

/// A layer whose weights are drawn.
struct initial_layer {
  std::uint64_t seed = 0;
  std::uint32_t layer = 0;
  std::uint32_t inputs = 1;
  std::uint32_t outputs = 1;
};

/// Fills `out` with elements of a layer, numbered as for kaiming_uniform(); an element depends on the layer and its
/// number only. Biases, the elements from outputs * inputs on, have the bound of the weights for kaiming_uniform and
/// are 0 for the two others. \throws std::invalid_argument if the layer has no inputs
void initial_weights(initial_distribution distribution, const initial_layer& layer, std::span<float> out,
                     std::uint64_t first_element = 0);

/// Adds N(0, std^2) to elements of a copy of a layer's weights, numbered as for initial_weights(): copies that were
/// programmed one by one differ.
void add_mismatch(const initial_layer& layer, std::uint32_t copy, float std, std::span<float> weights,
                  std::uint64_t first_element);

/// Fills `weights` with N(0, std^2): what a copy's devices hold before anybody programs them. Numbered in the same way.
void fabricated_weights(const initial_layer& layer, std::uint32_t copy, float std, std::span<float> weights,
                        std::uint64_t first_element);

/// Standard deviation of initial weights.
double deviation_of(initial_distribution distribution, const initial_layer& layer);

} // namespace tilework::numerics
