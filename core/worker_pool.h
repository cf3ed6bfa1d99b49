// SPDX-License-Identifier: Apache-2.0
/// \file Threads that run kernels: one fork and join per set of ready operations.
#pragma once

#include <tilework/core/kernel.h>

#include <memory>
#include <span>

namespace tilework {

/// Fork-join pool. The caller takes part; workers spin for some microseconds after a fork and then park, because a
/// condition-variable hand-over costs 10-40 us and a spinning one 0.4 us. Work below about 20 us runs inline.
class worker_pool {
public:
  /// \param threads total number of threads including the caller; 0 = all cores.
  explicit worker_pool(unsigned threads);
  ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  [[nodiscard]] unsigned threads() const;
  /// Runs every block of every kernel, stage by stage, and returns when all are done. Blocks of the kernel with the
  /// largest ones start first. The first exception of a block is rethrown.
  void run(std::span<kernel* const> kernels);

private:
  void run_stage();

  struct state;
  std::unique_ptr<state> state_;
};

} // namespace tilework
