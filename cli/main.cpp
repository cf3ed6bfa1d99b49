// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/program.h>
#include <tilework/cli/systemc_reports.h>

#include <cstdlib>
#include <systemc>

/// SystemC's entry point: the kernel is initialised, nothing is elaborated.
int sc_main(int argc, char* argv[]) {
  tilework::cli::make_systemc_warnings_fatal();
  return tilework::cli::run_program(argc, argv, tilework::catalog::device_registry());
}

int main(int argc, char* argv[]) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1); // a banner would spoil output that programs read
  return sc_core::sc_elab_and_sim(argc, argv);
}
