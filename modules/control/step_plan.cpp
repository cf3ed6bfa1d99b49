// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/control/step_plan.h>
#include <tilework/numerics/vector_functions.h>

#include <algorithm>

namespace tilework::hardware {
namespace {

bool has_operand(const operand_ref& ref) {
  return ref.slot != no_slot;
}

/// Whether there is anything to compute ahead of the timed call.
bool has_values(const operation& op) {
  return op.kind != operation_kind::vector_op || numerics::has_values(op.function);
}

bool overwrites(const operation& op, const operand_ref& ref) {
  return std::ranges::any_of(op.outputs,
                             [&](const operand_ref& out) { return has_operand(out) && out.slot == ref.slot; });
}

bool writes_same_line(const operation& a, const operation& b) {
  const auto& x = a.inputs[0];
  const auto& y = b.inputs[0];
  return a.kind == operation_kind::write_line && b.kind == operation_kind::write_line && a.vectors == b.vectors &&
         a.stage == b.stage && a.read == b.read && has_operand(x) && x.slot == y.slot && x.first == y.first &&
         x.length == y.length && x.first_vector == y.first_vector && x.vectors == y.vectors;
}

bool is_reduced(const operand_arena& arena, const operand_ref& ref) {
  return has_operand(ref) && arena.slot(ref.slot).home == residence::reduced;
}

/// Of a reduced slot one vector: the part of a sum, or the sum.
mutable_burst view_of(operand_arena& arena, const operand_ref& ref, std::uint32_t vectors) {
  auto burst = arena.view(ref.slot).slice(ref.first, ref.length);
  burst.data += std::size_t{ref.first_vector} * burst.stride;
  if (is_reduced(arena, ref))
    burst.vectors = 1;
  else if (ref.vectors == 0)
    burst.vectors = std::min(burst.vectors, vectors);
  else if (ref.vectors != all_vectors)
    burst.vectors = ref.vectors;
  return burst;
}

bool in_memory(const operand_arena& arena, const operand_ref& ref) {
  return has_operand(ref) && arena.slot(ref.slot).home == residence::memory;
}

/// Whether an operand is moved at all: state of the transfer controller stays where it is.
bool moves(const operand_arena& arena, const operand_ref& ref) {
  return has_operand(ref) && arena.slot(ref.slot).home != residence::controller;
}

/// Fills views of operands; returns the bytes of those that move.
template <typename Views, typename Operands>
std::uint32_t resolve(Views& views, const Operands& operands, const plan_inputs& in, std::uint32_t vectors) {
  std::uint64_t bytes = 0;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    if (!has_operand(operands[k]))
      continue;
    views[k] = view_of(in.arena, operands[k], vectors);
    if (!moves(in.arena, operands[k]))
      continue;
    const auto bits = in.arena.slot(operands[k].slot).bits;
    const std::uint64_t width = bits != 0 ? bits : 8 * numerics::bytes_of(in.format);
    bytes += (views[k].elements() * width + 7) / 8;
  }
  return static_cast<std::uint32_t>(bytes);
}

} // namespace

step_plan::step_plan(const step_program& program, const plan_inputs& in) : program_(program) {
  operations_.reserve(program.size());
  for (const auto& op : program.operations()) {
    const auto& last = operations_.emplace_back(planned(op, in));
    largest_access_ = std::max({largest_access_, last.read.bytes, last.written.bytes});
  }
  arrange_waves();
  find_multicasts();
  find_reductions(in.arena);
  list_groups();
}

/// Writes of the same pulses to different arrays, with no new pulses in between.
void step_plan::find_multicasts() {
  const auto ops = program_.operations();
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (ops[i].kind != operation_kind::write_line)
      continue;
    for (std::uint32_t earlier = i; earlier-- > 0;) {
      if (overwrites(ops[earlier], ops[i].inputs[0]))
        break;
      if (!writes_same_line(ops[earlier], ops[i]))
        continue;
      auto& first = operations_[earlier].multicast;
      if (first == no_group)
        first = earlier;
      operations_[i].multicast = first;
      break;
    }
  }
}

