// SPDX-License-Identifier: Apache-2.0
/// \file Buffer that holds x and d of a mini-batch until the update.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/operand.h>
#include <tilework/numerics/number_format.h>
#include <tilework/tlm/clock_domain.h>
#include <tilework/tlm/resource_calendar.h>
#include <tilework/tlm/timeline.h>

#include <tlm_utils/simple_target_socket.h>

#include <systemc>
#include <tlm>

namespace tilework::hardware {

struct sram_configuration {
  std::uint64_t capacity_bytes = 1U << 20U;
  unsigned ports = 2;
  unsigned width_bytes = 32; ///< per port and cycle
  double clock_Hz = 1e9;
  unsigned latency_cycles = 2;
};

/// \throws input_error if the buffer-resident operands need more than the capacity.
void require_capacity(const sram_configuration& configuration, numerics::number_format format,
                      const operand_arena& contents);

/// Base-protocol memory. Byte address a is element a / bytes(format) of the operand arena, in the machine's number
/// format, so any TLM-2.0 initiator can read operands. Accesses of the machine itself carry operand_traffic: their
/// operands are views of the arena, so the bytes are counted and timed but not copied.
/// A request takes latency + ceil(bytes / width) cycles on one port.
class sram_buffer final : public sc_core::sc_module {
public:
  tlm_utils::simple_target_socket<sram_buffer> socket{"socket"};

  /// \throws input_error see require_capacity()
  sram_buffer(const sc_core::sc_module_name& name, const sram_configuration& configuration,
              numerics::number_format format, operand_arena& contents, transaction::timeline& time,
              component_account& account);

  [[nodiscard]] std::uint64_t delayed_requests() const { return ports_.statistics().delayed; }
  void visit_calendars(const transaction::calendar_visitor& visitor) {
    ports_.visit("buffer.port", resource_kind::buffer, visitor);
  }

private:
  void b_transport(::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(::tlm::tlm_generic_payload& payload);
  /// Copies to or from the arena. An address error if the range is not element-aligned or outside; byte enables and
  /// streaming are not supported.
  ::tlm::tlm_response_status access(::tlm::tlm_generic_payload& payload);
  void book(const ::tlm::tlm_generic_payload& payload, phase booked_under, sc_core::sc_time& delay);

  sram_configuration configuration_;
  numerics::number_format format_;
  operand_arena& contents_;
  transaction::timeline& time_;
  transaction::clock_domain clock_;
  femtoseconds latency_;
  transaction::multi_calendar ports_;
  component_account& account_;
};

} // namespace tilework::hardware
