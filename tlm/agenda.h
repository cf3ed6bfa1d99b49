// SPDX-License-Identifier: Apache-2.0
/// \file Events of a machine in order of time, ahead of the kernel: temporal decoupling of all its modules at once.
///
/// The processes of a step wake each other only, and a step has one initiator. So its thread can work off their events
/// by itself and let the kernel's time catch up once per step, which takes a third of the kernel's time per event. The
/// rules are those of the kernel: delta cycles, in which every woken process runs once, in the kernel's order; an
/// event has one notification, the earliest.
#pragma once

#include <tilework/tlm/time.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <systemc>
#include <vector>

namespace tilework::transaction {

class wakeup;

class agenda {
public:
  agenda() = default;
  agenda(const agenda&) = delete;
  agenda& operator=(const agenda&) = delete;

  /// Runs `body` whenever one of the events is notified. Elaboration only.
  void spawn(std::function<void()> body, std::initializer_list<wakeup*> sensitivity);
  /// The next delta cycle, later in time if nothing is left to do now. False if no event is left at all.
  bool advance();

  /// In kernel time, which may be behind. The reference stays valid.
  [[nodiscard]] const sc_core::sc_time& present() const { return present_; }
  /// Delta cycles so far.
  [[nodiscard]] std::uint64_t delta_count() const { return deltas_; }

private:
  friend class wakeup;
  struct process {
    std::function<void()> body;
    std::uint64_t woken_in = 0; ///< delta cycle
  };
  struct notification {
    sc_core::sc_time time;
    std::uint64_t number = 0; ///< of the event's last notification; another one replaced it if they differ
    wakeup* event = nullptr;
  };
  void notify_at(wakeup& event, const sc_core::sc_time& time);
  void wake(wakeup& event);

  std::deque<process> processes_;
  std::vector<notification> timed_; ///< heap, the earliest first
  std::vector<wakeup*> next_;       ///< to wake in the next delta cycle; null: cancelled
  std::vector<wakeup*> now_;        ///< same, of this one
  std::vector<process*> woken_;
  sc_core::sc_time present_;
  std::uint64_t deltas_ = 0;
  std::uint64_t numbers_ = 0;
};

/// An event that wakes a process of its model: through the kernel, or through an agenda.
class wakeup {
public:
  /// \param ahead null: the kernel
  wakeup(const char* name, agenda* ahead) : ahead_(ahead), event_(name) {}

  /// As sc_event::notify(): an earlier notification stays, a later one is replaced; without delay in the next delta
  /// cycle.
  void notify(const sc_core::sc_time& delay) {
    if (ahead_ == nullptr)
      event_.notify(delay);
    else
      notify_ahead(delay);
  }
  void cancel();
  [[nodiscard]] const sc_core::sc_event& event() const { return event_; }

private:
  friend class agenda;
  enum class state : std::uint8_t { idle, timed, next_delta };
  void notify_ahead(const sc_core::sc_time& delay);

  agenda* ahead_;
  agenda::process* woken_ = nullptr;
  state state_ = state::idle;
  sc_core::sc_time time_;    ///< if timed
  std::uint64_t number_ = 0; ///< of the last notification
  sc_core::sc_event event_;
};

/// The kernel's own variable without an agenda. Stays valid.
[[nodiscard]] inline const sc_core::sc_time& present_of(const agenda* ahead) {
  return ahead == nullptr ? sc_core::sc_time_stamp() : ahead->present();
}

/// Runs `body` whenever one of the events is notified: a method process of the kernel, or one of the agenda.
void spawn_method(const char* name, std::function<void()> body, agenda* ahead,
                  std::initializer_list<wakeup*> sensitivity);

} // namespace tilework::transaction
