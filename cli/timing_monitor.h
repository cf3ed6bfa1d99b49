// SPDX-License-Identifier: Apache-2.0
/// \file Observes the bookings of some training steps: for the bottlenecks of every run, and for traces.
#pragma once

#include <tilework/core/timing_analysis.h>
#include <tilework/platforms/machine.h>
#include <tilework/tlm/listener.h>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <limits>
#include <vector>

namespace tilework::cli {

/// Training steps [first, first + count).
struct step_window {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  [[nodiscard]] bool contains(std::uint64_t step) const { return step >= first && step - first < count; }
};
inline constexpr std::uint64_t all_steps = std::numeric_limits<std::uint64_t>::max();

/// One training step of every `sampling_interval` is analysed, at a place in the interval that its number decides, so
/// that nothing periodic in the training is met always or never; the very first one is among them. In all other steps
/// nothing is noted.
class timing_monitor final : public transaction::transaction_listener {
public:
  static constexpr std::uint64_t sampling_interval = 128;
  using consumer = std::function<void(const recorded_step&)>;

  explicit timing_monitor(platform::machine& machine) : machine_(machine), analysis_(machine.resources()) {}

  /// Hands the steps of a window to f, each when it is over.
  void record(const step_window& window, consumer f) { recordings_.push_back({window, std::move(f)}); }
  [[nodiscard]] timing_results results() const { return analysis_.results(sampling_interval); }

  void step_begins(const step& s) override;
  void operation_done(const operation_record& record) override;
  void drained(std::uint64_t step, femtoseconds length) override;

  /// Only between steps.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  struct recording {
    step_window window;
    consumer consume;
  };
  [[nodiscard]] static bool is_sampled(std::uint64_t step);
  void observe(bool on);

  platform::machine& machine_;
  timing_analysis analysis_;
  std::vector<recording> recordings_;
  booking_log log_;
  recorded_step current_;
  bool is_training_step_ = false;
  bool observes_ = false;
  std::uint64_t steps_ = 0; ///< of training, so far
  femtoseconds time_;       ///< the same
};

} // namespace tilework::cli
