// SPDX-License-Identifier: Apache-2.0
/// \file What runs with and without values have in common: results that follow from the machine and its counts.
#pragma once

#include <tilework/cli/experiment.h>
#include <tilework/cli/load_monitor.h>
#include <tilework/cli/simulation.h>
#include <tilework/cli/timing_monitor.h>
#include <tilework/core/pricing.h>
#include <tilework/core/results.h>
#include <tilework/platforms/machine.h>

#include <chrono>
#include <span>

namespace tilework::cli {

/// Prices of everything counted so far.
cost_sheet costs_of(const platform::machine& machine, const price_list& prices);
femtoseconds training_time_of(const platform::machine& machine);

struct run_parts {
  const experiment& of;
  const planned_run& plan;
  const placement_figures& placement;
  const platform::machine& machine;
  const load_monitor& loads;
  const timing_monitor& bottlenecks;
  hardware::timing_mode timing;
};
/// All results but those that only values give, and `interrupted` and `host`.
/// \param spreads per layer; empty: not programmed in a closed loop, or not yet
run_results figures_of(const run_parts& run, std::span<const programmed_spread> spreads,
                       std::span<const evaluation_row> evaluations);

/// Cost of the simulation itself, without isa and threads. \param begin of the run
host_figures host_figures_of(const hardware::host_time& sampled, std::chrono::steady_clock::time_point begin);

} // namespace tilework::cli
