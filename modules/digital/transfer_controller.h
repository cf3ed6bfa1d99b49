// SPDX-License-Identifier: Apache-2.0
/// \file Transfer controller: what happens between the read of a fast array and the write of a slow one.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/operand.h>
#include <tilework/modules/digital/transfer_costs.h>
#include <tilework/numerics/number_format.h>
#include <tilework/numerics/transfer.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/resource_calendar.h>

#include <cstdint>
#include <memory>
#include <span>
#include <systemc>
#include <vector>

namespace tilework::transaction {
struct tile_request;
}

namespace tilework::hardware {

struct transfer_controller_configuration {
  unsigned lanes = 32;
  double clock_Hz = 1e9; ///< of the lanes and of the buffer
  unsigned ops_per_lane_cycle = 1;
  unsigned latency_cycles = 4;
  std::uint64_t buffer_bytes = std::uint64_t{8} << 20U;
  unsigned buffer_ports = 2;
  unsigned buffer_width_bytes = 32; ///< per port and cycle
  unsigned buffer_latency_cycles = 2;
  unsigned buffer_word_bits = 0; ///< of an element of state; 0: the number format, and state is rounded to it
  unsigned input_depth = 4;      ///< requests that wait at the controller before the sender is held back
};

/// Bits of an element of state in the controller's buffer.
unsigned word_bits_of(const transfer_controller_configuration& configuration, numerics::number_format format);

/// \throws input_error if the state of the transfers needs more than the controller's buffer.
void require_capacity(const transfer_controller_configuration& configuration, numerics::number_format format,
                      const operand_arena& contents);

/// Accounts of the controller's two parts.
struct transfer_accounts {
  component_account* lanes = nullptr;
  component_account* buffer = nullptr;
};

/// Executes transfer; other operations answer TLM_COMMAND_ERROR_RESPONSE, stages that it does not have
/// TLM_BURST_ERROR_RESPONSE.
///
/// An operation passes three steps one after the other, in cycles of the controller's clock, each when its part is
/// free:
/// 1. its state is read on one port of the buffer: ceil(bytes / width) cycles, then the buffer's latency;
/// 2. k arithmetic operations hold the lanes for ceil(k / (lanes * ops_per_lane_cycle)) cycles, then the latency;
/// 3. its state is written back on one port, as in 1.
/// Operations without state skip 1 and 3. Different operations overlap in different steps.
class transfer_controller final : public sc_core::sc_module, private transaction::schedulable {
public:
  /// \param stages of the training algorithm, by operation::stage; copied
  /// \throws input_error if the buffer has no port
  transfer_controller(const sc_core::sc_module_name& name, const transfer_controller_configuration& configuration,
                      numerics::number_format format, std::span<const numerics::transfer_stage> stages,
                      transaction::timeline& time, const transfer_accounts& accounts);
  ~transfer_controller() override;

  transaction::target_socket<transaction::four_phase_target>& socket() { return port_.socket; }
  /// Bookings that found the lanes or all ports of the buffer taken.
  [[nodiscard]] std::uint64_t delayed_requests() const {
    return lanes_.statistics().delayed + ports_.statistics().delayed;
  }

  void visit_calendars(const transaction::calendar_visitor& visitor) {
    visitor("transfer_controller.lanes", resource_kind::transfer, lanes_);
    ports_.visit("transfer_controller.port", resource_kind::transfer, visitor);
  }

private:
  class computation;

  transaction::booking schedule(::tlm::tlm_generic_payload& payload, femtoseconds arrival) override;
  void launch(::tlm::tlm_generic_payload& payload) override;
  [[nodiscard]] bool knows(const transaction::tile_request& request) const;
  void begin(transaction::tile_request& request);
  void finish_values(transaction::tile_request& request);
  /// Moves state; returns when it is there.
  femtoseconds book_buffer(femtoseconds earliest, std::uint64_t words, action counted, phase p);

  transfer_controller_configuration configuration_;
  numerics::number_format format_;
  unsigned word_bits_;
  std::vector<numerics::transfer_stage> stages_;
  transaction::clock_domain clock_;
  transaction::four_phase_target port_;
  transaction::resource_calendar lanes_;
  transaction::multi_calendar ports_;
  transfer_accounts accounts_;
  std::vector<std::unique_ptr<computation>> computations_;
  std::vector<computation*> idle_; ///< neither posted nor waiting for their timed call
};

} // namespace tilework::hardware
