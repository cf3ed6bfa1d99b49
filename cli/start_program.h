// SPDX-License-Identifier: Apache-2.0
/// \file What a main() does that is not about the command line.
#pragma once

/// SystemC's entry point, which every program defines: the kernel is initialised, nothing is elaborated.
extern "C" int sc_main(int argc, char* argv[]);

namespace tilework::cli {

/// Starts SystemC's kernel, which calls the program's sc_main(argc, argv), and returns what that returns. Silences the
/// kernel's banner; from now on its warnings are errors.
int start_program(int argc, char** argv);

} // namespace tilework::cli
