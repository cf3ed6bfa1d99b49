// SPDX-License-Identifier: Apache-2.0
/// \file An interconnect that is simulated cycle by cycle.
#pragma once

#include <tilework/modules/interconnect/flit_network.h>
#include <tilework/modules/interconnect/interconnect.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/timeline.h>

namespace tilework::hardware {

/// Holds a request from BEGIN_REQ until its tail has arrived and sends BEGIN_REQ on then; responses likewise. A target
/// may send its next response at once; END_REQ passes through. Approximately timed only.
///
/// There is no clock: one method runs while anything moves. It simulates a cycle when all that could depart in it is
/// known, at the latest at the edge that ends it, and as many as there are before something else happens in the
/// machine. Packets that depart in one cycle are sent in order of direction and operation, so the order in which the
/// kernel runs processes never matters.
class stepped_network final : public interconnect {
public:
  stepped_network(const sc_core::sc_module_name& name, std::unique_ptr<flit_network> carrier, double clock_Hz,
                  transaction::timeline& time, std::uint32_t ways);

  [[nodiscard]] const flit_network& carrier() const { return *carrier_; }
  [[nodiscard]] transaction::calendar_statistics bookings() const override;
  [[nodiscard]] std::exception_ptr failure() const override { return failure_; }

private:
  using cycle = flit_network::cycle;
  struct journey {
    ::tlm::tlm_generic_payload* payload = nullptr;
    int way = 0;
    bool response = false;
  };
  /// A packet that is not sent yet, or one that arrives.
  struct event {
    femtoseconds time; ///< of departure (an edge), of arrival
    bool response = false;
    std::uint64_t operation_id = 0;
    std::uint64_t ticket = 0; ///< index of a journey
    [[nodiscard]] static bool before(const event& a, const event& b);
  };
  struct way_state {
    std::vector<::tlm::tlm_generic_payload*> responses; ///< arrived, in order
    bool responding = false;                            ///< BEGIN_RESP sent, END_RESP not received yet
  };

  void b_transport(int way, ::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  ::tlm::tlm_sync_enum nb_transport_fw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                       sc_core::sc_time& delay) override;
  ::tlm::tlm_sync_enum nb_transport_bw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                       sc_core::sc_time& delay) override;
  void depart(const journey& j, femtoseconds at);
  [[nodiscard]] static packet packet_of(const journey& j);
  void run();
  void simulate(femtoseconds now);
  void finish_until(femtoseconds now);
  void collect_arrivals();
  void finish(const journey& j);
  void forward_request(const journey& j);
  void respond_all();
  void respond(int way);
  void arm(femtoseconds now);
  [[nodiscard]] event event_of(std::uint64_t ticket, femtoseconds time) const;

  std::unique_ptr<flit_network> carrier_;
  transaction::clock_domain clock_;
  transaction::timeline& time_;
  std::vector<way_state> ways_;
  std::vector<journey> journeys_; ///< by ticket, since the last drain
  std::vector<event> departing_;  ///< not sent yet
  std::vector<event> arriving_;
  std::exception_ptr failure_;
  sc_core::sc_event wake_;
};

} // namespace tilework::hardware
