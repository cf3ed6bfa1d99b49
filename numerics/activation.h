// SPDX-License-Identifier: Apache-2.0
/// \file Activation functions and their derivatives.
#pragma once

#include <tilework/core/step_program.h>

#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace tilework {

inline constexpr std::array<std::pair<std::string_view, activation>, 4> activation_names{
    {{"identity", activation::identity},
     {"sigmoid", activation::sigmoid},
     {"relu", activation::relu},
     {"tanh", activation::tanh}}};
constexpr std::span<const std::pair<std::string_view, activation>> names_of(activation) {
  return activation_names;
}

} // namespace tilework

namespace tilework::numerics {

/// out = f(z + b), element by element. All of equal length; out may be z.
void bias_activation(activation f, std::span<const float> z, std::span<const float> b, std::span<float> out);

/// d = e * f'(z), where f' is expressed by the activation's output x = f(z): sigmoid x(1 - x), tanh 1 - x^2,
/// relu 1 for x > 0 else 0, identity 1. All of equal length; d may be e.
void activation_gradient(activation f, std::span<const float> e, std::span<const float> x, std::span<float> d);

} // namespace tilework::numerics
