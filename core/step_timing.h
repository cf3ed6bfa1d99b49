// SPDX-License-Identifier: Apache-2.0
/// \file Why a step took as long as it did: what every booking waited for, and the longest path through the step.
///
/// A step is a graph of events: begin and end of every operation and the start of every booking.
/// - An operation begins when the last of its predecessors in the step program ends.
/// - A booking is asked for a gap after an earlier event of its operation (its begin, or the start of a booking), its
///   cause. The gap is what that unit and its latency take, and the wait for a clock edge. Operations that share
///   packets (a multicast, a reduction) share the bookings of network and buffer too.
/// - A booking starts when it has been asked for and the booking before it on the same unit is over. The converters
///   start a fixed time after the array of the same product, so the array waits for both.
/// - An operation ends a gap after its last booking's start.
#pragma once

#include <tilework/core/booking_log.h>
#include <tilework/core/step_program.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tilework {

struct operation_times {
  femtoseconds ready;
  femtoseconds accepted;
  femtoseconds done;
  std::uint32_t group = 0; ///< see operation_record
  operation_activity activity{};
};

/// One step as it was observed. Times are relative to its begin.
struct recorded_step {
  std::uint64_t number = 0; ///< among the training steps of the run
  const step_program* program = nullptr;
  femtoseconds begin; ///< training time before it
  femtoseconds length;
  std::vector<operation_times> operations;
  std::vector<resource_booking> bookings;
};

/// The event that another one follows, and how much later.
struct event_cause {
  std::uint32_t booking = no_booking; ///< no_booking: the begin of the operation
  femtoseconds gap;
};

/// What an operation does, without the array it does it on.
struct operation_label {
  operation_kind kind{};
  vector_function function = vector_function::none;
  std::uint16_t layer = 0;
  explicit operation_label(const operation& op) : kind(op.kind), function(op.function), layer(op.layer) {}
  operation_label() = default;
  friend auto operator<=>(const operation_label&, const operation_label&) = default;
};
/// As "forward_mvm L1"; vector operations by their function.
std::string name_of(const operation_label& label);

/// A piece of the chain that decides when a step ends.
struct path_segment {
  std::uint32_t operation = 0;
  std::optional<resource_kind> kind; ///< whose work it is; nothing: waiting for a unit that is taken
  femtoseconds length;
};

/// The graph of one step. Buffers are kept from step to step.
class step_timing {
public:
  /// \param resources of the machine \param step must stay as it is until the next call
  void analyse(const recorded_step& step, std::span<const resource> resources);

  [[nodiscard]] const event_cause& cause_of_booking(std::uint32_t booking) const { return causes_[booking]; }
  [[nodiscard]] const event_cause& cause_of_end(std::uint32_t operation) const { return ends_[operation]; }
  /// The booking before this one on its unit, or no_booking.
  [[nodiscard]] std::uint32_t before(std::uint32_t booking) const { return before_[booking]; }
  /// The converters' booking that is joined to an array's, or no_booking.
  [[nodiscard]] std::uint32_t joined_to(std::uint32_t booking) const { return joined_[booking]; }

  /// Length of the step by the longest path, from durations and the order on every unit alone. With `free` all units
  /// of that kind take no time; the orders stay, and clock edges are not looked for again.
  [[nodiscard]] femtoseconds longest_path(std::optional<resource_kind> free = {});
  /// The chain back from the operation that ends last, by causes and predecessors; what it had to wait for a unit is
  /// waiting. Segments add up to the length of the step.
  [[nodiscard]] std::span<const path_segment> critical_path();

private:
  [[nodiscard]] resource_kind kind_of(std::uint32_t booking) const;
  [[nodiscard]] bool is_wait(std::uint32_t booking) const { return bookings()[booking].resource == no_resource; }
  [[nodiscard]] std::span<const resource_booking> bookings() const { return step_->bookings; }
  void find_causes();
  void find_order();
  void sort_events();
  template <typename F>
  void for_each_source(std::uint32_t event, F&& f) const;
  [[nodiscard]] event_cause latest(std::uint32_t operation, std::uint32_t last, femtoseconds until,
                                   bool with_others) const;
  [[nodiscard]] femtoseconds shortened(const event_cause& cause, std::optional<resource_kind> of_next,
                                       std::optional<resource_kind> free) const;
  [[nodiscard]] femtoseconds held(std::uint32_t booking, std::optional<resource_kind> free) const;
  [[nodiscard]] femtoseconds offset(std::uint32_t joined, std::optional<resource_kind> free) const;
  [[nodiscard]] femtoseconds start_of(std::uint32_t booking, std::optional<resource_kind> free) const;
  void add_segment(std::uint32_t operation, std::optional<resource_kind> kind, femtoseconds length);
  void add_gap(std::uint32_t operation, const event_cause& cause, std::optional<resource_kind> of_next);

  // Events: begin of operation i is i, its end n + i, start of booking b 2 n + b.
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(step_->operations.size()); }

  const recorded_step* step_ = nullptr;
  std::span<const resource> resources_;
  std::vector<event_cause> causes_;     ///< of bookings
  std::vector<event_cause> ends_;       ///< of operations
  std::vector<std::uint32_t> previous_; ///< booking: the one before it of its group
  std::vector<std::uint32_t> last_;     ///< by group: its last booking
  std::vector<std::uint32_t> before_;
  std::vector<std::uint32_t> joined_;
  std::vector<std::uint32_t> by_unit_; ///< bookings by unit and start
  std::vector<std::uint32_t> order_;   ///< events, every one after its sources
  std::vector<std::uint8_t> visited_;
  std::vector<std::uint32_t> stack_;
  std::vector<femtoseconds> times_; ///< by event
  std::vector<path_segment> path_;
};

} // namespace tilework
