// SPDX-License-Identifier: Apache-2.0
/// \file costs.csv: every count with its price.
#pragma once

#include <tilework/core/results.h>

#include <string>

namespace tilework::report {

/// Columns component, action, phase, count, energy_J, busy_s. A component's busy time of a phase stands on its
/// leakage row, whose count is the phase's exposed time in femtoseconds.
std::string costs_csv(const run_results& results);

} // namespace tilework::report
