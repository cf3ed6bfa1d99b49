// SPDX-License-Identifier: Apache-2.0
/// \file The commands of the program. Each returns the exit code; errors are thrown.
#pragma once

#include <tilework/catalog/device_registry.h>
#include <tilework/cli/timing_monitor.h>
#include <tilework/core/results.h>
#include <tilework/modules/control/sequencer.h>
#include <tilework/physics/crossbar/product_kernels.h>
#include <tilework/platforms/machine_costs.h>
#include <tilework/report/run_directory.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tilework::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_bad_input = 2;
inline constexpr int exit_failed = 3;
inline constexpr int exit_interrupted = 130;

struct run_options {
  std::filesystem::path experiment;
  std::filesystem::path out;  ///< empty: runs/NAME-seedN
  std::filesystem::path data; ///< folder of data sets
  std::optional<std::uint64_t> seed;
  unsigned threads = 0; ///< 0 = all cores
  std::vector<std::string> overrides;
  std::filesystem::path resume;        ///< run directory to continue
  std::filesystem::path trace;         ///< Chrome/Perfetto JSON; empty: none
  std::filesystem::path vcd;           ///< occupancy of units; empty: none
  std::filesystem::path sqlite;        ///< every operation; empty: none
  std::optional<step_window> recorded; ///< of these files; nothing: the first steps, all of them in sqlite
  bool record = true;                  ///< activity.bin, for replays
  hardware::timing_mode timing = hardware::timing_mode::loosely;
  physics::instruction_set isa = physics::best_instruction_set(); ///< of the dense products
};
int run_command(const run_options& options, const catalog::device_registry& devices);

struct replay_options {
  std::filesystem::path run;                       ///< directory of the recorded run
  std::filesystem::path machine;                   ///< in place of the run's; empty: that
  std::vector<std::filesystem::path> technologies; ///< same
  std::vector<std::string> overrides;
  std::filesystem::path out; ///< empty: runs/NAME-seedN-replay
  hardware::timing_mode timing = hardware::timing_mode::loosely;
};
/// Time, energy and area of a recorded run on another machine.
int replay_command(const replay_options& options, const catalog::device_registry& devices);

/// Validates experiment, machine, technology and device files; reports every bad one.
int check_command(const std::vector<std::filesystem::path>& files, const catalog::device_registry& devices);

/// Summary, costs and tables of a run that is over, the tables on standard output too.
void write_results(const report::run_directory& directory, const run_results& results);
struct cost_options {
  std::filesystem::path file;          ///< machine or bill of materials
  std::vector<std::string> operations; ///< empty: all
  platform::assumed_work work;
  bool json = false; ///< instead of tables
};
/// Closed-form time, energy and area, and what was published beside it, see machine_costs.h.
int cost_command(const cost_options& options);
struct compare_options {
  std::vector<std::filesystem::path> runs; ///< grouped by equal configuration apart from the seed
  std::vector<std::string> groups;         ///< "NAME=DIR,DIR,..."; these as they are said
  std::optional<double> target_accuracy;   ///< fraction; nothing: that of the runs, if all have the same
  std::filesystem::path json;              ///< file for the figures; empty: none
};
/// Runs side by side, see report/comparison.h.
int compare_command(const compare_options& options);
struct reprice_options {
  std::filesystem::path run; ///< directory of a finished run
  std::vector<std::filesystem::path> technology;
  std::filesystem::path out; ///< empty: tables only
};
/// Energy and area of a finished run with other prices, from its counts.
int reprice_command(const reprice_options& options, const catalog::device_registry& devices);

int list_devices(const catalog::device_registry& devices);
int show_device(const std::string& name, const catalog::device_registry& devices);

/// Training setups: what `preset` at the top of an experiment may name.
int list_presets();
int show_preset(const std::string& name);

struct respond_options {
  std::vector<std::string> devices; ///< names or files
  unsigned pulses = 1000;
  unsigned count = 40; ///< of each
  std::uint64_t seed = 1;
  std::filesystem::path out;   ///< OUT.csv and a plot OUT.svg (or OUT.png, if it ends so); empty: standard output
  std::filesystem::path curve; ///< file for single devices, in the columns of from_curve; empty: none
};
/// Pulse response of fresh devices, see pulse_response.h.
int respond_devices(const respond_options& options, const catalog::device_registry& known);

} // namespace tilework::cli
