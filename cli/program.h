// SPDX-License-Identifier: Apache-2.0
/// \file The command line.
#pragma once

namespace tilework::cli {

/// Parses the command line, runs the command, reports errors; returns the exit code.
int run_program(int argc, char** argv);

} // namespace tilework::cli
