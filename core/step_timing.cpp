// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/step_timing.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace tilework {
namespace {

bool is_shared(resource_kind kind) {
  return kind == resource_kind::network || kind == resource_kind::buffer || kind == resource_kind::memory;
}

femtoseconds not_negative(femtoseconds t) {
  return std::max(t, femtoseconds{});
}

} // namespace

std::string name_of(const operation_label& label) {
  return fmt::format("{} L{}", label.kind == operation_kind::vector_op ? name_of(label.function) : name_of(label.kind),
                     label.layer);
}

void step_timing::analyse(const recorded_step& step, std::span<const resource> resources) {
  step_ = &step;
  resources_ = resources;
  find_causes();
  find_order();
  sort_events();
}

resource_kind step_timing::kind_of(std::uint32_t booking) const {
  const auto number = bookings()[booking].resource;
  return number == no_resource ? resource_kind::input : resources_[number].kind;
}

/// The latest event of an operation (and of those it shares packets with) that is not after `until`.
/// \param last booking of the group to begin with
event_cause step_timing::latest(std::uint32_t operation, std::uint32_t last, femtoseconds until,
                                bool with_others) const {
  auto time = step_->operations[operation].ready;
  std::uint32_t found = no_booking;
  for (auto b = last; b != no_booking; b = previous_[b]) {
    const auto& booking = bookings()[b];
    const bool own = booking.operation == operation;
    if ((!own && !(with_others && is_shared(kind_of(b)))) || booking.joined || booking.start > until)
      continue;
    if (found == no_booking ? booking.start >= time : booking.start > time) {
      found = b;
      time = booking.start;
    }
    if (own && !with_others)
      break; // those of one operation come in order of time
  }
  return {found, until - time};
}

void step_timing::find_causes() {
  const auto n = bookings().size();
  causes_.assign(n, {});
  previous_.assign(n, no_booking);
  joined_.assign(n, no_booking);
  last_.assign(count(), no_booking);
  for (std::uint32_t b = 0; b < n; ++b) {
    const auto& booking = bookings()[b];
    const auto group = step_->operations[booking.operation].group;
    previous_[b] = last_[group];
    if (booking.joined)
      joined_[b - 1] = b;
    else
      causes_[b] = latest(booking.operation, last_[group], booking.requested, true);
    last_[group] = b;
  }
  ends_.resize(count());
  for (std::uint32_t i = 0; i < count(); ++i) {
    const auto& op = step_->operations[i];
    ends_[i] = latest(i, last_[op.group], op.done, false);
  }
}

void step_timing::find_order() {
  const auto n = static_cast<std::uint32_t>(bookings().size());
  by_unit_.resize(n);
  std::iota(by_unit_.begin(), by_unit_.end(), 0U);
  std::ranges::sort(by_unit_, {}, [this](std::uint32_t b) {
    return std::pair{bookings()[b].resource, bookings()[b].start};
  });
  before_.assign(n, no_booking);
  for (std::uint32_t i = 1; i < n; ++i)
    if (const auto b = by_unit_[i];
        bookings()[b].length.count > 0 && bookings()[b].resource == bookings()[by_unit_[i - 1]].resource)
      before_[b] = by_unit_[i - 1];
}

/// Calls f(event) for everything that an event follows.
template <typename F>
void step_timing::for_each_source(std::uint32_t event, F&& f) const {
  const auto n = count();
  if (event < n) {
    for (const auto p : step_->program->predecessors(event))
      f(n + p);
    return;
  }
  const bool ends = event < 2 * n;
  const auto b = event - 2 * n;
  const auto operation = ends ? event - n : bookings()[b].operation;
  const auto& cause = ends ? ends_[operation] : causes_[b];
  f(cause.booking == no_booking ? operation : 2 * n + cause.booking);
  if (ends)
    return;
  const auto after = [&](std::uint32_t earlier) {
    if (earlier != no_booking)
      f(2 * n + (bookings()[earlier].joined ? earlier - 1 : earlier));
  };
  after(before_[b]);
  if (joined_[b] != no_booking)
    after(before_[joined_[b]]);
}

/// Depth first, without recursion: steps may have hundred thousands of events.
void step_timing::sort_events() {
  const auto events = static_cast<std::uint32_t>(2 * count() + bookings().size());
  order_.clear();
  visited_.assign(events, 0);
  for (std::uint32_t root = count(); root < 2 * count(); ++root) {
    stack_.assign(1, root);
    while (!stack_.empty()) {
      const auto event = stack_.back();
      if (visited_[event] == 0) {
        visited_[event] = 1;
        for_each_source(event, [this](std::uint32_t source) {
          if (visited_[source] == 0)
            stack_.push_back(source);
        });
      } else {
        stack_.pop_back();
        if (std::exchange(visited_[event], std::uint8_t{2}) == 1)
          order_.push_back(event);
      }
    }
  }
}

