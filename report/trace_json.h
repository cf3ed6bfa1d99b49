// SPDX-License-Identifier: Apache-2.0
/// \file Operations as a Chrome/Perfetto trace: one track per target.
#pragma once

#include <tilework/core/operation_record.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tilework::report {

/// Collects the operations of the first steps of a run; later ones are dropped, because a trace of a whole training
/// run would be larger than anyone can open.
class trace_json {
public:
  explicit trace_json(std::uint64_t steps = 64) : steps_(steps) {}

  void add(const operation_record& record);
  void end_step(femtoseconds length);
  /// The trace in Chrome's JSON format; open it in ui.perfetto.dev.
  [[nodiscard]] std::string str() const;

private:
  struct event {
    std::string name;
    std::string track;
    phase p;
    femtoseconds start;
    femtoseconds done;
    operation_activity activity;
  };
  std::uint64_t steps_;
  femtoseconds origin_;
  std::vector<event> events_;
};

} // namespace tilework::report
