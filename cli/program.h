// SPDX-License-Identifier: Apache-2.0
/// \file The command line.
#pragma once

#include <tilework/catalog/device_registry.h>

namespace tilework::cli {

/// Parses the command line, runs the command, reports errors; returns the exit code.
/// \param devices what experiments and commands may name
int run_program(int argc, char** argv, const catalog::device_registry& devices);

} // namespace tilework::cli
