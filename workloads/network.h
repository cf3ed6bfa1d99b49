// SPDX-License-Identifier: Apache-2.0
/// \file The network that is trained: fully connected layers.
#pragma once

#include <tilework/core/step_program.h>
#include <tilework/numerics/initial_weights.h>

#include <cstdint>
#include <vector>

namespace tilework::workload {

/// z = W x + b per layer, x' = f(z) between layers, log-softmax + negative log-likelihood at the end.
/// Bias is digital.
struct network_configuration {
  std::vector<std::uint32_t> layers{784, 256, 128, 10}; ///< neurons, inputs first; at least two entries
  activation activation_function = activation::sigmoid;
  bool bias = true;
  bool learn_output_scale = false; ///< z = s W x + b with a digital factor s per layer, learned, 1 at the start
  float logit_scale = 1;           ///< factor of the last layer's z in the loss
  numerics::initial_distribution initial_weights = numerics::initial_distribution::kaiming_uniform;

  [[nodiscard]] std::size_t weight_layers() const { return layers.size() - 1; }
};

} // namespace tilework::workload
