// SPDX-License-Identifier: Apache-2.0
/// \file Groups of runs that differ in their seed only, side by side.
#pragma once

#include <tilework/report/run_summary.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tilework::report {

/// A figure of one run, or a bound of it.
struct observation {
  double value = 0;
  bool censored = false; ///< the figure is larger than the value
};

/// Order statistics of some runs. Of censored runs only bounds are known: a statistic that depends on what they hide is
/// a bound itself, with the value that it has at least.
struct spread {
  observation median; ///< of an even number: the mean of the two in the middle
  observation least;
  observation most;
};
/// \pre at least one
spread spread_of(std::span<const observation> values);

struct run_group {
  std::string name;
  std::vector<run_summary> runs;
};

/// Runs of equal configuration and timing are one group, in the order of the first of each.
std::vector<run_group> grouped(std::vector<run_summary> runs);
/// \throws input_error if a group has the same run twice: equal configuration, timing and seed
void require_distinct(std::span<const run_group> groups);

/// What to compare: nothing = what the runs themselves were asked for, if they agree.
/// \param given fraction
std::optional<double> common_target(std::span<const run_group> groups, std::optional<double> given);

/// A key of the configuration in which the groups are not all equal.
struct difference {
  std::string key;
  std::vector<std::string> values; ///< by group; "-" where the key is not known
};

/// Tables: where the groups differ; accuracy, time, energy, area; rates and power; cost of the target accuracy; means
/// of every group over those of the first one, with the interval that uncertain prices leave.
std::string comparison_tables(std::span<const run_group> groups, std::optional<double> target,
                              std::span<const difference> differences = {});
/// The same figures, and those of every run.
std::string comparison_json(std::span<const run_group> groups, std::optional<double> target,
                            std::span<const difference> differences = {});

} // namespace tilework::report
