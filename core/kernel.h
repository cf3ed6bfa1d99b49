// SPDX-License-Identifier: Apache-2.0
/// \file Work of a target, cut into blocks that may run on any thread.
#pragma once

#include <cstdint>

namespace tilework {

/// Blocks of a stage are independent of each other and of the thread that runs them; the grid of blocks depends on
/// shapes only. Most kernels have one stage.
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
  /// All blocks have run. True if there is a further stage, whose blocks need all of those: blocks() is then its
  /// number. Called once per stage, by the thread that forks.
  virtual bool advance() { return false; }
};

/// All stages of a kernel on this thread.
inline void run_inline(kernel& k) {
  do
    for (std::uint32_t b = 0; b < k.blocks(); ++b)
      k.run_block(b);
  while (k.advance());
}

} // namespace tilework
