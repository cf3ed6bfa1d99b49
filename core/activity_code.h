// SPDX-License-Identifier: Apache-2.0
/// \file Activities as few bytes: what a replay needs to know of every operation.
#pragma once

#include <tilework/core/error.h>
#include <tilework/core/step_program.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tilework {

/// Whether the activity of operations of this kind follows from data: products, pulses, transfers. What the others did
/// follows from the step program and the machine.
constexpr bool has_recorded_activity(operation_kind kind) {
  switch (kind) {
  case operation_kind::forward_mvm:
  case operation_kind::backward_mvm:
  case operation_kind::outer_product_update:
  case operation_kind::refresh:
  case operation_kind::read_line:
  case operation_kind::write_line:
  case operation_kind::transfer:
    return true;
  case operation_kind::load_samples:
  case operation_kind::program:
  case operation_kind::vector_op:
  case operation_kind::calibrate:
  case operation_kind::rest:
    break;
  }
  return false;
}

/// Most bytes that one activity takes.
inline constexpr std::size_t longest_activity_code = 256;

/// Appends an activity. Numbers are base 128, lowest digit first, high bit = more follow. A mask of the fields that
/// differ from what the operation lets expect, then these fields: rounds as they are, the others as distance from what
/// is expected, d >= 0 as 2 d, d < 0 as -2 d - 1. Expected are: one round of all vectors; every input active in every
/// pass; every vector in an update that has slots; half-selected cells that follow from the lines' pulses and the
/// coincidences; of everything else 0.
void encode_activity(std::string& out, const operation& op, const operation_activity& activity);

/// Bytes that are read from front to back.
class byte_cursor {
public:
  explicit byte_cursor(std::string_view bytes = {}) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  [[nodiscard]] bool empty() const { return at_ == end_; }
  /// \throws input_error at the end, or if the number is too large
  std::uint64_t number() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < continued)
      return static_cast<unsigned char>(*at_++);
    return long_number();
  }
  /// \throws input_error if there are fewer
  std::string_view bytes(std::size_t count) {
    if (count > static_cast<std::size_t>(end_ - at_))
      report_end();
    const std::string_view taken(at_, count);
    at_ += count;
    return taken;
  }

  static constexpr unsigned char continued = 0x80;

private:
  std::uint64_t long_number();
  [[noreturn]] static void report_end();

  const char* at_;
  const char* end_;
};

/// Appends a number, as above.
void encode_number(std::string& out, std::uint64_t number);

/// Reads what encode_activity() wrote for an operation with the same shape.
/// \throws input_error if it cannot be that
void decode_activity(byte_cursor& in, const operation& op, operation_activity& activity);

/// Sum over operations that were recorded, in their order: equal sums mean that a replay executes the same ones.
class program_digest {
public:
  void add(const operation& op) {
    constexpr std::uint64_t prime = 0x9E3779B97F4A7C15; // odd, half of its bits set
    const std::uint64_t key = static_cast<std::uint64_t>(op.kind) | static_cast<std::uint64_t>(op.phase) << 4U |
                              static_cast<std::uint64_t>(op.transfer) << 8U | std::uint64_t{op.array} << 12U |
                              std::uint64_t{op.vectors} << 44U;
    sum_ = (sum_ ^ key ^ (sum_ >> 29U)) * prime;
  }
  void reset(std::uint64_t sum) { sum_ = sum; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }

private:
  std::uint64_t sum_ = 0;
};

/// Where a machine without values gets the activities of its operations from: in the order of the steps, in a step in
/// program order.
class activity_source {
public:
  activity_source() = default;
  activity_source(const activity_source&) = delete;
  activity_source& operator=(const activity_source&) = delete;
  virtual ~activity_source() = default;
  /// \throws input_error if there is none left
  virtual void begin_step() = 0;
  /// Activity of the next operation. \pre has_recorded_activity(op.kind) \throws input_error if it is one of another
  virtual void read(const operation& op, operation_activity& activity) = 0;
};

} // namespace tilework
