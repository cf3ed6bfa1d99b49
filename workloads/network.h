// SPDX-License-Identifier: Apache-2.0
/// \file The network that is trained: fully connected layers.
#pragma once

#include <tilework/core/step_program.h>

#include <cstdint>
#include <vector>

namespace tilework::workload {

/// z = W x + b per layer, x' = f(z) between layers, log-softmax + negative log-likelihood at the end.
/// Bias is digital. Initial weights and biases: Kaiming-uniform, U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
struct network_configuration {
  std::vector<std::uint32_t> layers{784, 256, 128, 10}; ///< neurons, inputs first; at least two entries
  activation activation_function = activation::sigmoid;
  bool bias = true;

  [[nodiscard]] std::size_t weight_layers() const { return layers.size() - 1; }
};

} // namespace tilework::workload
