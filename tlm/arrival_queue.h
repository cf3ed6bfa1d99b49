// SPDX-License-Identifier: Apache-2.0
/// \file Time-ordered queue of payloads with an order of its own for ties.
#pragma once

#include <tilework/tlm/agenda.h>
#include <tilework/tlm/tile_extension.h>

#include <cstdint>
#include <limits>
#include <systemc>
#include <tlm>
#include <tuple>
#include <vector>

namespace tilework::transaction {

/// Hands out payloads by (time, priority, source, order of push). The kernel runs the processes of one delta cycle in
/// an unspecified order; so what is pushed during a delta cycle is handed out in a later one, sorted, and results do
/// not depend on the order in which the pushers ran.
///
/// Use from a method process that is sensitive to event():
///     while (auto* payload = queue.take()) serve(*payload);
/// take() arms the event again when it returns null. A user that stops earlier must call retry() when it can go on.
class arrival_queue {
public:
  /// \param ahead null: in the kernel's time
  explicit arrival_queue(const char* event_name, agenda* ahead = nullptr);

  /// The payload arrives at the present plus `delay`. Does not acquire it.
  void push(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  /// The next payload that is due, or null.
  [[nodiscard]] ::tlm::tlm_generic_payload* take();
  /// Wakes the user in the next delta cycle.
  void retry() { event_.notify(sc_core::SC_ZERO_TIME); }

  [[nodiscard]] const sc_core::sc_event& event() const { return event_.event(); }
  [[nodiscard]] wakeup& wakes() { return event_; }
  [[nodiscard]] std::size_t size() const { return sorted_.size() + incoming_.size(); }

private:
  struct arrival {
    sc_core::sc_time time;
    std::uint32_t priority;
    std::uint32_t source;
    std::uint64_t sequence;
    std::uint64_t delta; ///< delta cycle of the push
    ::tlm::tlm_generic_payload* payload;
  };
  static bool later(const arrival& a, const arrival& b) {
    if (a.time != b.time)
      return a.time > b.time;
    return std::tie(a.priority, a.source, a.sequence) > std::tie(b.priority, b.source, b.sequence);
  }
  static constexpr auto never = std::numeric_limits<std::uint64_t>::max();

  [[nodiscard]] std::uint64_t delta_count() const {
    return ahead_ == nullptr ? sc_core::sc_delta_count() : ahead_->delta_count();
  }
  void admit_incoming(std::uint64_t delta);

  agenda* ahead_;
  const sc_core::sc_time& present_; // a variable, not a call: asked for at every hop
  std::vector<arrival> sorted_;     // heap, earliest first
  std::vector<arrival> incoming_;   // pushed without delay, in order of delta cycle; due in a later one
  std::uint64_t pushes_ = 0;
  std::uint64_t closed_delta_ = never; // first delta cycle of an instant in which nothing may be handed out
  sc_core::sc_time instant_ = sc_core::sc_max_time();
  wakeup event_;
};

} // namespace tilework::transaction
