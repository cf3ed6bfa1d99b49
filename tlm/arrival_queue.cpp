// SPDX-License-Identifier: Apache-2.0
#include <tilework/tlm/arrival_queue.h>

#include <algorithm>

namespace tilework::transaction {

arrival_queue::arrival_queue(const char* event_name, agenda* ahead)
    : ahead_(ahead), present_(present_of(ahead)), event_(event_name, ahead) {
  constexpr std::size_t usual = 64;
  sorted_.reserve(usual);
  incoming_.reserve(usual);
}

void arrival_queue::push(::tlm::tlm_generic_payload& payload, const sc_core::sc_time& delay) {
  const auto& request = tile_request::of(payload);
  const arrival a{present_ + delay, request.priority, request.source, pushes_++, delta_count(), &payload};
  if (delay == sc_core::SC_ZERO_TIME) {
    incoming_.push_back(a);
  } else {
    sorted_.push_back(a);
    std::ranges::push_heap(sorted_, later);
  }
  event_.notify(delay); // keeps an earlier notification
}

void arrival_queue::admit_incoming(std::uint64_t delta) {
  const auto first_too_new = std::ranges::find_if(incoming_, [delta](const arrival& a) { return a.delta == delta; });
  for (auto a = incoming_.begin(); a != first_too_new; ++a) {
    sorted_.push_back(*a);
    std::ranges::push_heap(sorted_, later);
  }
  incoming_.erase(incoming_.begin(), first_too_new);
}

::tlm::tlm_generic_payload* arrival_queue::take() {
  const auto& now = present_;
  const auto delta = delta_count();
  if (now != instant_) {
    instant_ = now;
    // Delayed arrivals wake their user in the first delta cycle of their instant; undelayed ones may still come in it.
    const bool woken_by_delayed = !sorted_.empty() && sorted_.front().time <= now;
    closed_delta_ = woken_by_delayed ? delta : never;
  }
  if (closed_delta_ == delta) {
    retry();
    return nullptr;
  }
  if (!incoming_.empty())
    admit_incoming(delta);
  if (!sorted_.empty() && sorted_.front().time <= now) {
    std::ranges::pop_heap(sorted_, later);
    auto* payload = sorted_.back().payload;
    sorted_.pop_back();
    return payload;
  }
  if (!incoming_.empty())
    retry();
  else if (!sorted_.empty())
    event_.notify(sorted_.front().time - now);
  return nullptr;
}

} // namespace tilework::transaction
