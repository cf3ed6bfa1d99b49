// SPDX-License-Identifier: Apache-2.0
/// \file An interconnect of calendars.
#pragma once

#include <tilework/modules/interconnect/interconnect.h>
#include <tilework/tlm/timeline.h>

namespace tilework::hardware {

/// Adds the fabric's time to the annotated delay of both paths, loosely and approximately timed; the phases of a target
/// pass through unchanged.
class network final : public interconnect {
public:
  network(const sc_core::sc_module_name& name, std::unique_ptr<fabric> carrier, transaction::timeline& time,
          std::uint32_t ways);

  [[nodiscard]] const fabric& carrier() const { return *carrier_; }
  [[nodiscard]] transaction::calendar_statistics bookings() const override { return carrier_->bookings(); }

private:
  void b_transport(int way, ::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  ::tlm::tlm_sync_enum nb_transport_fw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                       sc_core::sc_time& delay) override;
  ::tlm::tlm_sync_enum nb_transport_bw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                       sc_core::sc_time& delay) override;
  void carry(const packet& p, sc_core::sc_time& delay);

  std::unique_ptr<fabric> carrier_;
  transaction::timeline& time_;
};

} // namespace tilework::hardware
