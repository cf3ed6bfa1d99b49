// SPDX-License-Identifier: Apache-2.0
/// \file The live line of a run.
#pragma once

#include <tilework/cli/simulation.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

namespace tilework::cli {

/// Samples per second, time to go, loss, accuracy, simulated time and energy so far: one line that is rewritten on a
/// terminal, a plain line every few seconds elsewhere.
class progress_line {
public:
  progress_line(const simulation& run, unsigned epochs, std::uint64_t samples_per_epoch, std::FILE* out);

  /// Cheap unless a line is due.
  void update(const workload::training_position& position);
  void update(const workload::programming_status& status);
  void set_accuracy(double accuracy) { accuracy_ = accuracy; }
  /// Ends a line that is being rewritten.
  void finish();

private:
  using clock = std::chrono::steady_clock;
  /// Whether a line is due.
  bool is_due();
  void print(const workload::training_position& position);
  void show(const std::string& line);

  const simulation& run_;
  unsigned epochs_;
  std::uint64_t samples_per_epoch_;
  std::FILE* out_;
  bool terminal_;
  clock::time_point begin_ = clock::now();
  clock::time_point next_;
  std::optional<std::uint64_t> first_sample_; ///< a resumed run does not start at 0
  std::optional<double> accuracy_;
  std::uint64_t calls_ = 0;
};

} // namespace tilework::cli
