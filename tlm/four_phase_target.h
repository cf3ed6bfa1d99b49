// SPDX-License-Identifier: Apache-2.0
/// \file The target side of the tile protocol, loosely and approximately timed on one schedule.
#pragma once

#include <tilework/tlm/arrival_queue.h>
#include <tilework/tlm/protocol.h>
#include <tilework/tlm/timeline.h>

#include <vector>

namespace tilework::transaction {

/// Moments of one request relative to the timeline's origin; arrival <= accepted <= input_free <= done.
struct booking {
  femtoseconds accepted;   ///< work begins
  femtoseconds input_free; ///< the input register can take the next request
  femtoseconds done;       ///< results are written
};

/// What a hardware model provides; four_phase_target does the rest.
class schedulable {
public:
  schedulable() = default;
  schedulable(const schedulable&) = delete;
  schedulable& operator=(const schedulable&) = delete;
  virtual ~schedulable() = default;

  /// Executes a request that arrives at `arrival`: books resources, produces values (unless a posted kernel has done
  /// so) and activity, counts actions. Called once per request, in order of arrival within an approximately timed run
  /// and in order of issue within a loosely timed one. Sets an error status if it cannot do it; a status that is left
  /// incomplete becomes OK.
  virtual booking schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) = 0;
  /// Operands are final: may set tile_request::posted. Takes no time.
  virtual void launch(::tlm::tlm_generic_payload& /*payload*/) {}
  /// Debug access: no time, energy, random number or state. Returns the number of bytes.
  virtual unsigned debug(::tlm::tlm_generic_payload& /*payload*/) { return 0; }
};

/// Socket of a hardware model. Both calls use the one schedule():
/// b_transport adds done - arrival to the delay and never waits; nb_transport_fw queues BEGIN_REQ until its time, then
/// sends BEGIN_RESP at done, one response at a time (earliest done first), and END_REQ as soon as one more request
/// fits into the input buffer: withheld END_REQ is the back-pressure.
class four_phase_target final : public sc_core::sc_module {
public:
  /// \param input_depth requests whose input is not yet free that the model can hold, >= 1. With 1, END_REQ comes at
  /// the
  ///        request's own input_free; with 2, one request is worked on while another one waits, and so on.
  /// \throws input_error if input_depth == 0
  four_phase_target(const sc_core::sc_module_name& name, timeline& time, schedulable& model, unsigned input_depth);

  target_socket<four_phase_target> socket;

  /// Requests between BEGIN_REQ and END_RESP.
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

private:
  struct response {
    femtoseconds done;
    std::uint64_t sequence = 0;
    ::tlm::tlm_generic_payload* payload = nullptr;
  };
  static bool later(const response& a, const response& b);

  void b_transport(::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  ::tlm::tlm_sync_enum nb_transport_fw(::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& stage,
                                       sc_core::sc_time& delay);
  unsigned transport_dbg(::tlm::tlm_generic_payload& payload) { return model_.debug(payload); }

  booking book(::tlm::tlm_generic_payload& payload, femtoseconds arrival);
  void begin_request(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  void end_response(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay);
  void run();
  void admit(::tlm::tlm_generic_payload& payload, femtoseconds now);
  void end_request_if_room(femtoseconds now);
  void respond(femtoseconds now);
  void arm(femtoseconds now);

  timeline& timeline_;
  schedulable& model_;
  const std::size_t input_depth_;

  arrival_queue arrivals_;
  ::tlm::tlm_generic_payload* request_ = nullptr;  // BEGIN_REQ came, END_REQ not sent yet
  bool request_admitted_ = false;                  // request_ has been scheduled
  std::vector<femtoseconds> inputs_;               // input_free of the requests in the input buffer, ascending
  std::vector<response> responses_;                // heap, earliest done first
  ::tlm::tlm_generic_payload* response_ = nullptr; // BEGIN_RESP sent, END_RESP not received yet
  femtoseconds response_free_;                     // time of the last END_RESP
  std::uint64_t sequence_ = 0;
  std::size_t in_flight_ = 0;
  wakeup wake_;
};

} // namespace tilework::transaction
