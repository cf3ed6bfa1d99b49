// SPDX-License-Identifier: Apache-2.0
/// \file Lanes of digital arithmetic: activation, loss, bias, scales, noise and update management.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/modules/digital/vector_unit_costs.h>
#include <tilework/numerics/number_format.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/resource_calendar.h>

#include <memory>
#include <systemc>
#include <vector>

namespace tilework::transaction {
struct tile_request;
}

namespace tilework::hardware {

struct vector_unit_configuration {
  unsigned lanes = 32;
  double clock_Hz = 1e9;
  unsigned ops_per_lane_cycle = 1;
  unsigned latency_cycles = 4;
  numerics::number_format format = numerics::number_format::fp32; ///< results are rounded to it
  unsigned input_depth = 4; ///< requests that wait at the unit before the sender is held back
};

/// Executes vector_op; a request of k arithmetic operations holds the lanes for ceil(k / (lanes * ops_per_lane_cycle))
/// cycles and is complete latency cycles later. Other operations answer TLM_COMMAND_ERROR_RESPONSE.
class vector_unit final : public sc_core::sc_module, private transaction::schedulable {
public:
  vector_unit(const sc_core::sc_module_name& name, const vector_unit_configuration& configuration,
              transaction::timeline& time, component_account& account);
  ~vector_unit() override;

  transaction::target_socket<transaction::four_phase_target>& socket() { return port_.socket; }
  [[nodiscard]] std::uint64_t delayed_requests() const { return lanes_.statistics().delayed; }
  void visit_calendars(const transaction::calendar_visitor& visitor) {
    visitor("vector_unit", resource_kind::digital, lanes_);
  }

private:
  class computation;

  transaction::booking schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) override;
  void launch(::tlm::tlm_generic_payload& payload) override;
  void begin(transaction::tile_request& request);
  void finish_values(transaction::tile_request& request);

  vector_unit_configuration configuration_;
  transaction::clock_domain clock_;
  transaction::four_phase_target port_;
  transaction::resource_calendar lanes_;
  component_account& account_;
  std::vector<std::unique_ptr<computation>> computations_;
  std::vector<computation*> idle_; ///< neither posted nor waiting for their timed call
};

} // namespace tilework::hardware
