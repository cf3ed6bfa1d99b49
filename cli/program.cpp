// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/program.h>
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <systemc>
#include <vector>

namespace tilework::cli {
namespace {

using command = std::function<int()>;

using registry = catalog::device_registry;

std::vector<std::string> supported_instruction_sets() {
  std::vector<std::string> supported;
  for (const auto& [name, isa] : physics::names_of(physics::instruction_set{}))
    if (physics::is_supported(isa))
      supported.emplace_back(name);
  return supported;
}

/// "FIRST:COUNT"
step_window window_of(const std::string& text) {
  step_window window;
  const auto* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, window.first);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == ':')
    if (const auto count = std::from_chars(first.ptr + 1, end, window.count);
        count.ec == std::errc{} && count.ptr == end && window.count > 0)
      return window;
  throw CLI::ValidationError("--trace-steps", fmt::format("'{}' is no FIRST:COUNT, such as 0:16", text));
}

void add_timing(CLI::App& app, hardware::timing_mode& timing) {
  app.add_option_function<std::string>(
         "--timing",
         [&](const std::string& mode) {
           timing = mode == "at" ? hardware::timing_mode::approximately : hardware::timing_mode::loosely;
         },
         "lt = loosely timed (default), at = approximately timed")
      ->check(CLI::IsMember({"lt", "at"}));
}

void add_overrides(CLI::App& app, std::vector<std::string>& overrides) {
  app.add_option("--set", overrides, "override a value, e.g. training.epochs=3")->take_all()->allow_extra_args(false);
}

void add_run(CLI::App& app, run_options& options, const registry& known, command& chosen) {
  auto* run = app.add_subcommand("run", "Train: accuracy, time, energy and area of one experiment");
  run->add_option("EXPERIMENT", options.experiment, "experiment file");
  run->add_option("--out", options.out, "run directory to write (default runs/NAME-seedN)");
  run->add_option("--data", options.data, "folder of data sets")->envname("TILEWORK_DATA");
  run->add_option("--seed", options.seed, "overrides the experiment's seed");
  run->add_option("--threads", options.threads, "threads that compute values; 0 = all cores")
      ->check(CLI::Range(0U, 1024U));
  add_overrides(*run, options.overrides);
  run->add_option("--resume", options.resume, "continue the run in this directory");
  run->add_flag("!--no-record", options.record, "write no activity.bin: the run cannot be replayed");
  run->add_option("--trace", options.trace, "write a trace of some training steps (Chrome/Perfetto JSON)");
  run->add_option("--vcd", options.vcd, "write when units are busy and who waits (value change dump)");
  run->add_option("--sqlite", options.sqlite, "write all operations and bookings (SQLite)");
  run->add_option_function<std::string>(
      "--trace-steps", [&](const std::string& text) { options.recorded = window_of(text); },
      "FIRST:COUNT training steps of these files (default 0:16; --sqlite: all)");
  add_timing(*run, options.timing);
  run->add_option_function<std::string>(
         "--isa",
         [&](const std::string& name) {
           for (const auto& [spelling, isa] : physics::names_of(physics::instruction_set{}))
             if (spelling == name)
               options.isa = isa;
         },
         "instruction set of the dense products (default: the best one here; results are the same)")
      ->check(CLI::IsMember(supported_instruction_sets()));
  run->callback([&] { chosen = [&] { return run_command(options, known); }; });
}

void add_replay(CLI::App& app, replay_options& options, const registry& known, command& chosen) {
  auto* replay = app.add_subcommand("replay", "Time, energy and area of a recorded run on another machine");
  replay->add_option("RUN_DIR", options.run, "directory of the recorded run")->required();
  replay->add_option("--machine", options.machine, "machine file in place of the run's");
  replay->add_option("--technology", options.technologies, "technology files in place of the machine's");
  add_overrides(*replay, options.overrides);
  add_timing(*replay, options.timing);
  replay->add_option("--out", options.out, "run directory to write (default runs/NAME-seedN-replay)");
  replay->callback([&] { chosen = [&] { return replay_command(options, known); }; });
}

void add_check(CLI::App& app, std::vector<std::filesystem::path>& files, const registry& known, command& chosen) {
  auto* check = app.add_subcommand("check", "Validate experiment, machine, technology and device files");
  check->add_option("FILE", files, "files to check")->required();
  check->callback([&] { chosen = [&] { return check_command(files, known); }; });
}

void add_cost(CLI::App& app, cost_options& options, command& chosen) {
  auto* cost = app.add_subcommand("cost", "Time, energy and area of a machine's operations, without a workload");
  cost->add_option("FILE", options.file, "machine file or bill of materials")->required();
  cost->add_option("--operation", options.operations, "only this one; may be repeated (default: all)")
      ->take_all()
      ->allow_extra_args(false);
  auto& work = options.work;
  cost->add_option("--vectors", work.vectors, "of a burst (default 1)")->check(CLI::Range(1U, 1'000'000U));
  cost->add_option("--bl", work.bit_length, "pulse slots per vector of an update (default 31)")
      ->check(CLI::Range(1U, 1000U));
  cost->add_option("--pulse-probability", work.pulse_probability, "that a line fires in a slot (default 0.5)")
      ->check(CLI::Range(0.0, 1.0));
  std::vector<std::string> mv_types;
  for (const auto& [name, type] : names_of(work.mv_type))
    mv_types.emplace_back(name);
  cost->add_option_function<std::string>(
          "--mv-type",
          [&](const std::string& name) {
            for (const auto& [spelling, type] : names_of(work.mv_type))
              if (spelling == name)
                work.mv_type = type;
          },
          "how products apply their vectors (default ONE_PASS)")
      ->check(CLI::IsMember(mv_types));
  cost->add_option_function<std::string>(
          "--format", [&](const std::string& format) { options.json = format == "json"; }, "table (default) or json")
      ->check(CLI::IsMember({"table", "json"}));
  cost->callback([&] { chosen = [&] { return cost_command(options); }; });
}

