// SPDX-License-Identifier: Apache-2.0
/// \file What happened to one operation: the line that listeners, traces and timelines read.
#pragma once

#include <tilework/core/femtoseconds.h>
#include <tilework/core/step_program.h>

namespace tilework {

struct operation_record {
  std::uint64_t step = 0;
  std::uint32_t index = 0;  ///< in the step program
  std::uint32_t target = 0; ///< node that executed it, see the machine's component names
  const operation* op = nullptr;
  femtoseconds ready;                 ///< all predecessors complete
  femtoseconds accepted;              ///< target began to work
  femtoseconds done;                  ///< result written back
  std::uint32_t missed_updates = 0;   ///< of a product: see may_be_stale()
  const operation_activity& activity; ///< valid as long as the record, which no one may keep
  std::uint32_t group = 0; ///< index of the first operation that shares its packets: of a multicast or a reduction
};

} // namespace tilework
