// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/digital/sram_buffer.h>
#include <tilework/tlm/operand_traffic.h>

#include <fmt/format.h>

namespace tilework::hardware {

void require_capacity(const sram_configuration& configuration, numerics::number_format format,
                      const operand_arena& contents) {
  const std::uint64_t needed = contents.buffer_elements() * numerics::bytes_of(format);
  if (needed > configuration.capacity_bytes)
    throw input_error(
        fmt::format("the operands of a mini-batch need {} bytes of buffer but digital.buffer.capacity is {} "
                    "bytes; use a smaller training.batch_size or evaluate.burst, or a larger buffer",
                    needed, configuration.capacity_bytes));
}

sram_buffer::sram_buffer(const sc_core::sc_module_name& name, const sram_configuration& configuration,
                         numerics::number_format format, operand_arena& contents, transaction::timeline& time,
                         component_account& account)
    : sc_module(name),
      configuration_(configuration),
      format_(format),
      contents_(contents),
      time_(time),
      clock_(configuration.clock_Hz),
      latency_(clock_.cycles(configuration.latency_cycles)),
      ports_(configuration.ports),
      account_(account) {
  require_capacity(configuration, format, contents);
  socket.register_b_transport(this, &sram_buffer::b_transport);
  socket.register_transport_dbg(this, &sram_buffer::transport_dbg);
  time_.on_drain([this] { ports_.clear(); });
}

void sram_buffer::b_transport(::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto* request = transaction::operand_traffic::request_of(payload);
  payload.set_dmi_allowed(false);
  payload.set_response_status(request == nullptr ? access(payload) : ::tlm::TLM_OK_RESPONSE);
  if (payload.is_response_error())
    return;
  // Traffic of foreign initiators is no part of training.
  book(payload, request == nullptr ? phase::program : request->op->phase, delay);
}

void sram_buffer::book(const ::tlm::tlm_generic_payload& payload, phase booked_under, sc_core::sc_time& delay) {
  const std::uint32_t bytes = payload.get_data_length();
  if (bytes == 0 || payload.get_command() == ::tlm::TLM_IGNORE_COMMAND)
    return;
  const auto transfer = clock_.cycles((bytes - 1) / configuration_.width_bytes + 1);
  const auto arrival = time_.now(delay);
  const auto done = ports_.reserve(clock_.next_edge(arrival), transfer) + transfer + latency_;
  delay += transaction::to_sc_time(done - arrival);
  account_.counts.add(booked_under, payload.is_read() ? action::sram_read_byte : action::sram_write_byte, bytes);
  account_.busy[static_cast<std::size_t>(booked_under)] += transfer;
}

unsigned sram_buffer::transport_dbg(::tlm::tlm_generic_payload& payload) {
  return access(payload) == ::tlm::TLM_OK_RESPONSE ? payload.get_data_length() : 0;
}

::tlm::tlm_response_status sram_buffer::access(::tlm::tlm_generic_payload& payload) {
  const std::uint64_t width = numerics::bytes_of(format_);
  const std::uint64_t first = payload.get_address() / width;
  const std::uint64_t count = payload.get_data_length() / width;
  const bool aligned = payload.get_address() % width == 0 && payload.get_data_length() % width == 0;
  const bool inside = payload.get_address() + payload.get_data_length() <= configuration_.capacity_bytes &&
                      first + count <= contents_.storage().size();
  if (!aligned || !inside)
    return ::tlm::TLM_ADDRESS_ERROR_RESPONSE;
  if (payload.get_byte_enable_ptr() != nullptr)
    return ::tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  if (payload.get_streaming_width() < payload.get_data_length())
    return ::tlm::TLM_BURST_ERROR_RESPONSE;
  const auto elements = contents_.storage().subspan(first, count);
  const std::span bytes(reinterpret_cast<std::byte*>(payload.get_data_ptr()), payload.get_data_length());
  if (payload.is_read())
    numerics::encode(format_, elements, bytes);
  else if (payload.is_write())
    numerics::decode(format_, bytes, elements);
  return ::tlm::TLM_OK_RESPONSE;
}

} // namespace tilework::hardware
