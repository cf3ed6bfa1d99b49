// SPDX-License-Identifier: Apache-2.0
#include "ion_drift.h"

#include <tilework/catalog/device_registry.h>
#include <tilework/cli/program.h>
#include <tilework/cli/start_program.h>

int sc_main(int argc, char* argv[]) {
  tilework::catalog::device_registry devices;
  devices.add_model<oxide::ion_drift>();
  devices.add_presets(oxide::presets());
  return tilework::cli::run_program(argc, argv, devices);
}

int main(int argc, char* argv[]) {
  return tilework::cli::start_program(argc, argv);
}
