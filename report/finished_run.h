// SPDX-License-Identifier: Apache-2.0
/// \file What a finished run counted, read back from its directory.
#pragma once

#include <tilework/core/results.h>

#include <filesystem>

namespace tilework::report {

/// Fills in what prices do not decide: names, times, evaluations (without energy and health) and, from costs.csv, the
/// counts of `books`.
/// \param run directory with summary.json and costs.csv \param books the machine's accounts, without counts
/// \throws input_error if a file is missing, cannot be understood, names another machine's components, or if the two
/// files do not agree
run_results read_finished_run(const std::filesystem::path& run, ledger books);

/// The summary of a run with other prices: `summary`, the run's own, with what follows from prices taken from
/// `repriced`.
std::string repriced_summary_json(const std::filesystem::path& run, const run_results& repriced);

} // namespace tilework::report
