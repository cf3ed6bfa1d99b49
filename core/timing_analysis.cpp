// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/byte_stream.h>
#include <tilework/core/timing_analysis.h>

#include <algorithm>
#include <functional>

namespace tilework {
namespace {

template <typename T>
void write_map(byte_writer& out, const T& map) {
  out.write(std::uint64_t{map.size()});
  for (const auto& [key, value] : map) {
    out.write(key);
    out.write(value);
  }
}

template <typename T>
void read_map(byte_reader& in, T& map) {
  map.clear();
  std::uint64_t size = 0;
  in.read(size);
  for (; size > 0; --size) {
    typename T::key_type key;
    in.read(key);
    in.read(map[key]);
  }
}

} // namespace

timing_analysis::timing_analysis(std::span<const resource> resources) : resources_(resources), busy_(resources.size()) {
  for (const auto& r : resources)
    present_[static_cast<std::size_t>(r.kind)] = true;
}

void timing_analysis::add(const recorded_step& step) {
  timing_.analyse(step, resources_);
  ++steps_;
  time_ += step.length;
  add_stalls(step);
  for (const auto& segment : timing_.critical_path()) {
    (segment.kind ? path_kinds_[static_cast<std::size_t>(*segment.kind)] : waiting_) += segment.length;
    path_operations_[operation_label(step.program->operations()[segment.operation])] += segment.length;
  }
  for (std::size_t k = 0; k < resource_kind_count; ++k)
    if (present_[k])
      time_free_[k] += timing_.longest_path(static_cast<resource_kind>(k));
}

void timing_analysis::add_stalls(const recorded_step& step) {
  for (std::uint32_t b = 0; b < step.bookings.size(); ++b) {
    const auto& booking = step.bookings[b];
    if (booking.resource != no_resource)
      busy_[booking.resource] += booking.length;
    if (!booking.joined && booking.start > booking.requested)
      add_wait(step, b);
  }
}

/// Shares a wait out among those that held the unit meanwhile. A gap that was too short counts for the one after it.
void timing_analysis::add_wait(const recorded_step& step, std::uint32_t booking) {
  const auto& b = step.bookings[booking];
  const auto operations = step.program->operations();
  const auto& waiter = operations[b.operation];
  if (b.resource == no_resource)
    return add_stall(no_resource, waiter, nullptr, b.start - b.requested);
  const auto end_of = [&](std::uint32_t held) { return step.bookings[held].start + step.bookings[held].length; };
  auto waits_for = booking; // the array, or its converters where they were what was missing
  if (const auto j = timing_.joined_to(booking);
      j != no_booking && (timing_.before(booking) == no_booking || end_of(timing_.before(booking)) != b.start))
    waits_for = j;
  const auto& wanted = step.bookings[waits_for];
  auto until = wanted.start;
  for (auto holder = timing_.before(waits_for); holder != no_booking && until > wanted.requested;
       holder = timing_.before(holder)) {
    const auto earlier = timing_.before(holder);
    const auto from = std::max(wanted.requested, earlier == no_booking ? wanted.requested : end_of(earlier));
    if (from < until)
      add_stall(wanted.resource, waiter, &operations[step.bookings[holder].operation], until - from);
    until = std::min(from, until);
  }
}

void timing_analysis::add_stall(std::uint32_t resource, const operation& waiter, const operation* holder,
                                femtoseconds time) {
  auto& sum =
      stalls_[{resource, operation_label(waiter), holder == nullptr ? operation_label{} : operation_label(*holder)}];
  ++sum.count;
  sum.time += time;
}

timing_results timing_analysis::results(std::uint64_t interval) const {
  timing_results r{.steps = steps_, .interval = interval, .time = time_};
  for (const auto& [key, sum] : stalls_)
    r.stalls.push_back({key.resource == no_resource ? "input of the target" : resources_[key.resource].name,
                        name_of(key.waiter), key.resource == no_resource ? "" : name_of(key.holder), sum.count,
                        sum.time});
  std::ranges::stable_sort(r.stalls, std::greater{}, &stall::time);
  for (std::size_t k = 0; k < resource_kind_count; ++k)
    if (path_kinds_[k].count > 0)
      r.path_kinds.push_back({std::string(name_of(static_cast<resource_kind>(k))), path_kinds_[k]});
  if (waiting_.count > 0)
    r.path_kinds.push_back({"waiting", waiting_});
  for (const auto& [label, time] : path_operations_)
    r.path_operations.push_back({name_of(label), time});
  std::ranges::stable_sort(r.path_kinds, std::greater{}, &path_share::time);
  std::ranges::stable_sort(r.path_operations, std::greater{}, &path_share::time);
  for (std::size_t k = 0; k < resource_kind_count; ++k) {
    if (!present_[k])
      continue;
    unit_bottleneck unit{.kind = static_cast<resource_kind>(k), .time_free = time_free_[k]};
    std::int64_t units = 0;
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      if (resources_[i].kind != unit.kind)
        continue;
      ++units;
      unit.all_busy += busy_[i];
      if (unit.busiest.empty() || busy_[i] > unit.busy) {
        unit.busiest = resources_[i].name;
        unit.busy = busy_[i];
      }
    }
    unit.all_busy.count /= units;
    r.units.push_back(unit);
  }
  return r;
}

void timing_analysis::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write(steps_);
  writer.write(time_);
  write_map(writer, stalls_);
  writer.write(path_kinds_);
  writer.write(waiting_);
  write_map(writer, path_operations_);
  writer.write_vector(busy_);
  writer.write(time_free_);
}

void timing_analysis::restore(std::istream& in) {
  byte_reader reader(in);
  reader.read(steps_);
  reader.read(time_);
  read_map(reader, stalls_);
  reader.read(path_kinds_);
  reader.read(waiting_);
  read_map(reader, path_operations_);
  reader.read_vector(busy_);
  reader.read(time_free_);
}

} // namespace tilework
