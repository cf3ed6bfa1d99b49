// SPDX-License-Identifier: Apache-2.0
/// \file The step program: every operation of one step (a mini-batch), its operands and its hazard edges.
///
/// A program is a template that is built once per burst size and executed for many steps; what differs from step to
/// step is in step_context. Operations are listed in program order, which alone decides values.
#pragma once

#include <tilework/core/operand.h>
#include <tilework/core/operation.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace tilework {

enum class activation : std::uint8_t { identity, sigmoid, relu, tanh };

inline constexpr std::uint32_t no_array = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t no_stage = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t all_vectors = std::numeric_limits<std::uint32_t>::max(); ///< of a slot
inline constexpr std::size_t most_operands = 6; ///< inputs or outputs of one operation

/// Elements [first, first + length) of some vectors of a slot; slots of one vector (biases) are shared by the burst.
struct operand_ref {
  std::uint32_t slot = no_slot;
  std::uint32_t first = 0;
  std::uint32_t length = 0;
  std::uint32_t first_vector = 0;
  std::uint32_t vectors = 0; ///< 0: as many as the operation has vectors and the slot holds; or all_vectors
};

/// Learning rate of an operation: factor, times the step's rate unless it is absolute. Of a loss_gradient: the factor
/// of the logits; of other vector functions: their parameter.
struct operation_rate {
  float factor = 1;
  bool absolute = false;
  [[nodiscard]] float at(float learning_rate) const { return absolute ? factor : factor * learning_rate; }
};

/// One operation. `array` is an index into the run's list of logical arrays.
struct operation {
  operation_kind kind{};
  tilework::phase phase{};
  vector_function function = vector_function::none;
  transfer_function transfer = transfer_function::none;
  activation activation_function = activation::identity;
  line_side side = line_side::inputs; ///< read_line, write_line: lines that are driven one by one
  std::uint16_t layer = 0;
  std::uint32_t array = no_array;
  std::uint32_t vectors = 0;
  std::uint32_t first_vector = 0; ///< of the step's burst, where this operation begins: a replica has a part of it
  std::uint32_t mini_batch = 0;   ///< number of its mini-batch within the step, see step_program::append
  std::uint32_t loss_vectors = 0; ///< loss_gradient: vectors of the mini-batch that the loss is the mean of; 0: its own
  std::uint32_t stage = no_stage; ///< transfer stage that read_line, write_line and transfer belong to
  std::uint32_t read = 0;         ///< lines that this stage read earlier in the step
  operation_rate rate;            ///< outer_product_update without rate operand, write_line, transfer
  std::array<operand_ref, most_operands> inputs{};
  std::array<operand_ref, most_operands> outputs{};
  std::uint32_t updates_before = 0; ///< weight version expected, counted from the start of the step
};

/// Whether a product may see fewer updates than program order asks for: another mini-batch of the step came before.
constexpr bool may_be_stale(const operation& op) {
  return op.mini_batch > 0 && (op.kind == operation_kind::forward_mvm || op.kind == operation_kind::backward_mvm);
}

/// Whether operations of this kind change weights.
bool writes_array(operation_kind kind);

/// What is particular to one execution of a program.
struct step_context {
  std::uint64_t step = 0;         ///< index within training or within one evaluation
  std::uint64_t first_vector = 0; ///< noise counter of the burst's first vector
  float learning_rate = 0;
  std::uint64_t refreshes = 0;                 ///< refreshes of every array before this step
  std::uint64_t seed = 0;                      ///< of what the vector unit draws
  bool evaluation = false;                     ///< draws from the evaluation streams; leaves all state untouched
  std::span<const std::uint32_t> samples{};    ///< indices of the burst's samples in the data set
  std::span<const std::uint64_t> lines_read{}; ///< per transfer stage: lines read before this step
};

/// Lists of operation indices, one per operation, in one piece of memory: the issue loop walks them between kernels
/// that have just emptied the caches.
class adjacency {
public:
  [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t row) const {
    return std::span(entries_).subspan(first_[row], first_[row + 1] - first_[row]);
  }
  [[nodiscard]] std::size_t rows() const { return first_.size() - 1; }
  void add_row() { first_.push_back(first_.back()); }
  /// Adds an entry at the end of a row.
  void add(std::size_t row, std::uint32_t entry);

private:
  std::vector<std::uint32_t> entries_;
  std::vector<std::uint32_t> first_{0}; ///< where each row begins, and the end of the last one
};

class step_program {
public:
  /// Appends an operation; edges to earlier ones follow from operands and arrays:
  /// read after write, write after read and write after write, per slot range and per array.
  /// Two edges do not exist, so that mini-batches of one step can overlap: from the outer_product_update of an array,
  /// and from the bias_update of a bias, to the reads of it in a later mini-batch.
  void append(const operation& op);
  /// All operations appended later wait for all appended so far.
  void barrier();

  [[nodiscard]] std::span<const operation> operations() const { return operations_; }
  /// Indices of the operations that must be complete before operation `index`, ascending.
  [[nodiscard]] std::span<const std::uint32_t> predecessors(std::size_t index) const { return predecessors_[index]; }
  [[nodiscard]] std::span<const std::uint32_t> successors(std::size_t index) const { return successors_[index]; }
  [[nodiscard]] std::size_t size() const { return operations_.size(); }

private:
  std::vector<operation> operations_;
  std::size_t behind_barrier_ = 0; ///< operations before the last barrier
  adjacency predecessors_;
  adjacency successors_;
};

struct step {
  const step_program* program = nullptr;
  step_context context;
};

/// Where the sequencer gets its work: implemented by training and inference sessions.
class step_source {
public:
  step_source() = default;
  step_source(const step_source&) = delete;
  step_source& operator=(const step_source&) = delete;
  virtual ~step_source() = default;
  /// The next step, or nothing when the run is over. Its program stays as it is to the end of the run, its samples
  /// until finished().
  virtual std::optional<step> next() = 0;
  /// All operations of the step are complete; results are in the operand slots.
  virtual void finished(const step& done) = 0;
};

} // namespace tilework
