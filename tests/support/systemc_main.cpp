// SPDX-License-Identifier: Apache-2.0
// Entry point of test programs that use the SystemC kernel.
#include "support/systemc_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace tilework::test {
namespace {

// The kernel's report handler is a plain function, so what it looks at must be reachable without an argument.
std::vector<expected_report*>& expectations() {
  static std::vector<expected_report*> list;
  return list;
}

void fail_on_unexpected(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
  const bool serious = report.get_severity() >= sc_core::SC_WARNING;
  const bool expected = std::ranges::any_of(expectations(), [&](expected_report* e) { return e->covers(report); });
  if (serious && !expected)
    ADD_FAILURE() << sc_core::sc_report_compose_message(report);
  constexpr sc_core::sc_actions display = sc_core::SC_DISPLAY; // the failure shows the text already
  sc_core::sc_report_handler::default_handler(report, serious ? actions & ~display : actions);
}

} // namespace

expected_report::expected_report(std::string_view message_id) : message_id_(message_id) {
  expectations().push_back(this);
}

expected_report::~expected_report() {
  std::erase(expectations(), this);
  EXPECT_GT(count_, 0U) << "no report " << message_id_;
}

bool expected_report::covers(const sc_core::sc_report& report) {
  const bool covered = message_id_ == report.get_msg_type();
  if (covered)
    ++count_;
  return covered;
}

} // namespace tilework::test

int sc_main(int /*argc*/, char* /*argv*/[]) {
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
  sc_core::sc_report_handler::set_handler(tilework::test::fail_on_unexpected);
  return RUN_ALL_TESTS();
}

// Replaces the main of the SystemC library, which prints a banner before it calls sc_main.
int main(int argc, char* argv[]) {
  testing::InitGoogleTest(&argc, argv);
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
  return sc_core::sc_elab_and_sim(argc, argv);
}
