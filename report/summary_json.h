// SPDX-License-Identifier: Apache-2.0
/// \file summary.json and metrics.jsonl; the schema is documented in docs/results.md.
#pragma once

#include <tilework/core/results.h>

#include <string>
#include <string_view>

namespace tilework::report {

/// Version of the schema of summary.json.
inline constexpr int summary_schema = 2;

std::string summary_json(const run_results& results);
/// One line, without line break.
std::string metrics_line(const evaluation_row& row);
/// The row of a line. \throws input_error if it is no such line
evaluation_row metrics_row(std::string_view line);

} // namespace tilework::report
