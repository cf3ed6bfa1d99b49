// SPDX-License-Identifier: Apache-2.0
/// \file The tile protocol: generic payload and phases under our own traits, so that only sockets that know the
/// mandatory extension tile_request can be bound. Memories speak the base protocol instead.
///
/// Rules: the four phases and both exclusion rules of the TLM-2.0 base protocol (IEEE 1666, request and response
/// exclusion per socket, early completion allowed), plus one extended phase:
///
/// `launch` goes down the forward path before BEGIN_REQ (or b_transport) once the operands are final. It takes no time,
/// annotates no delay and is answered TLM_ACCEPTED. The target may then start to compute values. It never decides
/// anything that time depends on, so it may be ignored: a target that never saw `launch` computes in the timed call.
#pragma once

#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <systemc>
#include <tlm>

namespace tilework::transaction {

struct tile_protocol {
  using tlm_payload_type = ::tlm::tlm_generic_payload;
  using tlm_phase_type = ::tlm::tlm_phase;
};

TLM_DECLARE_EXTENDED_PHASE(launch);

/// Nominal width of a socket; both ends must agree, nothing else depends on it.
inline constexpr unsigned socket_width = 32;

template <typename Module>
using initiator_socket = tlm_utils::simple_initiator_socket<Module, socket_width, tile_protocol>;
template <typename Module>
using initiator_socket_tagged = tlm_utils::simple_initiator_socket_tagged<Module, socket_width, tile_protocol>;
/// Passthrough: unlike simple_target_socket it has no blocking-to-non-blocking adapter, which spawns processes and
/// skips END_REQ. Register both b_transport and nb_transport_fw.
template <typename Module>
using target_socket = tlm_utils::passthrough_target_socket<Module, socket_width, tile_protocol>;
template <typename Module>
using target_socket_tagged = tlm_utils::passthrough_target_socket_tagged<Module, socket_width, tile_protocol>;
template <typename Module>
using multi_initiator_socket = tlm_utils::multi_passthrough_initiator_socket<Module, socket_width, tile_protocol>;
template <typename Module>
using multi_target_socket = tlm_utils::multi_passthrough_target_socket<Module, socket_width, tile_protocol>;

} // namespace tilework::transaction
