// SPDX-License-Identifier: Apache-2.0
/// \file The initiator side of the tile protocol.
#pragma once

#include <tilework/tlm/arrival_queue.h>
#include <tilework/tlm/protocol.h>
#include <tilework/tlm/timeline.h>

#include <functional>

namespace tilework::transaction {

/// Socket of a component that issues requests. Payloads must come from a memory manager.
///
/// Loosely timed: transport(). Approximately timed: send() any number of requests; each BEGIN_REQ goes out when its
/// time has come and the previous request on this socket got END_REQ (waiting requests go by time, priority, source,
/// order of sending), and `completed` is called once per request at the time of its response.
class four_phase_initiator final : public sc_core::sc_module {
public:
  using completion = std::function<void(::tlm::tlm_generic_payload&)>;

  /// \param completed called from a method process of this module, at the kernel time of the response; may send().
  ///        The payload's reference that send() took is given back after it returns.
  /// \param time of the machine: what its modules run on, and the bookings' log, which is told whose request goes out
  /// and how long it was held back; null: the kernel, and no log
  four_phase_initiator(const sc_core::sc_module_name& name, completion completed, const timeline* time = nullptr);

  initiator_socket<four_phase_initiator> socket;

  /// Operands are final: sends the phase `launch`. Takes no time.
  void launch(::tlm::tlm_generic_payload& payload);
  /// Loosely timed: executes the request as of the present plus `delay`; delay is the completion's on return.
  void transport(::tlm::tlm_generic_payload& payload, femtoseconds& delay);
  /// Approximately timed: queues the request for the present plus `delay`.
  void send(::tlm::tlm_generic_payload& payload, femtoseconds delay = {});

  /// Requests sent and not completed.
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }

private:
  ::tlm::tlm_sync_enum nb_transport_bw(::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& stage,
                                       sc_core::sc_time& delay);
  void issue();
  void note(::tlm::tlm_generic_payload& payload) const;
  void begin_request(::tlm::tlm_generic_payload& payload);
  void end_request(const sc_core::sc_time& delay);
  void finish();

  completion completed_;
  const timeline* time_;
  const sc_core::sc_time& present_;
  arrival_queue waiting_;                               // BEGIN_REQ not sent yet
  arrival_queue responses_;                             // response on its way
  ::tlm::tlm_generic_payload* request_ = nullptr;       // BEGIN_REQ sent, END_REQ not received yet
  sc_core::sc_time request_free_;                       // time of the last END_REQ
  ::tlm::tlm_generic_payload* owes_end_resp_ = nullptr; // got BEGIN_RESP as a return value
  std::size_t outstanding_ = 0;
  wakeup request_ended_;
};

} // namespace tilework::transaction
