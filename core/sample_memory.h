// SPDX-License-Identifier: Apache-2.0
/// \file What is stored behind the memory port: the samples of the training and test set, and initial weights.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/step_program.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace tilework {

class sample_memory {
public:
  sample_memory() = default;
  sample_memory(const sample_memory&) = delete;
  sample_memory& operator=(const sample_memory&) = delete;
  virtual ~sample_memory() = default;

  /// Bytes of one stored sample with its label.
  [[nodiscard]] virtual std::uint32_t bytes_per_sample() const = 0;
  /// Fills one vector of `x` and one label per sample of the context.
  virtual void load(const step_context& context, mutable_burst x, mutable_burst labels) const = 0;
  /// Fills the initial weights of an array: one output line per vector. \param array index in the run's list
  virtual void load_weights(std::uint32_t array, mutable_burst weights) const = 0;
};

} // namespace tilework