/// What is written to a reduced slot from one operation that takes the sum to the next.
void step_plan::find_reductions(const operand_arena& arena) {
  const auto ops = program_.operations();
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (!is_reduced(arena, ops[i].inputs[0]))
      continue;
    std::vector<std::uint32_t> members; // the last one first
    for (std::uint32_t earlier = i; earlier-- > 0 && ops[earlier].inputs[0].slot != ops[i].inputs[0].slot;)
      if (ops[earlier].outputs[0].slot == ops[i].inputs[0].slot)
        members.push_back(earlier);
    for (const auto member : members) {
      operations_[member].reduction = members.back();
      operations_[member].request.request().members = static_cast<std::uint32_t>(members.size());
    }
  }
}

/// What requests tell networks about their multicast or reduction.
void step_plan::list_groups() {
  const auto group_of = [](const planned_operation& o) { return o.multicast != no_group ? o.multicast : o.reduction; };
  for (std::uint32_t first = 0; first < size(); ++first) {
    if (group_of(operations_[first]) != first)
      continue;
    auto& nodes = groups_.emplace_back();
    for (const auto& o : operations_)
      if (group_of(o) == first)
        nodes.push_back(o.request.request().destination);
  }
  auto nodes = groups_.begin();
  for (std::uint32_t first = 0; first < size(); ++first) {
    if (group_of(operations_[first]) != first)
      continue;
    for (auto& o : operations_)
      if (group_of(o) == first)
        o.request.request().group = *nodes;
    ++nodes;
  }
}

void step_plan::arrange_waves() {
  std::vector<std::size_t> waves_after(size(), 0); // on the longest way from an operation to the end of the step
  std::size_t longest = 0;
  for (std::size_t i = size(); i-- > 0;) {
    for (const auto next : program_.successors(i))
      waves_after[i] = std::max(waves_after[i], waves_after[next] + 1);
    longest = std::max(longest, waves_after[i]);
  }
  for (std::size_t left = longest + 1; left-- > 0;) {
    waves_.add_row();
    for (std::size_t i = 0; i < size(); ++i)
      if (waves_after[i] == left && has_values(program_.operations()[i]))
        waves_.add(waves_.rows() - 1, static_cast<std::uint32_t>(i));
  }
}

planned_operation step_plan::planned(const operation& op, const plan_inputs& in) {
  const auto width = numerics::bytes_of(in.format);
  const auto address_of = [&](const auto& operands) -> std::uint64_t { // of the first one that moves
    const auto* const first = std::ranges::find_if(operands, [&](const auto& ref) { return moves(in.arena, ref); });
    return first == operands.end() ? 0 : (in.arena.slot(first->slot).first_element + first->first) * width;
  };
  planned_operation p;
  p.request = in.payloads.acquire();
  p.port = in.port_of(op);
  auto& request = p.request.request();
  request.op = &op;
  request.context = &in.context;
  request.source = in.hub_node;
  request.destination = op.array == no_array ? in.hub_node : in.node_of_array[op.array];
  const auto sent = resolve(request.in, op.inputs, in, op.vectors);
  p.written = {address_of(op.outputs), resolve(request.out, op.outputs, in, op.vectors)};
  request.response_bytes = p.written.bytes;
  if (is_reduced(in.arena, op.inputs[0])) {
    p.summed = in.arena.view(op.inputs[0].slot).slice(op.inputs[0].first, op.inputs[0].length);
    p.summed.vectors = op.inputs[0].vectors;
  }
  const bool loads = op.kind == operation_kind::load_samples;
  p.read = {address_of(op.inputs), loads ? op.vectors * in.bytes_per_sample : sent};
  p.reads_memory = loads || in_memory(in.arena, op.inputs[0]);
  p.writes_memory = in_memory(in.arena, op.outputs[0]);

  auto& payload = p.request.payload();
  const bool writes =
      writes_array(op.kind) || op.kind == operation_kind::vector_op || op.kind == operation_kind::transfer;
  payload.set_command(writes ? ::tlm::TLM_WRITE_COMMAND : ::tlm::TLM_READ_COMMAND);
  payload.set_address(request.destination);
  payload.set_data_length(sent);
  return p;
}

} // namespace tilework::hardware
