// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/tlm/time.h>

#include <string>

namespace tilework::transaction {

void use_femtosecond_resolution() {
  using namespace sc_core;
  // Asking for the resolution first would fix it at its default, so set it and ask only if that is refused. A refusal
  // concerns nobody but us: keep it from handlers that count or print errors.
  const auto handler = sc_report_handler::get_handler();
  sc_report_handler::set_handler(nullptr);
  std::string refusal;
  try {
    sc_set_time_resolution(1, SC_FS);
  } catch (const sc_report& report) {
    refusal = report.get_msg();
  }
  sc_report_handler::set_handler(handler);
  const bool is_femtoseconds = sc_get_time_resolution().to_seconds() < 2e-15;
  if (!is_femtoseconds)
    throw run_error("the SystemC time resolution must be 1 fs and cannot be changed any more: " + refusal);
}

} // namespace tilework::transaction
