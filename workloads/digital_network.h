// SPDX-License-Identifier: Apache-2.0
/// \file A network in floating point: what weights are worth once they are read out of a machine.
#pragma once

#include <tilework/workloads/datasets/dataset.h>
#include <tilework/workloads/network.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tilework::workload {

/// z = scale W x + bias.
struct digital_layer {
  std::vector<float> weights; ///< row-major outputs x inputs
  std::vector<float> bias;    ///< outputs
  float scale = 1;
};

/// Mean of sets of layers that arrive one after the other: stochastic weight averaging (Izmailov et al., UAI 2018).
class layer_average {
public:
  void add(const std::vector<digital_layer>& layers);
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] const std::vector<digital_layer>& mean() const { return mean_; }
  /// After a resume. \pre the shapes of `mean` are those of what will be added
  void restore(std::uint32_t count, std::vector<digital_layer> mean);

private:
  std::uint32_t count_ = 0;
  std::vector<digital_layer> mean_;
};

/// Share of samples that the network classifies correctly. \param layers shapes as `network` says
double accuracy_of(const network_configuration& network, const std::vector<digital_layer>& layers,
                   const labelled_set& samples);

} // namespace tilework::workload
