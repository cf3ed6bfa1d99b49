// SPDX-License-Identifier: Apache-2.0
#include <tilework/tlm/four_phase_initiator.h>
#include <tilework/tlm/payload_pool.h>
#include <tilework/tlm/tile_extension.h>

#include <utility>

namespace tilework::transaction {
namespace {

agenda* ahead_of(const timeline* time) {
  return time == nullptr ? nullptr : time->ahead();
}

} // namespace

four_phase_initiator::four_phase_initiator(const sc_core::sc_module_name& name, completion completed,
                                           const timeline* time)
    : sc_module(name),
      socket("socket"),
      completed_(std::move(completed)),
      time_(time),
      present_(present_of(ahead_of(time))),
      waiting_("waiting", ahead_of(time)),
      responses_("responses", ahead_of(time)),
      request_ended_("request_ended", ahead_of(time)) {
  auto* const ahead = ahead_of(time);
  socket.register_nb_transport_bw(this, &four_phase_initiator::nb_transport_bw);
  spawn_method("issue", [this] { issue(); }, ahead, {&waiting_.wakes(), &request_ended_});
  spawn_method("finish", [this] { finish(); }, ahead, {&responses_.wakes()});
}

void four_phase_initiator::launch(::tlm::tlm_generic_payload& payload) {
  ::tlm::tlm_phase stage = tilework::transaction::launch;
  sc_core::sc_time delay;
  socket->nb_transport_fw(payload, stage, delay);
}

void four_phase_initiator::transport(::tlm::tlm_generic_payload& payload, femtoseconds& delay) {
  sc_core::sc_time annotated = to_sc_time(delay);
  socket->b_transport(payload, annotated);
  delay = to_femtoseconds(annotated);
}

void four_phase_initiator::send(::tlm::tlm_generic_payload& payload, femtoseconds delay) {
  payload.acquire();
  ++outstanding_;
  if (time_ != nullptr && time_->log() != nullptr)
    tile_request::of(payload).sent = time_->now(delay);
  waiting_.push(payload, to_sc_time(delay));
}

void four_phase_initiator::issue() {
  const auto& now = present_;
  while (request_ == nullptr && request_free_ <= now) {
    auto* payload = waiting_.take();
    if (payload == nullptr)
      return;
    begin_request(*payload);
  }
}

void four_phase_initiator::note(::tlm::tlm_generic_payload& payload) const {
  if (time_ == nullptr || time_->log() == nullptr)
    return;
  const auto& request = tile_request::of(payload);
  time_->log()->set_operation(request.operation_id);
  time_->log()->add_wait(request.sent, time_->now());
}

void four_phase_initiator::begin_request(::tlm::tlm_generic_payload& payload) {
  request_ = &payload;
  note(payload);
  ::tlm::tlm_phase stage = ::tlm::BEGIN_REQ;
  sc_core::sc_time delay;
  const auto answer = socket->nb_transport_fw(payload, stage, delay);
  if (answer == ::tlm::TLM_ACCEPTED)
    return; // END_REQ comes, or already came, on the backward path
  if (request_ == &payload)
    end_request(delay);
  const bool responded = answer == ::tlm::TLM_UPDATED && stage == ::tlm::BEGIN_RESP;
  if (responded)
    owes_end_resp_ = &payload;
  if (responded || answer == ::tlm::TLM_COMPLETED)
    responses_.push(payload, delay);
}

void four_phase_initiator::end_request(const sc_core::sc_time& delay) {
  request_ = nullptr;
  request_free_ = present_ + delay;
  if (waiting_.size() != 0)
    request_ended_.notify(delay);
}

::tlm::tlm_sync_enum four_phase_initiator::nb_transport_bw(::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& stage,
                                                           sc_core::sc_time& delay) {
  const bool responds = stage == ::tlm::BEGIN_RESP; // implies END_REQ if that was left out
  if (request_ == &payload && (responds || stage == ::tlm::END_REQ))
    end_request(delay);
  if (!responds)
    return ::tlm::TLM_ACCEPTED;
  responses_.push(payload, delay);
  return ::tlm::TLM_COMPLETED; // END_RESP at the response's own time
}

void four_phase_initiator::finish() {
  while (auto* payload = responses_.take()) {
    if (payload == owes_end_resp_) {
      owes_end_resp_ = nullptr;
      ::tlm::tlm_phase stage = ::tlm::END_RESP;
      sc_core::sc_time delay;
      socket->nb_transport_fw(*payload, stage, delay);
    }
    --outstanding_;
    const transaction reference(*payload); // the one that send() took
    completed_(*payload);
  }
}

} // namespace tilework::transaction
