// SPDX-License-Identifier: Apache-2.0
/// \file Time within the current step.
#pragma once

#include <tilework/core/booking_log.h>
#include <tilework/tlm/agenda.h>
#include <tilework/tlm/time.h>

#include <functional>
#include <utility>
#include <vector>

namespace tilework::transaction {

/// The zero of calendars and clocks: the moment of the last drain, when nothing was in flight. All times of a step are
/// relative to it and everything that remembers bookings forgets them there, so how long a step takes never depends on
/// the steps before it. Owned by the platform.
class timeline {
public:
  /// \param ahead what the machine's modules run on ahead of the kernel; null: they run on the kernel
  explicit timeline(agenda* ahead = nullptr) : ahead_(ahead), present_(present_of(ahead)) {}
  timeline(const timeline&) = delete;
  timeline& operator=(const timeline&) = delete;

  /// Time since the last drain of the present plus a delay annotated to a call. Negative only if the step's initiator
  /// drained ahead of the kernel's time and annotates too little.
  [[nodiscard]] femtoseconds now(femtoseconds delay = {}) const { return to_femtoseconds(present_) + delay - origin_; }
  [[nodiscard]] femtoseconds now(const sc_core::sc_time& delay) const { return now(to_femtoseconds(delay)); }
  /// From a relative time t to the delay that the present needs to reach it (0 if it has passed).
  [[nodiscard]] sc_core::sc_time delay_until(femtoseconds t) const {
    const auto remaining = t - now();
    return remaining.count > 0 ? to_sc_time(remaining) : sc_core::SC_ZERO_TIME;
  }
  [[nodiscard]] agenda* ahead() const { return ahead_; }
  /// Kernel time of the last drain.
  [[nodiscard]] femtoseconds origin() const { return origin_; }

  /// Where the bookings of the present step are noted; null: nowhere.
  [[nodiscard]] booking_log* log() const { return log_; }
  void set_log(booking_log* log) { log_ = log; }

  /// Registers what to do at every drain, in order of registration. Elaboration only.
  void on_drain(std::function<void()> callback) { callbacks_.push_back(std::move(callback)); }
  /// Ends the step: the origin moves by `length` (in loosely timed runs the kernel's time may still be behind) and all
  /// callbacks run. \pre no operation is in flight.
  void drain(femtoseconds length);

private:
  agenda* ahead_;
  const sc_core::sc_time& present_; ///< a variable, not a call: asked for at every hop
  femtoseconds origin_;
  booking_log* log_ = nullptr;
  std::vector<std::function<void()>> callbacks_;
};

} // namespace tilework::transaction
