// SPDX-License-Identifier: Apache-2.0
/// \file What the units of a machine were booked for in one step: the raw material of traces and bottlenecks.
#pragma once

#include <tilework/core/femtoseconds.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tilework {

/// Kinds of units that serve one request at a time. `input` stands for the full input of a target that holds a request
/// back in an approximately timed run: a wait without a booking.
enum class resource_kind : std::uint8_t { array, adc, digital, transfer, network, buffer, memory, input };
inline constexpr std::size_t resource_kind_count = 8;
std::string_view name_of(resource_kind kind);

inline constexpr std::uint32_t no_resource = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t no_booking = std::numeric_limits<std::uint32_t>::max();

/// A unit that is booked; its number is its place in the machine's list.
struct resource {
  std::string name;
  resource_kind kind{};
};

/// Times are relative to the step's begin. Packets of a network that is simulated flit by flit book nothing: they leave
/// with length 0, and what comes after is the network's.
struct resource_booking {
  std::uint32_t operation = 0;          ///< index in the step program
  std::uint32_t resource = no_resource; ///< no_resource: held back at a full input, length 0
  femtoseconds requested;
  femtoseconds start;
  femtoseconds length;
  femtoseconds work;   ///< of it, what the unit itself takes: an array is held longer while its converters work
  bool joined = false; ///< starts a fixed time after the booking before it, which is of the same operation
};

/// Bookings in the order in which they are made. A calendar that has none pays one predictable branch per booking.
class booking_log {
public:
  /// \param first_operation number within the run of the step's first operation
  void begin_step(std::uint64_t first_operation) {
    bookings_.clear();
    first_operation_ = first_operation;
  }
  /// Whose bookings come next. Whoever calls a module for an operation says so: the sequencer and both ends of a
  /// socket.
  void set_operation(std::uint64_t operation_id) {
    operation_ = static_cast<std::uint32_t>(operation_id - first_operation_);
  }
  void add(std::uint32_t resource, femtoseconds requested, femtoseconds start, femtoseconds length) {
    bookings_.push_back({operation_, resource, requested, start, length, length, false});
  }
  /// The last booking starts a fixed time after the one before it. \pre both are of the same operation
  void join() { bookings_.back().joined = true; }
  /// The booking that the last one is joined to keeps its unit longer than the unit itself works.
  void set_work_of_joined(femtoseconds work) { bookings_[bookings_.size() - 2].work = work; }
  /// The operation could have gone on at `from` and was held back until `until`.
  void add_wait(femtoseconds from, femtoseconds until) {
    if (until > from)
      bookings_.push_back({operation_, no_resource, from, until, {}, {}, false});
  }
  [[nodiscard]] std::span<const resource_booking> bookings() const { return bookings_; }

private:
  std::vector<resource_booking> bookings_;
  std::uint64_t first_operation_ = 0;
  std::uint32_t operation_ = 0;
};

} // namespace tilework
