// SPDX-License-Identifier: Apache-2.0
/// \file A foreign TLM-2.0 initiator: base protocol, no extension, no memory manager.
#pragma once

#include "requests.h"

#include <tlm_utils/simple_initiator_socket.h>

#include <span>
#include <systemc>
#include <tlm>

namespace tilework::test {

class plain_initiator : public sc_core::sc_module {
public:
  explicit plain_initiator(const sc_core::sc_module_name& name) : sc_module(name) {}
  tlm_utils::simple_initiator_socket<plain_initiator> socket{"socket"};
  femtoseconds delay;             ///< annotated to the next call, updated by it
  femtoseconds last_delay_before; ///< annotated to the last call

  static void fill(::tlm::tlm_generic_payload& payload, ::tlm::tlm_command command, std::uint64_t address,
                   std::span<std::byte> data) {
    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(reinterpret_cast<unsigned char*>(data.data()));
    payload.set_data_length(static_cast<unsigned>(data.size()));
    payload.set_streaming_width(static_cast<unsigned>(data.size()));
  }
  ::tlm::tlm_response_status send(::tlm::tlm_generic_payload& payload) {
    last_delay_before = delay;
    auto annotated = transaction::to_sc_time(delay);
    socket->b_transport(payload, annotated);
    delay = transaction::to_femtoseconds(annotated);
    return payload.get_response_status();
  }
  ::tlm::tlm_response_status access(::tlm::tlm_command command, std::uint64_t address, std::span<std::byte> data) {
    ::tlm::tlm_generic_payload payload;
    fill(payload, command, address, data);
    return send(payload);
  }
};

} // namespace tilework::test
