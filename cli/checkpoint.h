// SPDX-License-Identifier: Apache-2.0
/// \file checkpoint/state.bin: the state of a run between two steps.
#pragma once

#include <tilework/cli/activity_recorder.h>
#include <tilework/cli/simulation.h>

#include <filesystem>
#include <iosfwd>
#include <string>

namespace tilework::cli {

/// Writes a checkpoint file: header with checksum, state. Holds no copy of the state. \param out at its begin,
/// seekable; its state tells what went wrong
void write_checkpoint(std::ostream& out, const simulation& run, const activity_recorder& recorder,
                      const std::string& resolved_yaml, hardware::timing_mode timing);

/// Puts a simulation that has not run yet, and the record of its run, into the state of a checkpoint.
/// \throws input_error "file:0:0: ..." if the file is damaged or belongs to another configuration or timing mode
void restore_checkpoint(const std::filesystem::path& file, simulation& run, activity_recorder& recorder,
                        const std::string& resolved_yaml, hardware::timing_mode timing);

} // namespace tilework::cli
