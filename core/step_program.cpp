// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/step_program.h>

#include <algorithm>

namespace tilework {
namespace {

bool overlap(const operand_ref& a, const operand_ref& b) {
  const auto all = [](const operand_ref& r) { return r.vectors == 0 || r.vectors == all_vectors; };
  const bool vectors_meet =
      all(a) || all(b) || (a.first_vector < b.first_vector + b.vectors && b.first_vector < a.first_vector + a.vectors);
  return a.slot != no_slot && a.slot == b.slot && vectors_meet && a.first < b.first + b.length &&
         b.first < a.first + a.length;
}

template <typename A, typename B>
bool any_overlap(const A& left, const B& right) {
  return std::any_of(left.begin(), left.end(), [&](const operand_ref& a) {
    return std::any_of(right.begin(), right.end(), [&](const operand_ref& b) { return overlap(a, b); });
  });
}

bool updates(const operation& op) {
  return op.kind == operation_kind::outer_product_update || op.function == vector_function::bias_update;
}

/// Whether a read of weights or biases does without the updates of an earlier mini-batch of the step.
bool forgoes(const operation& earlier, const operation& later) {
  return earlier.mini_batch != later.mini_batch && updates(earlier) && !updates(later);
}

/// Whether `later` must wait for `earlier`.
bool conflict(const operation& earlier, const operation& later) {
  if (forgoes(earlier, later))
    return false;
  const bool same_array = earlier.array != no_array && earlier.array == later.array;
  return (same_array && (writes_array(earlier.kind) || writes_array(later.kind))) ||
         any_overlap(earlier.outputs, later.inputs) || any_overlap(earlier.inputs, later.outputs) ||
         any_overlap(earlier.outputs, later.outputs);
}

} // namespace

bool writes_array(operation_kind kind) {
  return kind == operation_kind::outer_product_update || kind == operation_kind::program ||
         kind == operation_kind::refresh || kind == operation_kind::write_line || kind == operation_kind::calibrate ||
         kind == operation_kind::rest;
}

void adjacency::add(std::size_t row, std::uint32_t entry) {
  entries_.insert(entries_.begin() + first_[row + 1], entry);
  for (auto later = row + 1; later < first_.size(); ++later)
    ++first_[later];
}

void step_program::barrier() {
  behind_barrier_ = operations_.size();
}

void step_program::append(const operation& op) {
  const auto index = static_cast<std::uint32_t>(operations_.size());
  std::vector<std::uint32_t> edges;
  std::vector<bool> implied(operations_.size(), false); // already ordered through a later predecessor
  for (std::uint32_t earlier = index; earlier-- > 0;) {
    const bool direct = !implied[earlier] && (earlier < behind_barrier_ || conflict(operations_[earlier], op));
    if (direct)
      edges.push_back(earlier);
    if (direct || implied[earlier])
      for (auto before : predecessors_[earlier])
        implied[before] = true;
  }
  predecessors_.add_row();
  successors_.add_row();
  std::reverse(edges.begin(), edges.end());
  for (auto edge : edges) {
    predecessors_.add(index, edge);
    successors_.add(edge, index);
  }

  operation stored = op;
  if (op.array != no_array)
    stored.updates_before =
        static_cast<std::uint32_t>(std::count_if(operations_.begin(), operations_.end(), [&](const operation& o) {
          return o.array == op.array && writes_array(o.kind);
        }));
  operations_.push_back(stored);
}

} // namespace tilework
