// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/activity_code.h>

#include <array>
#include <bit>
#include <limits>

namespace tilework {
namespace {

using field_of = std::uint64_t operation_activity::*;

/// Fields by their bit in the mask, after that of the rounds; the first ones are those that most operations have.
constexpr std::array<field_of, 16> fields{
    &operation_activity::code_sum,          &operation_activity::code_squares,
    &operation_activity::active_inputs,     &operation_activity::pulse_slots,
    &operation_activity::input_line_pulses, &operation_activity::output_line_pulses,
    &operation_activity::coincidences,      &operation_activity::random_bits,
    &operation_activity::saturations,       &operation_activity::update_vectors,
    &operation_activity::half_selected,     &operation_activity::clipped_updates,
    &operation_activity::reset_lines,       &operation_activity::resets,
    &operation_activity::hidden_elements,   &operation_activity::fired};
static_assert(sizeof(operation_activity) ==
                  (sizeof(operation_activity::vectors_in_round) + 7) / 8 * 8 + 8 * fields.size(),
              "a new field of an activity must be recorded too");
constexpr std::uint64_t known_bits = (std::uint64_t{1} << (fields.size() + 1)) - 1;

constexpr bool reads_lines(operation_kind kind) {
  return kind == operation_kind::forward_mvm || kind == operation_kind::backward_mvm ||
         kind == operation_kind::read_line;
}

/// Vectors of the one round that is expected.
std::uint32_t expected_round(const operation& op) {
  return reads_lines(op.kind) ? op.vectors : 0;
}

/// What fields are expected to be that follow from others; those are expected to be 0, so they need no expectation.
struct expectation {
  expectation(const operation& op, const operation_activity& a) {
    if (reads_lines(op.kind))
      active_inputs = op.kind == operation_kind::read_line ? a.passes() : a.passes() * op.inputs[0].length;
    update_vectors = a.pulse_slots > 0 ? op.vectors : 0;
    if (op.kind == operation_kind::outer_product_update)
      half_selected =
          a.input_line_pulses * op.inputs[1].length + a.output_line_pulses * op.inputs[0].length - 2 * a.coincidences;
  }
  std::uint64_t active_inputs = 0;
  std::uint64_t update_vectors = 0;
  std::uint64_t half_selected = 0;
};

/// The distance, modulo 2^64, small in either direction.
constexpr std::uint64_t folded(std::uint64_t distance) {
  return (distance << 1U) ^ (std::uint64_t{0} - (distance >> 63U));
}
constexpr std::uint64_t unfolded(std::uint64_t code) {
  return (code >> 1U) ^ (std::uint64_t{0} - (code & 1U));
}

char* put(char* at, std::uint64_t number) {
  for (; number >= byte_cursor::continued; number >>= 7U)
    *at++ = static_cast<char>(static_cast<unsigned char>(number | byte_cursor::continued));
  *at++ = static_cast<char>(number);
  return at;
}

bool is_expected_round(const operation& op, const operation_activity& a) {
  if (a.vectors_in_round[0] != expected_round(op))
    return false;
  for (std::size_t r = 1; r < max_mvm_rounds; ++r)
    if (a.vectors_in_round[r] != 0)
      return false;
  return true;
}

[[noreturn]] void refuse() {
  throw input_error("does not fit its operation");
}

} // namespace

void encode_number(std::string& out, std::uint64_t number) {
  std::array<char, 10> code; // NOLINT(*-member-init): written before it is read
  out.append(code.data(), static_cast<std::size_t>(put(code.data(), number) - code.data()));
}

void encode_activity(std::string& out, const operation& op, const operation_activity& activity) {
  std::array<std::uint64_t, fields.size()> codes; // NOLINT(*-member-init): same
  std::uint64_t mask = is_expected_round(op, activity) ? 0 : 1;
  auto distance = activity;
  const expectation expected(op, activity);
  distance.active_inputs -= expected.active_inputs;
  distance.update_vectors -= expected.update_vectors;
  distance.half_selected -= expected.half_selected;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    codes[f] = folded(distance.*fields[f]);
    if (codes[f] != 0)
      mask |= std::uint64_t{2} << f;
  }
  std::array<char, longest_activity_code> code; // NOLINT(*-member-init): same
  char* at = put(code.data(), mask);
  if ((mask & 1U) != 0) {
    std::size_t rounds = max_mvm_rounds;
    while (rounds > 0 && activity.vectors_in_round[rounds - 1] == 0)
      --rounds;
    at = put(at, rounds);
    for (std::size_t r = 0; r < rounds; ++r)
      at = put(at, activity.vectors_in_round[r]);
  }
  for (auto left = mask >> 1U; left != 0; left &= left - 1)
    at = put(at, codes[static_cast<std::size_t>(std::countr_zero(left))]);
  out.append(code.data(), static_cast<std::size_t>(at - code.data()));
}

void decode_activity(byte_cursor& in, const operation& op, operation_activity& activity) {
  activity = {};
  const auto mask = in.number();
  if (mask > known_bits)
    refuse();
  if ((mask & 1U) == 0) {
    activity.vectors_in_round[0] = expected_round(op);
  } else {
    const auto rounds = in.number();
    if (rounds > max_mvm_rounds)
      refuse();
    for (std::size_t r = 0; r < rounds; ++r) {
      const auto vectors = in.number();
      if (vectors > std::numeric_limits<std::uint32_t>::max())
        refuse();
      activity.vectors_in_round[r] = static_cast<std::uint32_t>(vectors);
    }
  }
  for (auto left = mask >> 1U; left != 0; left &= left - 1)
    activity.*fields[static_cast<std::size_t>(std::countr_zero(left))] = unfolded(in.number());
  const expectation expected(op, activity);
  activity.active_inputs += expected.active_inputs;
  activity.update_vectors += expected.update_vectors;
  activity.half_selected += expected.half_selected;
}

std::uint64_t byte_cursor::long_number() {
  constexpr unsigned digits = 10;
  std::uint64_t number = 0;
  for (unsigned d = 0; d < digits; ++d) {
    if (empty())
      report_end();
    const auto byte = static_cast<unsigned char>(*at_++);
    number |= std::uint64_t{byte & 0x7FU} << (7 * d);
    if (byte < continued) {
      if (d + 1 == digits && byte > 1)
        refuse();
      return number;
    }
  }
  refuse();
}

void byte_cursor::report_end() {
  throw input_error("ends early");
}

} // namespace tilework
