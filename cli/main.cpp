// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/program.h>
#include <tilework/cli/start_program.h>

int sc_main(int argc, char* argv[]) {
  return tilework::cli::run_program(argc, argv, tilework::catalog::device_registry());
}

int main(int argc, char* argv[]) {
  return tilework::cli::start_program(argc, argv);
}
