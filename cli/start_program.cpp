// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/start_program.h>
#include <tilework/cli/systemc_reports.h>

#include <cstdlib>
#include <systemc>

namespace tilework::cli {

int start_program(int argc, char** argv) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1); // a banner would spoil output that programs read
  make_systemc_warnings_fatal();
  return sc_core::sc_elab_and_sim(argc, argv);
}

} // namespace tilework::cli
