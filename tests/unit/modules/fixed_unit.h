// SPDX-License-Identifier: Apache-2.0
/// \file A target behind a network under test.
#pragma once

#include <tilework/tlm/four_phase_target.h>
#include <tilework/tlm/resource_calendar.h>
#include <tilework/tlm/timeline.h>

#include <cstdint>
#include <vector>

namespace tilework::test {

inline constexpr std::int64_t cycle = 1'000'000; ///< fs

/// Holds its input for `input` and answers `rest` later.
class fixed_unit final : public transaction::schedulable {
public:
  explicit fixed_unit(transaction::timeline& time) {
    time.on_drain([this] { register_.clear(); });
  }
  transaction::booking schedule(::tlm::tlm_generic_payload& /*payload*/, femtoseconds arrival) override {
    arrivals.push_back(arrival);
    const auto start = register_.reserve(arrival, input);
    return {start, start + input, start + input + rest};
  }
  unsigned debug(::tlm::tlm_generic_payload& /*payload*/) override { return 77; }
  femtoseconds input{4 * cycle};
  femtoseconds rest{6 * cycle};
  std::vector<femtoseconds> arrivals;

private:
  transaction::resource_calendar register_;
};

} // namespace tilework::test
