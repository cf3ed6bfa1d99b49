// SPDX-License-Identifier: Apache-2.0
/// \file Ends of a tile socket that tests control call by call.
#pragma once

#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/payload_pool.h>
#include <tilework/tlm/protocol.h>
#include <tilework/tlm/resource_calendar.h>
#include <tilework/tlm/time.h>

#include <functional>
#include <vector>

namespace tilework::test {

using ::tlm::tlm_generic_payload;
using ::tlm::tlm_phase;
using ::tlm::tlm_sync_enum;

inline std::int64_t now_fs() {
  return transaction::to_femtoseconds(sc_core::sc_time_stamp()).count;
}

/// A call on the non-blocking path, and the kernel's time at it.
struct seen {
  std::uint64_t operation_id;
  unsigned phase;
  std::int64_t time;
  friend bool operator==(const seen&, const seen&) = default;
};

using answer = std::function<tlm_sync_enum(tlm_generic_payload&, tlm_phase&, sc_core::sc_time&)>;

inline tlm_sync_enum accept(tlm_generic_payload& /*payload*/, tlm_phase& /*stage*/, sc_core::sc_time& /*delay*/) {
  return ::tlm::TLM_ACCEPTED;
}

/// Initiator whose answers on the backward path are given by a function.
class stub_initiator : public sc_core::sc_module {
public:
  explicit stub_initiator(const sc_core::sc_module_name& name, answer on_backward = accept)
      : sc_module(name), socket("socket"), on_backward_(std::move(on_backward)) {
    socket.register_nb_transport_bw(this, &stub_initiator::backward);
  }
  transaction::initiator_socket<stub_initiator> socket;
  std::vector<seen> log;

  tlm_sync_enum call(tlm_generic_payload& payload, tlm_phase stage, std::int64_t delay_fs = 0) {
    auto delay = transaction::to_sc_time({delay_fs});
    return socket->nb_transport_fw(payload, stage, delay);
  }

private:
  tlm_sync_enum backward(tlm_generic_payload& payload, tlm_phase& stage, sc_core::sc_time& delay) {
    log.push_back({transaction::tile_request::of(payload).operation_id, stage, now_fs()});
    return on_backward_(payload, stage, delay);
  }
  answer on_backward_;
};

/// Target whose answers on the forward path are given by a function.
class stub_target : public sc_core::sc_module {
public:
  explicit stub_target(const sc_core::sc_module_name& name, answer on_forward = accept)
      : sc_module(name), socket("socket"), on_forward_(std::move(on_forward)) {
    socket.register_nb_transport_fw(this, &stub_target::forward);
    socket.register_b_transport(this, &stub_target::blocking);
  }
  transaction::target_socket<stub_target> socket;
  std::vector<seen> log;
  std::function<void(tlm_generic_payload&, sc_core::sc_time&)> on_blocking;

  tlm_sync_enum call(tlm_generic_payload& payload, tlm_phase stage, std::int64_t delay_fs = 0) {
    auto delay = transaction::to_sc_time({delay_fs});
    return socket->nb_transport_bw(payload, stage, delay);
  }

private:
  tlm_sync_enum forward(tlm_generic_payload& payload, tlm_phase& stage, sc_core::sc_time& delay) {
    log.push_back({transaction::tile_request::of(payload).operation_id, stage, now_fs()});
    return on_forward_(payload, stage, delay);
  }
  void blocking(tlm_generic_payload& payload, sc_core::sc_time& delay) {
    if (on_blocking)
      on_blocking(payload, delay);
  }
  answer on_forward_;
};

/// A pipeline of two shared units. Times of a request in fs: its data_length in the first unit, which is also the input
/// register, then its response_bytes in the second.
class two_stage_unit : public transaction::schedulable {
public:
  explicit two_stage_unit(transaction::timeline& time) {
    time.on_drain([this] {
      first.clear();
      second.clear();
    });
  }
  transaction::booking schedule(tlm_generic_payload& payload, femtoseconds arrival) override {
    const auto& request = transaction::tile_request::of(payload);
    arrivals.push_back(arrival.count);
    const femtoseconds length{payload.get_data_length()};
    const femtoseconds accepted = first.reserve(arrival, length);
    const femtoseconds rest{request.response_bytes};
    return {accepted, accepted + length, second.reserve(accepted + length, rest) + rest};
  }
  void launch(tlm_generic_payload& /*payload*/) override { ++launches; }
  unsigned debug(tlm_generic_payload& payload) override { return payload.get_data_length(); }

  transaction::resource_calendar first;
  transaction::resource_calendar second;
  std::vector<std::int64_t> arrivals;
  int launches = 0;
};

/// A request with an id and its times in a two_stage_unit.
inline transaction::transaction make_request(transaction::payload_pool& pool, std::uint64_t id, unsigned first,
                                             unsigned second) {
  auto t = pool.acquire();
  t.request().operation_id = id;
  t.payload().set_data_length(first);
  t.request().response_bytes = second;
  return t;
}

} // namespace tilework::test