/// A gap when units of one kind are free.
/// \param of_next kind of the unit that is booked next: where nothing was booked before, the gap is its own
femtoseconds step_timing::shortened(const event_cause& cause, std::optional<resource_kind> of_next,
                                    std::optional<resource_kind> free) const {
  if (!free)
    return cause.gap;
  if (cause.booking == no_booking)
    return of_next == free ? femtoseconds{} : cause.gap;
  const auto& booking = bookings()[cause.booking];
  if (const auto j = joined_[cause.booking]; j != no_booking) {
    if (free == resource_kind::array)
      return not_negative(cause.gap - booking.work);
    const auto end = std::max(booking.start + booking.length, bookings()[j].start + bookings()[j].length);
    return free == resource_kind::adc ? not_negative(cause.gap - (end - booking.start - booking.work)) : cause.gap;
  }
  return kind_of(cause.booking) == free ? femtoseconds{} : cause.gap;
}

/// How long a booking keeps its unit.
femtoseconds step_timing::held(std::uint32_t booking, std::optional<resource_kind> free) const {
  const auto& b = bookings()[booking];
  if (!free)
    return b.length;
  if (joined_[booking] != no_booking && (free == resource_kind::array || free == resource_kind::adc))
    return free == resource_kind::adc ? b.work : b.length - b.work;
  return kind_of(booking) == free ? femtoseconds{} : b.length;
}

/// From the array's start to that of its converters.
femtoseconds step_timing::offset(std::uint32_t joined, std::optional<resource_kind> free) const {
  const auto& array = bookings()[joined - 1];
  const auto offset = bookings()[joined].start - array.start;
  return free == resource_kind::array ? not_negative(offset - array.work) : offset;
}

femtoseconds step_timing::start_of(std::uint32_t booking, std::optional<resource_kind> free) const {
  const auto base = 2 * count();
  const auto& b = bookings()[booking];
  const auto& cause = causes_[booking];
  auto start = times_[cause.booking == no_booking ? b.operation : base + cause.booking] +
               shortened(cause, kind_of(booking), free);
  if (is_wait(booking))
    return start + (b.start - b.requested); // held back at a full input: as recorded
  const auto end_of = [&](std::uint32_t earlier) {
    const bool is_joined = bookings()[earlier].joined;
    return times_[base + (is_joined ? earlier - 1 : earlier)] + (is_joined ? offset(earlier, free) : femtoseconds{}) +
           held(earlier, free);
  };
  if (before_[booking] != no_booking && kind_of(booking) != free)
    start = std::max(start, end_of(before_[booking]));
  const auto j = joined_[booking];
  if (j != no_booking && before_[j] != no_booking && free != resource_kind::adc)
    start = std::max(start, end_of(before_[j]) - offset(j, free));
  return start;
}

femtoseconds step_timing::longest_path(std::optional<resource_kind> free) {
  const auto n = count();
  times_.assign(2 * n + bookings().size(), {});
  femtoseconds longest;
  for (const auto event : order_) {
    auto& time = times_[event];
    if (event < n) {
      for (const auto p : step_->program->predecessors(event))
        time = std::max(time, times_[n + p]);
    } else if (event < 2 * n) {
      const auto& cause = ends_[event - n];
      time = times_[cause.booking == no_booking ? event - n : 2 * n + cause.booking] + shortened(cause, {}, free);
      longest = std::max(longest, time);
    } else {
      time = start_of(event - 2 * n, free);
    }
  }
  return longest;
}

void step_timing::add_segment(std::uint32_t operation, std::optional<resource_kind> kind, femtoseconds length) {
  if (length.count > 0)
    path_.push_back({operation, kind, length});
}

/// The time between an event and its cause belongs to the unit of the cause: of a product first to the array, as long
/// as it works itself, then to the converters.
void step_timing::add_gap(std::uint32_t operation, const event_cause& cause, std::optional<resource_kind> of_next) {
  if (cause.booking == no_booking)
    return add_segment(operation, of_next.value_or(resource_kind::digital), cause.gap);
  const auto& booking = bookings()[cause.booking];
  if (is_wait(cause.booking)) // what follows is the way to the unit that is booked next
    return add_segment(operation, of_next.value_or(resource_kind::network), cause.gap);
  if (joined_[cause.booking] == no_booking)
    return add_segment(operation, kind_of(cause.booking), cause.gap);
  const auto own = std::min(booking.work, cause.gap);
  add_segment(operation, resource_kind::adc, cause.gap - own);
  add_segment(operation, resource_kind::array, own);
}

std::span<const path_segment> step_timing::critical_path() {
  path_.clear();
  if (count() == 0)
    return path_;
  auto operation = static_cast<std::uint32_t>(std::ranges::max_element(step_->operations, {}, &operation_times::done) -
                                              step_->operations.begin());
  for (;;) {
    auto* cause = &ends_[operation];
    std::optional<resource_kind> of_next;
    for (;;) {
      add_gap(operation, *cause, of_next);
      if (cause->booking == no_booking)
        break;
      const auto& booking = bookings()[cause->booking];
      operation = booking.operation; // of those that share a packet, the one that sent it
      add_segment(operation, {}, booking.start - booking.requested);
      of_next = kind_of(cause->booking);
      cause = &causes_[cause->booking];
    }
    const auto& predecessors = step_->program->predecessors(operation);
    const auto found = std::ranges::find_if(
        predecessors, [&](auto p) { return step_->operations[p].done == step_->operations[operation].ready; });
    if (found == predecessors.end())
      return path_;
    operation = *found;
  }
}

} // namespace tilework
