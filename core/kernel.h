// SPDX-License-Identifier: Apache-2.0
/// \file Work of a target, cut into blocks that may run on any thread.
#pragma once

#include <cstdint>

namespace tilework {

/// Blocks are independent of each other and of the thread that runs them; the grid of blocks depends on shapes only.
class kernel {
public:
  kernel() = default;
  kernel(const kernel&) = delete;
  kernel& operator=(const kernel&) = delete;
  virtual ~kernel() = default;
  [[nodiscard]] virtual std::uint32_t blocks() const = 0;
  /// Rough work of one block in nanoseconds: decides between inline execution and the pool, never a value.
  [[nodiscard]] virtual double estimated_block_ns() const = 0;
  virtual void run_block(std::uint32_t block) = 0;
};

} // namespace tilework
