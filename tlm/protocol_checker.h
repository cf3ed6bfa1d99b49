// SPDX-License-Identifier: Apache-2.0
/// \file Observer between an initiator and a target that reports violations of the tile protocol.
#pragma once

#include <tilework/tlm/protocol.h>
#include <tilework/tlm/tile_extension.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tilework::transaction {

/// Forwards every call unchanged and raises SC_REPORT_ERROR "/tilework/protocol/RULE" on a violation. Rules:
///
/// | RULE               | demands                                                                                  |
/// |--------------------|------------------------------------------------------------------------------------------|
/// | extension          | the payload carries a tile_request                                                       |
/// | memory_manager     | non-blocking calls use payloads with a memory manager                                    |
/// | generation         | the payload is in use, and not recycled between its first and its last phase             |
/// | launch             | at most once, before BEGIN_REQ; no delay; answered TLM_ACCEPTED                          |
/// | phase_order        | the order of the four phases, each from the right side; END_REQ and END_RESP may be implied |
/// | request_exclusion  | no BEGIN_REQ between BEGIN_REQ and END_REQ of another transaction                        |
/// | response_exclusion | no BEGIN_RESP between BEGIN_RESP and END_RESP of another transaction                     |
/// | attributes         | command, address, length, operation and ids do not change in flight                      |
/// | delay              | b_transport does not shorten the delay; the phases of a transaction do not go back in time |
/// | response_status    | incomplete at the start, set when the response begins                                    |
///
/// Early completion (TLM_UPDATED, TLM_COMPLETED, on both paths) is understood. Calls may be nested.
class protocol_checker final : public sc_core::sc_module {
public:
  explicit protocol_checker(const sc_core::sc_module_name& name);

  tilework::transaction::target_socket<protocol_checker> target_socket;       ///< bind the initiator here
  tilework::transaction::initiator_socket<protocol_checker> initiator_socket; ///< bind to the target

  /// Transactions whose END_RESP has not been seen.
  [[nodiscard]] std::size_t in_flight() const { return entries_.size(); }

private:
  enum class state : std::uint8_t { launched, request, accepted, response };

  /// What must not change in flight.
  struct attributes {
    ::tlm::tlm_command command;
    sc_dt::uint64 address;
    unsigned length;
    const operation* op;
    std::uint64_t operation_id;
    std::uint32_t source;
    std::uint32_t destination;
    friend bool operator==(const attributes&, const attributes&) = default;
  };
  struct entry {
    ::tlm::tlm_generic_payload* payload;
    std::uint32_t generation;
    state reached;
    attributes constant;
    sc_core::sc_time latest;
  };

  void b_transport(::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  ::tlm::tlm_sync_enum nb_transport_fw(::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& stage,
                                       sc_core::sc_time& delay);
  ::tlm::tlm_sync_enum nb_transport_bw(::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& stage,
                                       sc_core::sc_time& delay);
  unsigned transport_dbg(::tlm::tlm_generic_payload& payload) { return initiator_socket->transport_dbg(payload); }

  ::tlm::tlm_sync_enum forward_launch(::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& stage,
                                      sc_core::sc_time& delay);
  void begin_request(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& time);
  void end_request(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& time);
  void begin_response(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& time);
  void end_response(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& time);
  /// TLM_COMPLETED as the answer to BEGIN_REQ.
  void complete_early(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& time);

  [[nodiscard]] bool usable(::tlm::tlm_generic_payload& payload, bool blocking) const;
  [[nodiscard]] entry* find(const ::tlm::tlm_generic_payload& payload);
  /// The entry of a transaction in flight, after the checks that hold at every phase; null (and reported) if unknown.
  entry* advance(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& time, const char* stage);
  void check_unchanged(const entry& e) const;
  void check_status_is_set(const ::tlm::tlm_generic_payload& payload) const;
  void check_status_is_not_set(const ::tlm::tlm_generic_payload& payload) const;
  void remove(const ::tlm::tlm_generic_payload& payload);
  void report(const char* rule, const std::string& text) const;
  static entry entry_of(::tlm::tlm_generic_payload& payload, state reached, const sc_core::sc_time& time);

  std::vector<entry> entries_; // few at a time: searched linearly
  sc_core::sc_time request_free_;
  sc_core::sc_time response_free_;
};

} // namespace tilework::transaction
