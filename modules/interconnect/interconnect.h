// SPDX-License-Identifier: Apache-2.0
/// \file The interconnect as a module: one way in and one way out per target.
#pragma once

#include <tilework/modules/interconnect/fabric.h>
#include <tilework/tlm/protocol.h>

#include <exception>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

namespace tilework::transaction {
struct tile_request;
}

namespace tilework::hardware {

/// Transports requests from their source node to the target of way k and responses back. Where a target is decides the
/// request, not its way. Back-pressure of a target reaches the initiator; debug accesses pass through.
class interconnect : public sc_core::sc_module {
public:
  transaction::target_socket_tagged<interconnect>& upstream(std::uint32_t way) { return *upstream_[way]; }
  transaction::initiator_socket_tagged<interconnect>& downstream(std::uint32_t way) { return *downstream_[way]; }

  /// What waited so far, and what calendars booked out of order.
  [[nodiscard]] virtual transaction::calendar_statistics bookings() const = 0;
  /// What ended the run early, if anything did; the kernel loses an exception's type when it leaves a process.
  [[nodiscard]] virtual std::exception_ptr failure() const { return {}; }

protected:
  /// \param ways one pair of sockets per target behind the network.
  interconnect(const sc_core::sc_module_name& name, std::uint32_t ways);

  virtual void b_transport(int way, ::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) = 0;
  virtual ::tlm::tlm_sync_enum nb_transport_fw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                               sc_core::sc_time& delay) = 0;
  virtual ::tlm::tlm_sync_enum nb_transport_bw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                               sc_core::sc_time& delay) = 0;
  [[nodiscard]] auto& up(int way) { return *upstream_[static_cast<std::size_t>(way)]; }
  [[nodiscard]] auto& down(int way) { return *downstream_[static_cast<std::size_t>(way)]; }
  [[nodiscard]] static packet request_packet(const transaction::tile_request& request, std::uint64_t bytes);
  [[nodiscard]] static packet response_packet(const transaction::tile_request& request);

private:
  unsigned transport_dbg(int way, ::tlm::tlm_generic_payload& payload) { return down(way)->transport_dbg(payload); }

  std::vector<std::unique_ptr<transaction::target_socket_tagged<interconnect>>> upstream_;
  std::vector<std::unique_ptr<transaction::initiator_socket_tagged<interconnect>>> downstream_;
};

} // namespace tilework::hardware
