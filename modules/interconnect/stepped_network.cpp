// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/interconnect/stepped_network.h>
#include <tilework/tlm/method_process.h>
#include <tilework/tlm/tile_extension.h>

#include <algorithm>
#include <limits>
#include <tuple>

namespace tilework::hardware {

namespace {

/// Of any other process; 0 if there is some now.
femtoseconds time_to_next_activity() {
  constexpr std::int64_t very_long = std::numeric_limits<std::int64_t>::max() / 4;
  const auto time = sc_core::sc_time_to_pending_activity().value();
  return {time < static_cast<sc_dt::uint64>(very_long) ? static_cast<std::int64_t>(time) : very_long};
}

} // namespace

bool stepped_network::event::before(const event& a, const event& b) {
  return std::tie(a.time, a.response, a.operation_id) < std::tie(b.time, b.response, b.operation_id);
}

stepped_network::stepped_network(const sc_core::sc_module_name& name, std::unique_ptr<flit_network> carrier,
                                 double clock_Hz, transaction::timeline& time, std::uint32_t ways)
    : interconnect(name, ways),
      carrier_(std::move(carrier)),
      clock_(clock_Hz),
      time_(time),
      ways_(ways),
      wake_("wake") {
  transaction::spawn_method("run", [this] { run(); }, {&wake_});
  time_.on_drain([this] {
    carrier_->drain();
    journeys_.clear();
    departing_.clear();
    arriving_.clear();
  });
}

transaction::calendar_statistics stepped_network::bookings() const {
  transaction::calendar_statistics s;
  s.delayed = carrier_->delayed();
  return s;
}

void stepped_network::b_transport(int /*way*/, ::tlm::tlm_generic_payload& /*payload*/, sc_core::sc_time& /*delay*/) {
  throw run_error("a network of model router carries approximately timed requests only");
}

::tlm::tlm_sync_enum stepped_network::nb_transport_fw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                                      sc_core::sc_time& delay) {
  if (p == ::tlm::BEGIN_REQ) {
    payload.acquire();
    depart({&payload, way, false}, time_.now(delay));
    return ::tlm::TLM_ACCEPTED;
  }
  if (p == ::tlm::END_RESP) {
    ways_[static_cast<std::size_t>(way)].responding = false;
    wake_.notify(delay);
    return ::tlm::TLM_COMPLETED;
  }
  return down(way)->nb_transport_fw(payload, p, delay);
}

::tlm::tlm_sync_enum stepped_network::nb_transport_bw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                                      sc_core::sc_time& delay) {
  if (p != ::tlm::BEGIN_RESP)
    return up(way)->nb_transport_bw(payload, p, delay);
  payload.acquire();
  depart({&payload, way, true}, time_.now(delay));
  return ::tlm::TLM_COMPLETED; // the packet is the network's: the target may send the next one
}

packet stepped_network::packet_of(const journey& j) {
  const auto& request = transaction::tile_request::of(*j.payload);
  return j.response ? response_packet(request) : request_packet(request, j.payload->get_data_length());
}

stepped_network::event stepped_network::event_of(std::uint64_t ticket, femtoseconds time) const {
  const auto& j = journeys_[ticket];
  return {time, j.response, transaction::tile_request::of(*j.payload).operation_id, ticket};
}

void stepped_network::depart(const journey& j, femtoseconds at) {
  const auto ticket = journeys_.size();
  journeys_.push_back(j);
  const auto p = packet_of(j);
  if (p.bytes == 0)
    arriving_.push_back(event_of(ticket, at));
  else if (carrier_->join(p, clock_.cycles_to_cover(at), ticket))
    collect_arrivals();
  else
    departing_.push_back(event_of(ticket, clock_.next_edge(at)));
  arm(time_.now());
}

void stepped_network::run() {
  const auto now = time_.now();
  respond_all(); // before looking ahead: what follows is then pending
  try {
    if (now.count >= 0) {
      simulate(now);
      finish_until(now);
    }
  } catch (...) {
    failure_ = std::current_exception();
    sc_core::sc_stop();
    return;
  }
  respond_all();
  arm(now);
}

