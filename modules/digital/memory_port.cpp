// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/digital/memory_port.h>
#include <tilework/tlm/operand_traffic.h>

#include <cmath>
#include <utility>

namespace tilework::hardware {

memory_port::memory_port(const sc_core::sc_module_name& name, memory_configuration configuration,
                         const sample_memory& samples, transaction::timeline& time, component_account& account)
    : sc_module(name), configuration_(std::move(configuration)), samples_(samples), time_(time), account_(account) {
  socket.register_b_transport(this, &memory_port::b_transport);
  socket.register_transport_dbg(this, &memory_port::transport_dbg);
  time_.on_drain([this] { channel_.clear(); });
}

void memory_port::b_transport(::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto* request = transaction::operand_traffic::request_of(payload);
  if (request == nullptr) { // only operands are stored here, no bytes
    payload.set_response_status(::tlm::TLM_COMMAND_ERROR_RESPONSE);
    return;
  }
  if (payload.is_read() && !request->computed)
    load_samples(*request);

  const double bytes = payload.get_data_length();
  const auto held = femtoseconds::from_seconds(bytes / configuration_.bandwidth_bytes_per_s);
  const auto arrival = time_.now(delay);
  const auto done = channel_.reserve(arrival, held) + held + configuration_.latency;
  delay += transaction::to_sc_time(done - arrival);
  account_.counts.add(request->op->phase, payload.is_read() ? action::dram_read_byte : action::dram_write_byte,
                      payload.get_data_length());
  account_.busy[static_cast<std::size_t>(request->op->phase)] += held;
  payload.set_response_status(::tlm::TLM_OK_RESPONSE);
}

unsigned memory_port::transport_dbg(::tlm::tlm_generic_payload& payload) {
  if (const auto* traffic = payload.get_extension<transaction::operand_traffic>();
      traffic != nullptr && traffic->request != nullptr) {
    load_samples(*traffic->request);
    if (traffic->request->op->kind == operation_kind::program)
      samples_.load_weights(traffic->request->op->array, traffic->weights);
  }
  return 0; // operands are views: no byte of the payload was moved
}

void memory_port::load_samples(const transaction::tile_request& request) const {
  const auto& op = *request.op;
  if (op.kind != operation_kind::load_samples)
    return;
  auto context = *request.context;
  if (op.vectors < context.samples.size())
    context.samples = context.samples.subspan(op.first_vector, op.vectors);
  samples_.load(context, request.out[0], request.out[1]);
}

} // namespace tilework::hardware
