// SPDX-License-Identifier: Apache-2.0
#include <tilework/tlm/protocol_checker.h>

#include <fmt/format.h>

#include <algorithm>

namespace tilework::transaction {

using ::tlm::tlm_generic_payload;
using ::tlm::tlm_phase;
using ::tlm::tlm_sync_enum;

protocol_checker::protocol_checker(const sc_core::sc_module_name& name)
    : sc_module(name), target_socket("target_socket"), initiator_socket("initiator_socket") {
  target_socket.register_b_transport(this, &protocol_checker::b_transport);
  target_socket.register_nb_transport_fw(this, &protocol_checker::nb_transport_fw);
  target_socket.register_transport_dbg(this, &protocol_checker::transport_dbg);
  initiator_socket.register_nb_transport_bw(this, &protocol_checker::nb_transport_bw);
}

void protocol_checker::b_transport(tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (!usable(payload, true))
    return initiator_socket->b_transport(payload, delay);
  const auto before = sc_core::sc_time_stamp() + delay;
  entry call = entry_of(payload, state::request, before);
  if (const entry* known = find(payload)) {
    if (known->reached != state::launched)
      report("phase_order", "b_transport of a transaction that is in flight");
    check_unchanged(*known);
    remove(payload);
  }
  check_status_is_not_set(payload);
  initiator_socket->b_transport(payload, delay);
  if (sc_core::sc_time_stamp() + delay < before)
    report("delay", "b_transport shortened the delay");
  check_unchanged(call);
  check_status_is_set(payload);
}

tlm_sync_enum protocol_checker::nb_transport_fw(tlm_generic_payload& payload, tlm_phase& stage,
                                                sc_core::sc_time& delay) {
  if (!usable(payload, false))
    return initiator_socket->nb_transport_fw(payload, stage, delay);
  const auto time = sc_core::sc_time_stamp() + delay;
  if (stage == launch)
    return forward_launch(payload, stage, delay);
  if (stage == ::tlm::END_REQ || stage == ::tlm::BEGIN_RESP)
    report("phase_order", fmt::format("{} on the forward path", stage.get_name()));
  if (stage == ::tlm::END_RESP)
    end_response(payload, time); // before the call: afterwards the payload may be recycled
  if (stage != ::tlm::BEGIN_REQ)
    return initiator_socket->nb_transport_fw(payload, stage, delay);

  begin_request(payload, time);
  const auto answer = initiator_socket->nb_transport_fw(payload, stage, delay);
  const auto answered = sc_core::sc_time_stamp() + delay;
  if (answer == ::tlm::TLM_COMPLETED)
    complete_early(payload, answered);
  else if (answer == ::tlm::TLM_UPDATED && stage == ::tlm::END_REQ)
    end_request(payload, answered);
  else if (answer == ::tlm::TLM_UPDATED && stage == ::tlm::BEGIN_RESP)
    begin_response(payload, answered);
  else if (answer == ::tlm::TLM_UPDATED)
    report("phase_order", fmt::format("BEGIN_REQ was answered with {}", stage.get_name()));
  return answer;
}

tlm_sync_enum protocol_checker::nb_transport_bw(tlm_generic_payload& payload, tlm_phase& stage,
                                                sc_core::sc_time& delay) {
  if (!usable(payload, false))
    return target_socket->nb_transport_bw(payload, stage, delay);
  const auto time = sc_core::sc_time_stamp() + delay;
  if (stage == ::tlm::BEGIN_REQ || stage == ::tlm::END_RESP || stage == launch)
    report("phase_order", fmt::format("{} on the backward path", stage.get_name()));
  if (stage == ::tlm::END_REQ)
    end_request(payload, time);
  if (stage != ::tlm::BEGIN_RESP)
    return target_socket->nb_transport_bw(payload, stage, delay);

  begin_response(payload, time);
  const auto answer = target_socket->nb_transport_bw(payload, stage, delay);
  const bool updated = answer == ::tlm::TLM_UPDATED;
  if (answer == ::tlm::TLM_COMPLETED || (updated && stage == ::tlm::END_RESP))
    end_response(payload, sc_core::sc_time_stamp() + delay);
  else if (updated)
    report("phase_order", fmt::format("BEGIN_RESP was answered with {}", stage.get_name()));
  return answer;
}

tlm_sync_enum protocol_checker::forward_launch(tlm_generic_payload& payload, tlm_phase& stage,
                                               sc_core::sc_time& delay) {
  const bool known = find(payload) != nullptr;
  if (known)
    report("launch", "launch must come once, before BEGIN_REQ");
  else
    entries_.push_back(entry_of(payload, state::launched, sc_core::sc_time_stamp()));
  if (delay != sc_core::SC_ZERO_TIME)
    report("launch", "launch annotates a delay");
  const auto answer = initiator_socket->nb_transport_fw(payload, stage, delay);
  if (answer != ::tlm::TLM_ACCEPTED || delay != sc_core::SC_ZERO_TIME)
    report("launch", "the target must answer launch with TLM_ACCEPTED and no delay");
  return answer;
}

void protocol_checker::begin_request(tlm_generic_payload& payload, const sc_core::sc_time& time) {
  const bool another = std::ranges::any_of(
      entries_, [&](const entry& e) { return e.reached == state::request && e.payload != &payload; });
  if (another || time < request_free_)
    report("request_exclusion", "BEGIN_REQ before END_REQ of the previous request");
  check_status_is_not_set(payload);
  entry* e = find(payload);
  if (e == nullptr) {
    entries_.push_back(entry_of(payload, state::request, time));
    return;
  }
  if (e->reached != state::launched)
    report("phase_order", "second BEGIN_REQ of a transaction in flight");
  e = advance(payload, time, "BEGIN_REQ");
  if (e != nullptr)
    e->reached = state::request;
}

void protocol_checker::end_request(tlm_generic_payload& payload, const sc_core::sc_time& time) {
  entry* e = advance(payload, time, "END_REQ");
  if (e == nullptr)
    return;
  if (e->reached != state::request)
    return report("phase_order", "END_REQ that does not follow BEGIN_REQ");
  e->reached = state::accepted;
  request_free_ = time;
}

void protocol_checker::begin_response(tlm_generic_payload& payload, const sc_core::sc_time& time) {
  entry* e = advance(payload, time, "BEGIN_RESP");
  if (e == nullptr)
    return;
  if (e->reached != state::request && e->reached != state::accepted)
    return report("phase_order", "BEGIN_RESP that does not follow a request");
  if (e->reached == state::request)
    request_free_ = time;
  const bool another =
      std::ranges::any_of(entries_, [](const entry& other) { return other.reached == state::response; });
  e->reached = state::response;
  if (another || time < response_free_)
    report("response_exclusion", "BEGIN_RESP before END_RESP of the previous response");
  check_status_is_set(payload);
}

void protocol_checker::end_response(tlm_generic_payload& payload, const sc_core::sc_time& time) {
  const entry* e = advance(payload, time, "END_RESP");
  if (e == nullptr)
    return;
  if (e->reached != state::response)
    return report("phase_order", "END_RESP that does not follow BEGIN_RESP");
  response_free_ = time;
  remove(payload);
}

void protocol_checker::complete_early(tlm_generic_payload& payload, const sc_core::sc_time& time) {
  const entry* e = advance(payload, time, "TLM_COMPLETED");
  if (e == nullptr)
    return;
  if (e->reached == state::request)
    request_free_ = time;
  remove(payload);
  check_status_is_set(payload);
}

bool protocol_checker::usable(tlm_generic_payload& payload, bool blocking) const {
  const auto* request = payload.get_extension<tile_request>();
  if (request == nullptr) {
    report("extension", "the payload carries no tile_request");
    return false;
  }
  if (!blocking && !payload.has_mm()) {
    report("memory_manager", "non-blocking transport of a payload without memory manager");
    return false;
  }
  if (request->generation % 2 == 0) {
    report("generation", "the payload has been given back to its pool");
    return false;
  }
  return true;
}

protocol_checker::entry* protocol_checker::find(const tlm_generic_payload& payload) {
  const auto e = std::ranges::find(entries_, &payload, &entry::payload);
  return e == entries_.end() ? nullptr : &*e;
}

protocol_checker::entry* protocol_checker::advance(tlm_generic_payload& payload, const sc_core::sc_time& time,
                                                   const char* stage) {
  entry* e = find(payload);
  if (e == nullptr) {
    report("phase_order", fmt::format("{} of a transaction that is not in flight", stage));
    return nullptr;
  }
  check_unchanged(*e);
  if (time < e->latest)
    report("delay", fmt::format("{} goes back in time", stage));
  e->latest = time;
  return e;
}

void protocol_checker::check_unchanged(const entry& e) const {
  const entry present = entry_of(*e.payload, e.reached, e.latest);
  if (present.generation != e.generation)
    report("generation", "the payload was recycled in flight");
  if (present.constant != e.constant)
    report("attributes", "the request changed in flight");
}

void protocol_checker::check_status_is_set(const tlm_generic_payload& payload) const {
  if (payload.get_response_status() == ::tlm::TLM_INCOMPLETE_RESPONSE)
    report("response_status", "the target set no response status");
}

void protocol_checker::check_status_is_not_set(const tlm_generic_payload& payload) const {
  if (payload.get_response_status() != ::tlm::TLM_INCOMPLETE_RESPONSE)
    report("response_status", "a request must start with TLM_INCOMPLETE_RESPONSE");
}

void protocol_checker::remove(const tlm_generic_payload& payload) {
  std::erase_if(entries_, [&payload](const entry& e) { return e.payload == &payload; });
}

void protocol_checker::report(const char* rule, const std::string& text) const {
  SC_REPORT_ERROR(fmt::format("/tilework/protocol/{}", rule).c_str(), fmt::format("{}: {}", name(), text).c_str());
}

protocol_checker::entry protocol_checker::entry_of(tlm_generic_payload& payload, state reached,
                                                   const sc_core::sc_time& time) {
  const auto& request = tile_request::of(payload);
  return {&payload,
          request.generation,
          reached,
          {payload.get_command(), payload.get_address(), payload.get_data_length(), request.op, request.operation_id,
           request.source, request.destination},
          time};
}

} // namespace tilework::transaction
