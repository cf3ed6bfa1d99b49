// SPDX-License-Identifier: Apache-2.0
#include <tilework/tlm/agenda.h>

#include <algorithm>
#include <utility>

namespace tilework::transaction {
namespace {

// A heap with the earliest first. What has equal times comes out in the order of the kernel's queue, not of
// std::pop_heap: it decides who of several initiators comes first on a shared network.

template <typename T>
void push(std::vector<T>& heap, const T& fresh) {
  auto place = heap.size();
  heap.push_back(fresh);
  for (; place > 0 && heap[(place - 1) / 2].time > fresh.time; place = (place - 1) / 2)
    heap[place] = heap[(place - 1) / 2];
  heap[place] = fresh;
}

template <typename T>
T pop(std::vector<T>& heap) {
  const auto top = heap.front();
  heap.front() = heap.back();
  heap.pop_back();
  std::size_t place = 0;
  for (;;) {
    auto earliest = place;
    for (const auto child : {2 * place + 1, 2 * place + 2})
      if (child < heap.size() && heap[child].time < heap[earliest].time)
        earliest = child;
    if (earliest == place)
      return top;
    std::swap(heap[place], heap[earliest]);
    place = earliest;
  }
}

} // namespace

void agenda::spawn(std::function<void()> body, std::initializer_list<wakeup*> sensitivity) {
  auto& fresh = processes_.emplace_back(process{std::move(body)});
  for (auto* event : sensitivity)
    event->woken_ = &fresh;
}

void agenda::notify_at(wakeup& event, const sc_core::sc_time& time) {
  event.state_ = wakeup::state::timed;
  event.time_ = time;
  event.number_ = ++numbers_;
  push(timed_, {time, event.number_, &event});
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
    for (auto event = now_.rbegin(); event != now_.rend(); ++event) // in the kernel's order, see above
      if (*event != nullptr)
        wake(**event);
    now_.clear();
  }
  while (woken_.empty()) {
    if (timed_.empty())
      return false;
    const auto time = timed_.front().time;
    do {
      const auto due = pop(timed_);
      if (due.event->state_ == wakeup::state::timed && due.event->number_ == due.number) {
        present_ = std::max(present_, time); // what should have been before is now, as on the kernel
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
