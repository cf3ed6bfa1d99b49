// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/systemc_reports.h>
#include <tilework/core/error.h>

#include <fmt/format.h>

#include <cstdio>
#include <systemc>

namespace tilework::cli {
namespace {

void refuse(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
  if (report.get_severity() == sc_core::SC_INFO)
    return;
  // Of a destructor, which must not throw: payloads that were in use when a run failed.
  if (report.get_severity() == sc_core::SC_ERROR && (actions & sc_core::SC_THROW) == 0) {
    fmt::print(stderr, "SystemC: {}: {}\n", report.get_msg_type(), report.get_msg());
    return;
  }
  if (report.get_severity() == sc_core::SC_WARNING)
    throw run_error(fmt::format("SystemC warning: {}: {}", report.get_msg_type(), report.get_msg()));
  // The kernel turns other exceptions into reports and expects those to come back as sc_report.
  sc_core::sc_report_handler::default_handler(report, sc_core::SC_THROW);
}

} // namespace

void make_systemc_warnings_fatal() {
  sc_core::sc_report_handler::set_handler(refuse);
}

} // namespace tilework::cli
