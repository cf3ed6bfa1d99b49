// SPDX-License-Identifier: Apache-2.0
/// \file Compares what one training step did to the weights with the gradient that it was given.
#pragma once

#include <tilework/core/byte_stream.h>
#include <tilework/workloads/digital_network.h>
#include <tilework/workloads/training_session.h>

#include <optional>
#include <span>
#include <vector>

namespace tilework::cli {

/// Per layer the cosine between the change of the weights in one step and -sum_v d_v x_v^T, the descent that the step's
/// own operands ask for: 1 = the update went where it should, 0 = it went anywhere.
class gradient_probe {
public:
  /// Before the step. \param weights of all layers
  void begin(std::vector<workload::digital_layer> weights) { before_ = std::move(weights); }
  [[nodiscard]] bool has_begun() const { return !before_.empty(); }
  /// After it, with its operands still in place.
  void finish(std::span<const workload::digital_layer> weights, const workload::training_session& session);
  /// Cosine of a layer since the last clear(); empty if no step was compared, or nothing changed.
  [[nodiscard]] std::optional<double> cosine(std::size_t layer) const {
    return layer < cosines_.size() ? cosines_[layer] : std::nullopt;
  }
  void clear() { cosines_.clear(); }

  /// The weights of before are those of the run, so only begin() is repeated after a restore() that returns true.
  void save(byte_writer& writer) const;
  [[nodiscard]] bool restore(byte_reader& reader);

private:
  std::vector<workload::digital_layer> before_;
  std::vector<std::optional<double>> cosines_;
};

/// Cosine between `change` (outputs x inputs) and -sum_v d[v] x[v]^T; empty if one of them is 0.
std::optional<double> descent_cosine(std::span<const float> change, const_burst x, const_burst d);

} // namespace tilework::cli
