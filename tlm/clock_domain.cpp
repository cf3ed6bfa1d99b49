// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/tlm/clock_domain.h>

#include <fmt/format.h>

namespace tilework::transaction {

clock_domain::clock_domain(double frequency_hz) {
  constexpr double slowest_hz = 1.0; // keeps periods far from the end of the time range
  if (!(frequency_hz >= slowest_hz && frequency_hz <= 1e15))
    throw input_error(fmt::format("clock frequency {} Hz is out of range: allowed are 1 Hz to 1e15 Hz", frequency_hz));
  const double exact_fs = 1e15 / frequency_hz;
  period_ = {std::llround(exact_fs)};
  reciprocal_ = 1.0 / static_cast<double>(period_.count);
  rounding_error_ = (static_cast<double>(period_.count) - exact_fs) / exact_fs;
}

} // namespace tilework::transaction
