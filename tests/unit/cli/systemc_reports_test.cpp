// SPDX-License-Identifier: Apache-2.0
// The report handler of the program: no message of the kernel is printed, and none from a warning on is survived.
#include <tilework/cli/systemc_reports.h>
#include <tilework/core/error.h>

#include <gtest/gtest.h>

#include <string>
#include <systemc>

namespace tilework::cli {
namespace {

/// Reports a warning while the simulation runs.
struct warning_process : sc_core::sc_module {
  SC_HAS_PROCESS(warning_process);
  explicit warning_process(const sc_core::sc_module_name& name) : sc_module(name) { SC_METHOD(warn); }
  void warn() { SC_REPORT_WARNING("test", "from a process"); }
};

TEST(systemc_reports, information_is_dropped) {
  make_systemc_warnings_fatal();
  testing::internal::CaptureStdout();
  SC_REPORT_INFO("test", "nobody asked");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(systemc_reports, a_warning_is_a_run_error_of_one_line) {
  make_systemc_warnings_fatal();
  try {
    SC_REPORT_WARNING("test", "something is odd");
    FAIL() << "the warning was survived";
  } catch (const run_error& error) {
    EXPECT_EQ(std::string(error.what()), "SystemC warning: test: something is odd");
  }
}

TEST(systemc_reports, errors_and_fatal_errors_are_thrown) {
  make_systemc_warnings_fatal();
  EXPECT_THROW(SC_REPORT_ERROR("test", "broken"), sc_core::sc_report);
  EXPECT_THROW(SC_REPORT_FATAL("test", "beyond repair"), sc_core::sc_report);
}

TEST(systemc_reports, a_warning_in_a_process_ends_the_simulation) {
  make_systemc_warnings_fatal();
  const warning_process process("process");
  try {
    sc_core::sc_start();
    FAIL() << "the warning was survived";
  } catch (const sc_core::sc_report& report) { // the kernel turns what leaves a process into a report
    EXPECT_NE(std::string(report.get_msg()).find("from a process"), std::string::npos) << report.get_msg();
  }
}

} // namespace
} // namespace tilework::cli
