// SPDX-License-Identifier: Apache-2.0
/// \file Bookings of a shared unit: row drivers, an ADC group, a link, digital lanes, a buffer port.
#pragma once

#include <tilework/core/booking_log.h>
#include <tilework/core/femtoseconds.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tilework::transaction {

/// What a calendar saw since construction; clear() does not touch it.
struct calendar_statistics {
  std::uint64_t requests = 0;
  std::uint64_t delayed = 0;      ///< did not start when asked to: contention
  std::uint64_t out_of_order = 0; ///< asked for an earlier time than a reservation made before it
  femtoseconds largest_skew;      ///< how much earlier, at most
  femtoseconds busy;

  calendar_statistics& operator+=(const calendar_statistics& other);
  friend bool operator==(const calendar_statistics&, const calendar_statistics&) = default;
};

/// Calendar of one unit that serves one request at a time. Bookings are half-open, [start, start + length); those that
/// touch are merged. Times are relative to the timeline's origin.
class resource_calendar {
public:
  /// Books the first gap that fits: a late call may fill a gap before existing bookings. Returns the start.
  /// A length of zero books nothing and starts at `earliest`. \pre length >= 0
  femtoseconds reserve(femtoseconds earliest, femtoseconds length) {
    const femtoseconds start = first_fit(earliest, length);
    reserve_at(earliest, start, length);
    return start;
  }
  /// Books a gap that the caller has found. \pre the calendar is free in [start, start + length), start >= requested
  void reserve_at(femtoseconds requested, femtoseconds start, femtoseconds length) {
    book(requested, start, length);
    if (log_ != nullptr) [[unlikely]]
      tell(requested, start, length);
  }
  /// Where reserve() would start.
  [[nodiscard]] femtoseconds first_fit(femtoseconds earliest, femtoseconds length) const {
    if (earliest >= last_.end || length.count == 0)
      return earliest;
    return search(earliest, length);
  }
  /// Forgets all bookings: the machine is idle and the timeline starts again at zero.
  void clear() {
    earlier_.clear();
    last_ = {};
    latest_request_ = {};
  }

  /// From now on bookings are told to a log as those of resource `number`; null: to no one.
  void observe(booking_log* log, std::uint32_t number) {
    log_ = log;
    number_ = number;
  }
  /// The log that is told, or null.
  [[nodiscard]] booking_log* log() const { return log_; }

  [[nodiscard]] const calendar_statistics& statistics() const { return statistics_; }
  /// Number of separate booked intervals.
  [[nodiscard]] std::size_t intervals() const { return earlier_.size() + (last_.empty() ? 0 : 1); }
  /// End of the last booking, 0 if there is none.
  [[nodiscard]] femtoseconds end() const { return last_.end; }

private:
  struct interval {
    femtoseconds start;
    femtoseconds end;
    [[nodiscard]] bool empty() const { return start == end; }
  };

  void book(femtoseconds earliest, femtoseconds start, femtoseconds length) {
    ++statistics_.requests;
    if (start != earliest)
      ++statistics_.delayed;
    if (earliest < latest_request_) {
      ++statistics_.out_of_order;
      statistics_.largest_skew = std::max(statistics_.largest_skew, latest_request_ - earliest);
    } else {
      latest_request_ = earliest;
    }
    if (length.count == 0)
      return;
    statistics_.busy += length;
    if (start == last_.end)
      last_.end += length;
    else if (start > last_.end) {
      if (!last_.empty())
        earlier_.push_back(last_);
      last_ = {start, start + length};
    } else
      insert({start, start + length});
  }
  void tell(femtoseconds requested, femtoseconds start, femtoseconds length);
  [[nodiscard]] femtoseconds search(femtoseconds earliest, femtoseconds length) const;
  void insert(interval fresh);

  // Nearly all bookings concern the last interval: it sits beside what every booking touches.
  interval last_;
  femtoseconds latest_request_;
  booking_log* log_ = nullptr;
  std::uint32_t number_ = no_resource;
  calendar_statistics statistics_;
  std::vector<interval> earlier_; // before last_; ascending, disjoint, not touching
};

/// Is shown every calendar of a module, with the name and the kind of its unit.
using calendar_visitor = std::function<void(const std::string& name, resource_kind kind, resource_calendar& calendar)>;

/// k identical units behind one queue, for example the ports of a buffer.
class multi_calendar {
public:
  /// \throws input_error if servers == 0
  explicit multi_calendar(unsigned servers);

  /// Books the server that can start first; among equals the lowest number.
  femtoseconds reserve(femtoseconds earliest, femtoseconds length) {
    auto& first = servers_.front();
    return earliest >= first.end() ? first.reserve(earliest, length) : reserve_best(earliest, length);
  }
  void clear();
  /// Sum over the servers; out_of_order and largest_skew see the order of calls to each server.
  [[nodiscard]] calendar_statistics statistics() const;
  [[nodiscard]] std::size_t servers() const { return servers_.size(); }
  /// Shows each server, as `name` and its number.
  void visit(const std::string& name, resource_kind kind, const calendar_visitor& visitor);

private:
  femtoseconds reserve_best(femtoseconds earliest, femtoseconds length);

  std::vector<resource_calendar> servers_;
};

} // namespace tilework::transaction