/// All cycles in which nothing new can depart any more: until the kernel's next activity, or the next arrival.
void stepped_network::simulate(femtoseconds now) {
  const auto horizon = now + time_to_next_activity();
  std::ranges::sort(departing_, event::before);
  const auto first_left = std::ranges::find_if(departing_, [&](const event& e) { return e.time >= horizon; });
  for (auto e = departing_.begin(); e != first_left; ++e)
    carrier_->send(packet_of(journeys_[e->ticket]), clock_.cycles_to_cover(e->time), e->ticket);
  departing_.erase(departing_.begin(), first_left);
  const auto may_be_simulated = [&](femtoseconds edge) {
    return edge < horizon && std::ranges::all_of(arriving_, [&](const event& e) { return edge < e.time; });
  };
  while (carrier_->next() && may_be_simulated(clock_.cycles(*carrier_->next()))) {
    carrier_->step();
    collect_arrivals();
  }
}

/// Hands over what has arrived.
void stepped_network::finish_until(femtoseconds now) {
  std::ranges::sort(arriving_, event::before);
  while (!arriving_.empty() && arriving_.front().time <= now) {
    const auto j = journeys_[arriving_.front().ticket];
    arriving_.erase(arriving_.begin());
    finish(j);
  }
}

void stepped_network::collect_arrivals() {
  for (const auto& a : carrier_->arrivals())
    arriving_.push_back(event_of(a.ticket, clock_.cycles(a.at)));
  carrier_->arrivals().clear();
}

void stepped_network::finish(const journey& j) {
  if (j.response)
    ways_[static_cast<std::size_t>(j.way)].responses.push_back(j.payload);
  else
    forward_request(j);
}

void stepped_network::forward_request(const journey& j) {
  ::tlm::tlm_phase stage = ::tlm::BEGIN_REQ;
  sc_core::sc_time delay;
  const auto answer = down(j.way)->nb_transport_fw(*j.payload, stage, delay);
  const bool responded = answer == ::tlm::TLM_COMPLETED || (answer == ::tlm::TLM_UPDATED && stage == ::tlm::BEGIN_RESP);
  if (answer == ::tlm::TLM_UPDATED && stage == ::tlm::END_REQ)
    up(j.way)->nb_transport_bw(*j.payload, stage, delay);
  if (responded) {
    j.payload->acquire();
    depart({j.payload, j.way, true}, time_.now(delay));
  }
  if (answer == ::tlm::TLM_UPDATED && stage == ::tlm::BEGIN_RESP) {
    stage = ::tlm::END_RESP;
    down(j.way)->nb_transport_fw(*j.payload, stage, delay);
  }
  j.payload->release();
}

void stepped_network::respond_all() {
  for (std::size_t way = 0; way < ways_.size(); ++way)
    respond(static_cast<int>(way));
}

/// Hands responses to the initiator, one at a time.
void stepped_network::respond(int way) {
  auto& state = ways_[static_cast<std::size_t>(way)];
  while (!state.responding && !state.responses.empty()) {
    auto& payload = *state.responses.front();
    state.responses.erase(state.responses.begin());
    state.responding = true;
    ::tlm::tlm_phase stage = ::tlm::BEGIN_RESP;
    sc_core::sc_time delay;
    const auto answer = up(way)->nb_transport_bw(payload, stage, delay);
    if (answer == ::tlm::TLM_COMPLETED || (answer == ::tlm::TLM_UPDATED && stage == ::tlm::END_RESP))
      state.responding = false;
    payload.release();
  }
}

void stepped_network::arm(femtoseconds now) {
  constexpr femtoseconds never{std::numeric_limits<std::int64_t>::max()};
  auto next = never;
  for (const auto& e : departing_)
    next = std::min(next, e.time + clock_.period());
  for (const auto& e : arriving_)
    next = std::min(next, e.time);
  if (const auto simulated = carrier_->next())
    next = std::min(next, clock_.cycles(*simulated + 1));
  if (next != never)
    wake_.notify(transaction::to_sc_time(std::max(next - now, femtoseconds{})));
}

} // namespace tilework::hardware
