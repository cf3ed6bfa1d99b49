// SPDX-License-Identifier: Apache-2.0
#include <tilework/tlm/agenda.h>

#include <algorithm>
#include <utility>

namespace tilework::transaction {

void agenda::spawn(std::function<void()> body, std::initializer_list<wakeup*> sensitivity) {
  auto& fresh = processes_.emplace_back(process{std::move(body)});
  for (auto* event : sensitivity)
    event->woken_ = &fresh;
}

void agenda::notify_at(wakeup& event, const sc_core::sc_time& time) {
  event.state_ = wakeup::state::timed;
  event.time_ = time;
  event.number_ = ++numbers_;
  timed_.push_back({time, event.number_, &event});
  std::ranges::push_heap(timed_, later);
}

void agenda::wake(wakeup& event) {
  event.state_ = wakeup::state::idle;
  auto* const sleeper = event.woken_;
  if (sleeper == nullptr || sleeper->woken_in == deltas_)
    return;
  sleeper->woken_in = deltas_;
  woken_.push_back(sleeper);
}

bool agenda::advance() {
  ++deltas_;
  woken_.clear();
  if (!next_.empty()) {
    std::swap(now_, next_);
    for (auto* event : now_)
      if (event != nullptr)
        wake(*event);
    now_.clear();
  }
  while (woken_.empty()) {
    if (timed_.empty())
      return false;
    const auto time = timed_.front().time;
    do {
      std::ranges::pop_heap(timed_, later);
      const auto due = timed_.back();
      timed_.pop_back();
      if (due.event->state_ == wakeup::state::timed && due.event->number_ == due.number) {
        present_ = time;
        wake(*due.event);
      }
    } while (!timed_.empty() && timed_.front().time == time);
  }
  for (auto* awake : woken_)
    awake->body();
  return true;
}

void wakeup::notify_ahead(const sc_core::sc_time& delay) {
  if (state_ == state::next_delta)
    return;
  if (delay == sc_core::SC_ZERO_TIME) {
    state_ = state::next_delta;
    ahead_->next_.push_back(this);
    return;
  }
  const auto time = ahead_->present() + delay;
  if (state_ == state::idle || time < time_)
    ahead_->notify_at(*this, time);
}

void wakeup::cancel() {
  if (ahead_ == nullptr)
    event_.cancel();
  else if (state_ == state::next_delta)
    std::ranges::replace(ahead_->next_, this, static_cast<wakeup*>(nullptr));
  state_ = state::idle;
}

void spawn_method(const char* name, std::function<void()> body, agenda* ahead,
                  std::initializer_list<wakeup*> sensitivity) {
  if (ahead != nullptr)
    return ahead->spawn(std::move(body), sensitivity);
  sc_core::sc_spawn_options options;
  options.spawn_method();
  options.dont_initialize();
  for (const auto* event : sensitivity)
    options.set_sensitivity(&event->event());
  sc_core::sc_spawn(std::move(body), name, &options);
}

} // namespace tilework::transaction
