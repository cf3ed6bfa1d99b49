// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/tlm/resource_calendar.h>

#include <iterator>

namespace tilework::transaction {

calendar_statistics& calendar_statistics::operator+=(const calendar_statistics& other) {
  requests += other.requests;
  delayed += other.delayed;
  out_of_order += other.out_of_order;
  largest_skew = std::max(largest_skew, other.largest_skew);
  busy += other.busy;
  return *this;
}

/// Out of line: the code of a booking that nobody observes stays small.
void resource_calendar::tell(femtoseconds requested, femtoseconds start, femtoseconds length) {
  if (length.count != 0)
    log_->add(number_, requested, start, length);
}

femtoseconds resource_calendar::search(femtoseconds earliest, femtoseconds length) const {
  auto next = earlier_.end(); // the wanted gap is near the end: requests come nearly in order of time
  while (next != earlier_.begin() && std::prev(next)->end > earliest)
    --next;
  femtoseconds start = earliest;
  for (; next != earlier_.end() && next->start < start + length; ++next)
    start = std::max(start, next->end);
  if (next == earlier_.end() && last_.start < start + length)
    start = std::max(start, last_.end);
  return start;
}

/// \pre the interval ends where the last one begins, or before
void resource_calendar::insert(interval fresh) {
  const auto next = std::ranges::lower_bound(earlier_, fresh.end, {}, &interval::start);
  auto& following = next == earlier_.end() ? last_ : *next;
  const bool touches_next = following.start == fresh.end;
  const bool touches_previous = next != earlier_.begin() && std::prev(next)->end == fresh.start;
  if (touches_next) {
    following.start = touches_previous ? std::prev(next)->start : fresh.start;
    if (touches_previous)
      earlier_.erase(std::prev(next));
  } else if (touches_previous) {
    std::prev(next)->end = fresh.end;
  } else {
    earlier_.insert(next, fresh);
  }
}

multi_calendar::multi_calendar(unsigned servers) : servers_(servers) {
  if (servers == 0)
    throw input_error("a shared unit needs at least one server, got 0");
}

femtoseconds multi_calendar::reserve_best(femtoseconds earliest, femtoseconds length) {
  auto* best = &servers_.front();
  auto best_start = best->first_fit(earliest, length);
  for (auto& server : servers_) {
    if (best_start == earliest)
      break;
    const auto start = server.first_fit(earliest, length);
    if (start < best_start) {
      best = &server;
      best_start = start;
    }
  }
  return best->reserve(earliest, length);
}

void multi_calendar::clear() {
  for (auto& server : servers_)
    server.clear();
}

void multi_calendar::visit(const std::string& name, resource_kind kind, const calendar_visitor& visitor) {
  for (std::size_t k = 0; k < servers_.size(); ++k)
    visitor(name + std::to_string(k), kind, servers_[k]);
}

calendar_statistics multi_calendar::statistics() const {
  calendar_statistics sum;
  for (const auto& server : servers_)
    sum += server.statistics();
  return sum;
}

} // namespace tilework::transaction
