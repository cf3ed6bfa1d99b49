// SPDX-License-Identifier: Apache-2.0
/// \file What a run prints when it is over.
#pragma once

#include <tilework/core/results.h>

#include <string>

namespace tilework::report {

/// Accuracy per epoch; simulated time and energy by phase and by kind of component; area and utilisation.
std::string closing_tables(const run_results& results);

} // namespace tilework::report
