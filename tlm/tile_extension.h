// SPDX-License-Identifier: Apache-2.0
/// \file What a tile transaction carries besides the generic payload.
#pragma once

#include <tilework/core/femtoseconds.h>
#include <tilework/core/kernel.h>
#include <tilework/core/operand.h>
#include <tilework/core/step_program.h>

#include <array>
#include <cstdint>
#include <span>
#include <systemc>
#include <tlm>

namespace tilework::transaction {

/// Mandatory extension of the tile protocol. It stays on its payload for life (sticky, see payload_pool).
///
/// In the generic payload: command (READ: results flow back, WRITE: operands flow in, IGNORE: no data), address
/// (chip | tile | plane), data_length (bytes of the request, what a network serialises on the way down), response
/// status. Data pointer and byte enables are unused: operands are views of the operand arena.
struct tile_request final : ::tlm::tlm_extension<tile_request> {
  // What every hop of a timed call touches comes first: it fills a cache line.

  // Written by the initiator before `launch`, read by network and target, constant until END_RESP.
  const operation* op = nullptr;
  const step_context* context = nullptr;
  std::uint64_t operation_id = 0;            ///< unique within a run; the key for tables, never the payload's address
  std::uint64_t expected_weight_version = 0; ///< weight version of the array that the program expects
  std::uint32_t response_bytes = 0;          ///< what a network serialises on the way back
  std::uint32_t source = 0;                  ///< node of the initiator; orders simultaneous arrivals
  std::uint32_t destination = 0;             ///< node of the target
  std::uint32_t priority = 0;                ///< among simultaneous arrivals the lowest goes first

  // Written by the target.
  kernel* posted = nullptr; ///< during `launch`: work that the initiator may run, together with that of others, in one
                            ///< fork and join before the timed call; null = nothing to run
  bool computed = false;    ///< during `launch`: values exist already, the timed call only books
  /// Odd while the payload is in use; the pool counts it up at acquire and at release. A holder that remembers the
  /// number can tell that a payload was recycled under its feet.
  std::uint32_t generation = 1;
  femtoseconds accepted; ///< before BEGIN_RESP (or before b_transport returns): work began, relative to the timeline's
                         ///< origin
  femtoseconds done;     ///< same; result written back
  operation_activity activity{};    ///< same
  std::uint32_t missed_updates = 0; ///< same; of a product that may be stale

  // Written by the initiator, see above.
  std::uint32_t line = 0;      ///< read_line, write_line, transfer: the line, the first one of a burst
  femtoseconds rested;         ///< rest: training time since the array's last one, if values follow time
  std::uint64_t line_read = 0; ///< same: number of this read among all of its stage
  std::uint64_t multicast = 0; ///< requests of this number carry the same operands; 0: on its own
  std::uint64_t reduction = 0; ///< responses of this number are added on their way to the initiator; 0: on its own
  std::uint32_t members = 0;   ///< of the reduction
  femtoseconds sent;           ///< approximately timed, while bookings are observed: when it could have gone out
  std::span<const std::uint32_t> group{};         ///< nodes of the multicast's targets or of the reduction's members
  std::array<const_burst, most_operands> in{};    ///< elements must not change until END_RESP
  std::array<mutable_burst, most_operands> out{}; ///< only the target writes elements, before BEGIN_RESP

  /// The request of a payload.
  /// \throws run_error if the payload carries none.
  [[nodiscard]] static tile_request& of(::tlm::tlm_generic_payload& payload) {
    auto* request = payload.get_extension<tile_request>();
    if (request == nullptr)
      report_missing();
    return *request;
  }

  [[nodiscard]] ::tlm::tlm_extension_base* clone() const override;
  void copy_from(const ::tlm::tlm_extension_base& other) override;

private:
  [[noreturn]] static void report_missing();
};

} // namespace tilework::transaction
