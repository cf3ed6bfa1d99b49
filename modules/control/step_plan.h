// SPDX-License-Identifier: Apache-2.0
/// \file What no step changes about the operations of a step program: worked out once, used by every step.
#pragma once

#include <tilework/core/step_program.h>
#include <tilework/numerics/number_format.h>
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/payload_pool.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace tilework::hardware {

/// One access for all operands that an operation reads, or all results that it writes.
struct memory_access {
  std::uint64_t address = 0; ///< of the first operand's first element
  std::uint32_t bytes = 0;   ///< 0 = nothing to move
};

inline constexpr std::uint32_t no_group = std::numeric_limits<std::uint32_t>::max();

/// An operation with its transaction. The payload belongs to the operation for the whole run; a step writes only what
/// it changes.
struct planned_operation {
  transaction::transaction request;
  transaction::four_phase_initiator* port = nullptr; ///< null: the memory access is the whole operation
  memory_access read;
  memory_access written;
  bool reads_memory = false;  ///< the operands are in memory, not in the buffer
  bool writes_memory = false; ///< same of the results
  /// Write of a line that others write too: index of the first of them, which stands for the group. The operands are
  /// read and sent once for all.
  std::uint32_t multicast = no_group;
  /// Read of a line that is added to those of others on its way: index of the first of them, which stands for the
  /// group. The sum is written to the buffer once, when all are there.
  std::uint32_t reduction = no_group;
  /// Vectors whose sum the operation takes: it is made in the first of them, in their order, at the launch. Empty:
  /// none.
  mutable_burst summed{};
};

/// Where operands and targets are.
struct plan_inputs {
  operand_arena& arena;
  transaction::payload_pool& payloads;
  const step_context& context; ///< of the step that runs
  numerics::number_format format{};
  std::uint32_t bytes_per_sample = 0;
  std::uint32_t hub_node = 0;
  std::span<const std::uint32_t> node_of_array;
  std::function<transaction::four_phase_initiator*(const operation&)> port_of;
};

class step_plan {
public:
  /// \param program must stay as it is for the life of the plan
  step_plan(const step_program& program, const plan_inputs& in);

  [[nodiscard]] const step_program& program() const { return program_; }
  [[nodiscard]] std::size_t size() const { return operations_.size(); }
  planned_operation& operator[](std::size_t index) { return operations_[index]; }
  /// Operations with values that can be computed together once those of all waves before are there. Each is in the last
  /// wave that does not hold up another: updates, which few operations wait for, share one fork and join.
  [[nodiscard]] std::size_t waves() const { return waves_.rows(); }
  [[nodiscard]] std::span<const std::uint32_t> wave(std::size_t index) const { return waves_[index]; }
  /// Bytes of the largest access.
  [[nodiscard]] std::uint32_t largest_access() const { return largest_access_; }

private:
  [[nodiscard]] static planned_operation planned(const operation& op, const plan_inputs& in);
  void arrange_waves();
  void find_multicasts();
  void find_reductions(const operand_arena& arena);
  void list_groups();

  const step_program& program_;
  std::vector<planned_operation> operations_;
  adjacency waves_;
  std::vector<std::vector<std::uint32_t>> groups_; ///< nodes of multicasts and reductions
  std::uint32_t largest_access_ = 0;
};

} // namespace tilework::hardware