void add_reprice(CLI::App& app, reprice_options& options, const registry& known, command& chosen) {
  auto* reprice = app.add_subcommand("reprice", "Energy and area of a finished run with other prices");
  reprice->add_option("RUN", options.run, "run directory")->required();
  reprice->add_option("--technology", options.technology, "technology files; later ones override earlier ones")
      ->required();
  reprice->add_option("--out", options.out, "directory to write config.yaml, summary.json, costs.csv and log.txt into");
  reprice->callback([&] { chosen = [&] { return reprice_command(options, known); }; });
}

void add_devices(CLI::App& app, std::string& name, respond_options& respond, const registry& known, command& chosen) {
  auto* devices = app.add_subcommand("devices", "Device models: list, show, respond");
  devices->require_subcommand(1);
  devices->add_subcommand("list", "Names of all models and presets")->callback([&] {
    chosen = [&] { return list_devices(known); };
  });
  auto* show = devices->add_subcommand("show", "Parameters of a model with defaults and ranges");
  show->add_option("NAME", name, "model, preset or file")->required();
  show->callback([&] { chosen = [&] { return show_device(name, known); }; });
  auto* response =
      devices->add_subcommand("respond", "Pulse response: weight 0, up pulses, then down pulses; CSV and plot");
  response->add_option("NAME", respond.devices, "models, presets or files")->required();
  response->add_option("--pulses", respond.pulses, "up pulses, then as many down pulses")
      ->check(CLI::Range(1U, 10'000'000U));
  response->add_option("--devices", respond.count, "independent devices")->check(CLI::Range(1U, 100'000U));
  response->add_option("--seed", respond.seed);
  response->add_option("--out", respond.out, "writes OUT.csv and a plot: OUT.svg, or OUT.png if OUT ends in .png");
  response->add_option("--curve", respond.curve, "writes readings of single devices in the columns of from_curve");
  response->callback([&] { chosen = [&] { return respond_devices(respond, known); }; });
}

void add_presets(CLI::App& app, std::string& name, command& chosen) {
  auto* presets = app.add_subcommand("presets", "Training setups: list, show");
  presets->require_subcommand(1);
  presets->add_subcommand("list", "Names of all setups")->callback([&] { chosen = list_presets; });
  auto* show = presets->add_subcommand("show", "What a setup says, as part of an experiment file");
  show->add_option("NAME", name, "setup")->required();
  show->callback([&] { chosen = [&] { return show_preset(name); }; });
}

void add_compare(CLI::App& app, compare_options& options, command& chosen) {
  auto* compare =
      app.add_subcommand("compare", "Runs side by side: median and range over seeds, ratios, cost of an accuracy");
  compare->add_option("RUN_DIR", options.runs, "run directories; those that differ in their seed only are one group");
  compare->add_option("--group", options.groups, "a group as you want it: NAME=DIR,DIR,...")
      ->take_all()
      ->allow_extra_args(false);
  compare->add_option("--target-accuracy", options.target_accuracy,
                      "fraction, such as 0.97: what did it cost to reach it?");
  compare->add_option("--json", options.json, "writes the figures to this file");
  compare->callback([&] { chosen = [&] { return compare_command(options); }; });
}

int guarded(const command& chosen) {
  try {
    return chosen();
  } catch (const input_error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return exit_bad_input;
  } catch (const sc_core::sc_report& report) { // its what() has several lines
    fmt::print(stderr, "run failed: SystemC: {}: {}\n", report.get_msg_type(), report.get_msg());
    return exit_failed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "run failed: {}\n", error.what());
    return exit_failed;
  }
}

/// Explains a command line that could not be parsed, or prints what --help and --version ask for.
int explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "{}", app.help());
    return exit_bad_input;
  }
  const std::string first = argv[1];
  if (app.get_subcommands().empty() && !first.starts_with('-')) {
    std::vector<std::string> names;
    for (const auto* known : app.get_subcommands({}))
      names.push_back(known->get_name());
    fmt::print(stderr, "unknown command '{}'; {}\n", first, suggestion(first, names));
    return exit_bad_input;
  }
  return app.exit(error) == 0 ? exit_done : exit_bad_input;
}

} // namespace

int run_program(int argc, char** argv, const catalog::device_registry& devices) {
  CLI::App app{"Tilework: analog in-memory computing machines that train networks, with their time and energy"};
  app.name("tilework");
  app.set_version_flag("--version", TILEWORK_VERSION);
  app.require_subcommand(1);
  run_options run;
  replay_options replay;
  std::vector<std::filesystem::path> files;
  std::string device;
  std::string preset;
  respond_options respond;
  cost_options cost;
  compare_options compare;
  reprice_options reprice;
  command chosen;
  add_run(app, run, devices, chosen);
  add_replay(app, replay, devices, chosen);
  add_compare(app, compare, chosen);
  add_check(app, files, devices, chosen);
  add_cost(app, cost, chosen);
  add_devices(app, device, respond, devices, chosen);
  add_reprice(app, reprice, devices, chosen);
  add_presets(app, preset, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, argc, argv);
  }
  return guarded(chosen);
}

} // namespace tilework::cli
