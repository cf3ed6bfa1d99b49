// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/digital/vector_unit.h>
#include <tilework/numerics/vector_functions.h>
#include <tilework/tlm/tile_extension.h>

namespace tilework::hardware {

vector_unit::vector_unit(const sc_core::sc_module_name& name, const vector_unit_configuration& configuration,
                         transaction::timeline& time, component_account& account)
    : sc_module(name),
      configuration_(configuration),
      clock_(configuration.clock_Hz),
      port_("port", time, *this, configuration.input_depth),
      account_(account) {
  time.on_drain([this] { lanes_.clear(); });
}

void vector_unit::compute(const transaction::tile_request& request) const {
  const auto& op = *request.op;
  numerics::evaluate(op.function, op.activation_function, request.in, request.out,
                     {.learning_rate = request.context->learning_rate,
                      .mini_batch = request.context->step,
                      .loss_scale = 1.0F / static_cast<float>(op.vectors)});
  if (configuration_.format == numerics::number_format::fp32)
    return;
  for (const auto& out : request.out)
    for (std::uint32_t v = 0; v < out.vectors; ++v)
      numerics::round_to(configuration_.format, out[v]);
}

void vector_unit::launch(::tlm::tlm_generic_payload& payload) {
  auto& request = transaction::tile_request::of(payload);
  if (request.op->kind != operation_kind::vector_op)
    return;
  compute(request); // a microsecond at most: not worth a hand-over to another thread
  request.computed = true;
}

transaction::booking vector_unit::schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) {
  auto& request = transaction::tile_request::of(payload);
  payload.set_dmi_allowed(false);
  if (request.op->kind != operation_kind::vector_op) {
    payload.set_response_status(::tlm::TLM_COMMAND_ERROR_RESPONSE);
    return {arrival, arrival, arrival};
  }
  if (!request.computed)
    compute(request);
  const auto operations = alu_operations_of(*request.op);
  const std::uint64_t per_cycle = std::uint64_t{configuration_.lanes} * configuration_.ops_per_lane_cycle;
  const auto held = clock_.cycles(static_cast<std::int64_t>((operations.total() + per_cycle - 1) / per_cycle));
  const auto start = lanes_.reserve(clock_.next_edge(arrival), held);
  const auto done = start + held + clock_.cycles(configuration_.latency_cycles);
  count(request.op->phase, operations);
  account_.busy[static_cast<std::size_t>(request.op->phase)] += held;
  return {start, start + held, done};
}

void vector_unit::count(phase p, const alu_operations& operations) {
  account_.counts.add(p, action::alu_add, operations.add);
  account_.counts.add(p, action::alu_multiply, operations.multiply);
  account_.counts.add(p, action::alu_compare, operations.compare);
  account_.counts.add(p, action::alu_divide, operations.divide);
  account_.counts.add(p, action::alu_special, operations.special);
}

} // namespace tilework::hardware
