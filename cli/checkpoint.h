// SPDX-License-Identifier: Apache-2.0
/// \file checkpoint/state.bin: the state of a run between two steps.
#pragma once

#include <tilework/cli/simulation.h>

#include <filesystem>
#include <string>

namespace tilework::cli {

/// Content of a checkpoint file: header, state, checksum.
std::string encode_checkpoint(const simulation& run, const std::string& resolved_yaml, hardware::timing_mode timing);

/// Puts a simulation that has not run yet into the state of a checkpoint.
/// \throws input_error "file:0:0: ..." if the file is damaged or belongs to another configuration or timing mode
void restore_checkpoint(const std::filesystem::path& file, simulation& run, const std::string& resolved_yaml,
                        hardware::timing_mode timing);

} // namespace tilework::cli
