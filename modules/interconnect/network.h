// SPDX-License-Identifier: Apache-2.0
/// \file The interconnect as a module: one way in and one way out per node, a fabric in between.
#pragma once

#include <tilework/modules/interconnect/fabric.h>
#include <tilework/tlm/protocol.h>
#include <tilework/tlm/timeline.h>

#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

namespace tilework::transaction {
struct tile_request;
}

namespace tilework::hardware {

/// Transports requests from their source node to the target of way k and responses back. It adds the fabric's time to
/// the annotated delay of both paths; back-pressure of a target passes through unchanged.
class network final : public sc_core::sc_module {
public:
  /// \param ways one pair of sockets per target behind the network.
  network(const sc_core::sc_module_name& name, std::unique_ptr<fabric> carrier, transaction::timeline& time,
          std::uint32_t ways);

  transaction::target_socket_tagged<network>& upstream(std::uint32_t way) { return *upstream_[way]; }
  transaction::initiator_socket_tagged<network>& downstream(std::uint32_t way) { return *downstream_[way]; }
  [[nodiscard]] const fabric& carrier() const { return *carrier_; }
  [[nodiscard]] fabric& carrier() { return *carrier_; }

private:
  void b_transport(int way, ::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  ::tlm::tlm_sync_enum nb_transport_fw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                       sc_core::sc_time& delay);
  ::tlm::tlm_sync_enum nb_transport_bw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                       sc_core::sc_time& delay);
  unsigned transport_dbg(int way, ::tlm::tlm_generic_payload& payload);
  void carry_request(const transaction::tile_request& request, std::uint64_t bytes, sc_core::sc_time& delay);
  void carry_response(const transaction::tile_request& request, sc_core::sc_time& delay);
  void carry(const packet& p, sc_core::sc_time& delay);

  std::unique_ptr<fabric> carrier_;
  transaction::timeline& time_;
  std::vector<std::unique_ptr<transaction::target_socket_tagged<network>>> upstream_;
  std::vector<std::unique_ptr<transaction::initiator_socket_tagged<network>>> downstream_;
};

} // namespace tilework::hardware
