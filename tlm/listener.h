// SPDX-License-Identifier: Apache-2.0
/// \file Observers of a run: traces, timelines, progress.
#pragma once

#include <tilework/core/operation_record.h>
#include <tilework/core/step_program.h>

#include <vector>

namespace tilework::transaction {

/// Told by the sequencer; must not change anything that the machine sees.
class transaction_listener {
public:
  transaction_listener() = default;
  transaction_listener(const transaction_listener&) = delete;
  transaction_listener& operator=(const transaction_listener&) = delete;
  virtual ~transaction_listener() = default;

  /// A step begins on an idle machine.
  virtual void step_begins(const step& /*s*/) {}
  /// An operation is complete. The record is valid during the call; its times are relative to the step's begin.
  virtual void operation_done(const operation_record& record) = 0;
  /// All operations of a step are complete and the machine is idle.
  virtual void drained(std::uint64_t /*step*/, femtoseconds /*length*/) {}
};

/// The listeners of a run, in order of registration. Check active() before building a record.
class listener_list {
public:
  void add(transaction_listener& listener) { listeners_.push_back(&listener); }
  [[nodiscard]] bool active() const { return !listeners_.empty(); }
  void step_begins(const step& s) const {
    for (auto* listener : listeners_)
      listener->step_begins(s);
  }
  void operation_done(const operation_record& record) const {
    for (auto* listener : listeners_)
      listener->operation_done(record);
  }
  void drained(std::uint64_t step, femtoseconds length) const {
    for (auto* listener : listeners_)
      listener->drained(step, length);
  }

private:
  std::vector<transaction_listener*> listeners_;
};

} // namespace tilework::transaction
