// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/tlm/four_phase_target.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace tilework::transaction {

four_phase_target::four_phase_target(const sc_core::sc_module_name& name, timeline& time, schedulable& model,
                                     unsigned input_depth)
    : sc_module(name),
      socket("socket"),
      timeline_(time),
      model_(model),
      input_depth_(input_depth),
      arrivals_("arrivals", time.ahead()),
      wake_("wake", time.ahead()) {
  if (input_depth == 0)
    throw input_error(fmt::format("{}: the input buffer needs a depth of at least 1, got 0", this->name()));
  inputs_.reserve(input_depth_ + 1);
  responses_.reserve(64);
  socket.register_b_transport(this, &four_phase_target::b_transport);
  socket.register_nb_transport_fw(this, &four_phase_target::nb_transport_fw);
  socket.register_transport_dbg(this, &four_phase_target::transport_dbg);
  spawn_method("run", [this] { run(); }, time.ahead(), {&arrivals_.wakes(), &wake_});
  timeline_.on_drain([this] {
    if (in_flight_ != 0)
      SC_REPORT_ERROR("/tilework/timeline/drain",
                      fmt::format("{}: {} request(s) in flight", this->name(), in_flight_).c_str());
    inputs_.clear();
    response_free_ = {};
  });
}

bool four_phase_target::later(const response& a, const response& b) {
  return std::tie(a.done, a.sequence) > std::tie(b.done, b.sequence);
}

booking four_phase_target::book(::tlm::tlm_generic_payload& payload, femtoseconds arrival) {
  if (auto* log = timeline_.log())
    log->set_operation(tile_request::of(payload).operation_id);
  const booking b = model_.schedule(payload, arrival);
  if (arrival > b.accepted || b.accepted > b.input_free || b.input_free > b.done)
    SC_REPORT_ERROR("/tilework/target/schedule",
                    fmt::format("{}: moments out of order: arrival {}, accepted {}, input_free {}, done {} fs", name(),
                                arrival.count, b.accepted.count, b.input_free.count, b.done.count)
                        .c_str());
  if (payload.get_response_status() == ::tlm::TLM_INCOMPLETE_RESPONSE)
    payload.set_response_status(::tlm::TLM_OK_RESPONSE);
  auto& request = tile_request::of(payload);
  request.accepted = b.accepted;
  request.done = b.done;
  return b;
}

void four_phase_target::b_transport(::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const femtoseconds arrival = timeline_.now(delay);
  delay += to_sc_time(book(payload, arrival).done - arrival);
}

::tlm::tlm_sync_enum four_phase_target::nb_transport_fw(::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& stage,
                                                        sc_core::sc_time& delay) {
  if (stage == launch) {
    model_.launch(payload);
  } else if (stage == ::tlm::BEGIN_REQ) {
    begin_request(payload, delay);
  } else if (stage == ::tlm::END_RESP) {
    end_response(payload, delay);
    return ::tlm::TLM_COMPLETED;
  }
  return ::tlm::TLM_ACCEPTED; // also for phases we do not know: extended phases are ignorable
}

void four_phase_target::begin_request(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay) {
  if (request_ != nullptr)
    SC_REPORT_ERROR("/tilework/protocol/request_exclusion",
                    fmt::format("{}: BEGIN_REQ before END_REQ of the previous request", name()).c_str());
  payload.acquire();
  request_ = &payload;
  request_admitted_ = false;
  ++in_flight_;
  arrivals_.push(payload, delay);
}

void four_phase_target::end_response(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay) {
  if (response_ != &payload) {
    SC_REPORT_ERROR("/tilework/protocol/phase_order", fmt::format("{}: END_RESP without BEGIN_RESP", name()).c_str());
    return;
  }
  response_ = nullptr;
  response_free_ = timeline_.now(delay);
  --in_flight_;
  payload.release();
  if (!responses_.empty())
    wake_.notify(delay);
}

void four_phase_target::run() {
  const femtoseconds now = timeline_.now();
  while (auto* payload = arrivals_.take())
    admit(*payload, now);
  end_request_if_room(now);
  respond(now);
  arm(now);
}

void four_phase_target::admit(::tlm::tlm_generic_payload& payload, femtoseconds now) {
  const booking b = book(payload, now);
  inputs_.insert(std::ranges::upper_bound(inputs_, b.input_free), b.input_free);
  responses_.push_back({b.done, sequence_++, &payload});
  std::ranges::push_heap(responses_, later);
  request_admitted_ = true;
}

void four_phase_target::end_request_if_room(femtoseconds now) {
  inputs_.erase(inputs_.begin(), std::ranges::upper_bound(inputs_, now));
  if (request_ == nullptr || !request_admitted_ || inputs_.size() >= input_depth_)
    return;
  auto& payload = *std::exchange(request_, nullptr); // the initiator may answer with its next BEGIN_REQ at once
  ::tlm::tlm_phase stage = ::tlm::END_REQ;
  sc_core::sc_time delay;
  socket->nb_transport_bw(payload, stage, delay);
}

void four_phase_target::respond(femtoseconds now) {
  while (response_ == nullptr && response_free_ <= now && !responses_.empty() && responses_.front().done <= now) {
    std::ranges::pop_heap(responses_, later);
    auto& payload = *responses_.back().payload;
    responses_.pop_back();
    response_ = &payload;
    if (auto* log = timeline_.log()) {
      const auto& request = tile_request::of(payload);
      log->set_operation(request.operation_id);
      log->add_wait(request.done, now);
    }
    ::tlm::tlm_phase stage = ::tlm::BEGIN_RESP;
    sc_core::sc_time delay;
    const auto answer = socket->nb_transport_bw(payload, stage, delay);
    const bool ended = answer == ::tlm::TLM_COMPLETED || (answer == ::tlm::TLM_UPDATED && stage == ::tlm::END_RESP);
    if (ended)
      end_response(payload, delay);
  }
}

void four_phase_target::arm(femtoseconds now) {
  constexpr femtoseconds never{std::numeric_limits<std::int64_t>::max()};
  femtoseconds next = never;
  if (request_ != nullptr && request_admitted_)
    next = inputs_[inputs_.size() - input_depth_];
  if (response_ == nullptr && !responses_.empty())
    next = std::min(next, std::max(responses_.front().done, response_free_));
  if (next != never)
    wake_.notify(to_sc_time(next - now)); // an earlier notification stays; waking in vain arms again
}

} // namespace tilework::transaction
