// SPDX-License-Identifier: Apache-2.0
/// \file For tests with the SystemC kernel. The kernel elaborates once per process, so a process runs one test case
/// (gtest_discover_tests does that). Any report of severity warning or higher fails the test unless it is expected.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <systemc>

namespace tilework::test {

/// While it lives, reports of one message id do not fail the test; at the end at least one must have come. What a
/// report does otherwise stays: an error is still thrown.
class expected_report {
public:
  explicit expected_report(std::string_view message_id);
  ~expected_report();
  expected_report(const expected_report&) = delete;
  expected_report& operator=(const expected_report&) = delete;

  [[nodiscard]] unsigned count() const { return count_; }
  /// Whether this expectation covers the report; counts it.
  bool covers(const sc_core::sc_report& report);

private:
  std::string message_id_;
  unsigned count_ = 0;
};

/// The message id of the report that `action` throws, or "" if it throws none.
template <std::invocable Action>
std::string thrown_report(std::string_view expected_id, Action action) {
  const expected_report expected(expected_id);
  try {
    action();
  } catch (const sc_core::sc_report& report) {
    return report.get_msg_type();
  }
  return {};
}

} // namespace tilework::test
