// SPDX-License-Identifier: Apache-2.0
// Every command from the outside: exit codes, which stream carries what, files.
#include "support/small_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tilework::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(commands, help_and_version) {
  const auto help = run_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const std::string command : {"run", "check", "compare", "cost", "devices", "presets"})
    EXPECT_TRUE(contains(help.out, command)) << command;
  EXPECT_EQ(help.err, "");
  EXPECT_TRUE(contains(run_program({"run", "--help"}).out, "--resume"));
  const auto version = run_program({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(lines_of(version.out).size(), 1U);
}

TEST(commands, bad_command_lines_explain_themselves_and_exit_with_2) {
  const auto expect_refused = [](const std::vector<std::string>& arguments, const std::string& part) {
    const auto result = run_program(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(contains(result.err, part)) << result.err;
  };
  expect_refused({}, "check"); // the usage text
  expect_refused({"rum"}, "unknown command 'rum'; did you mean 'run'?");
  expect_refused({"frobnicate"}, "unknown command 'frobnicate'; allowed: ");
  expect_refused({"run"}, "EXPERIMENT.yaml");
  expect_refused({"run", experiment_file().string(), "--frob"}, "--frob");
  expect_refused({"run", experiment_file().string(), "--timing", "fast"}, "lt,at");
  expect_refused({"run", experiment_file().string(), "--threads", "-1"}, "--threads");
  expect_refused({"check"}, "FILE");
  expect_refused({"devices"}, "subcommand");
  expect_refused({"devices", "show", "SoftBound"}, "did you mean 'SoftBounds'?");
  expect_refused({"devices", "respond", "Ideal"}, "no pulse response");
  expect_refused({"cost"}, "FILE");
  const auto machine = (source_folder() / "platforms/machines/mesh_2x2.yaml").string();
  expect_refused({"cost", machine, "--operation", "forward_mvn"},
                 "unknown operation 'forward_mvn'; did you mean 'forward_mvm'?");
  expect_refused({"cost", machine, "--bl", "0"}, "--bl");
  expect_refused({"cost", (source_folder() / "platforms/machines/edge_simd.yaml").string()}, "run an experiment");
  expect_refused({"cost", machine, "--mv-type", "TWO_PASS"}, "ONE_PASS");
  expect_refused({"cost", (source_folder() / "platforms/bills/isaac_ce.yaml").string(), "--operation", "forward_mvm"},
                 "a bill of materials has no operations");
  expect_refused({"presets"}, "subcommand");
  expect_refused({"presets", "show", "AGADEcRm"}, "did you mean 'AGADEcRam'?");
  expect_refused({"devices", "respond", "SoftBounds", "--pulses", "0"}, "--pulses");
}

TEST(commands, every_training_preset_makes_an_experiment) {
  const auto list = run_program({"presets", "list"});
  EXPECT_EQ(list.exit_code, 0);
  const auto names = lines_of(list.out);
  // six devices with four algorithms, alone, in twos and in fours, and with mixed precision, which as SGD has two more
  // devices; and the setup of the multi-tile study
  EXPECT_EQ(names.size(), 6U * (4 + 2) + 2 * 8 + 1);
  const temporary_directory folder;
  for (const auto& name : names) {
    const auto file = folder / "experiment.yaml";
    write_file(file, "preset: " + name + "\nnetwork: {layers: [784, 10], activation: sigmoid}\nmachine: " +
                         (source_folder() / "platforms/machines/mesh_4x2.yaml").string() + "\n");
    EXPECT_EQ(run_program({"check", file.string()}).exit_code, 0) << name;
    EXPECT_TRUE(contains(run_program({"presets", "show", name}).out, "algorithm: {name: ")) << name;
  }
}

TEST(commands, cost_says_the_same_as_table_and_as_json) {
  const auto file = (source_folder() / "platforms/machines/hermes_core.yaml").string();
  const auto table = run_program({"cost", file});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  for (const auto* part : {"forward_mvm", "tile.crossbar", "in long bursts", "10.5 TOPS/W"})
    EXPECT_TRUE(contains(table.out, part)) << part;
  const auto result = run_program({"cost", file, "--format", "json", "--operation", "forward_mvm", "--operation",
                                   "outer_product_update", "--bl", "5", "--vectors", "2"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto document = json::parse(result.out);
  ASSERT_EQ(document["operations"].size(), 2U);
  EXPECT_DOUBLE_EQ(document["operations"][1]["time_s"].get<double>(),
                   2 * 5 * 2 * 5e-9); // vectors, slots, phases, period
  for (const auto& operation : document["operations"]) {
    double sum = 0;
    for (const auto& action : operation["actions"])
      sum += action["energy_J"].get<double>();
    EXPECT_DOUBLE_EQ(sum, operation["dynamic_energy_J"].get<double>());
    EXPECT_EQ(operation["macs"], 2 * 256 * 256);
  }
  double area = 0;
  for (const auto& part : document["parts"])
    area += part["count"].get<double>() * part["area_m2"].get<double>();
  EXPECT_DOUBLE_EQ(area, document["chip"]["area_m2"].get<double>());
  EXPECT_EQ(document["published"].size(), 3U);
}

TEST(commands, shipped_files_are_valid) {
  std::size_t files = 0;
  for (const auto& [folder, kind] :
       {std::pair{"workloads/experiments", "experiment"}, std::pair{"platforms/machines", "machine"},
        std::pair{"platforms/bills", "bill of materials"}, std::pair{"platforms/technologies", "technology"}})
    for (const auto& entry : std::filesystem::directory_iterator(source_folder() / folder)) {
      const auto result = run_program({"check", entry.path().string()});
      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_EQ(result.out, entry.path().string() + ": valid " + kind + "\n");
      ++files;
    }
  EXPECT_GE(files, 5U);
}

TEST(commands, check_goes_on_after_a_bad_file) {
  const temporary_directory folder;
  write_file(folder / "bad.yaml", "networks: {}\n");
  const auto result = run_program({"check", (folder / "bad.yaml").string(), experiment_file().string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.out, "valid experiment"));
  EXPECT_EQ(lines_of(result.err).size(), 1U) << result.err;
}

TEST(commands, devices_are_listed_and_shown) {
  const auto list = run_program({"devices", "list"});
  EXPECT_EQ(list.exit_code, 0);
  for (const std::string name : {"ConstantStep", "LinearStep", "SoftBounds", "Ideal"}) {
    EXPECT_TRUE(contains(list.out, name)) << name;
    const auto shown = run_program({"devices", "show", name});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_TRUE(contains(shown.out, name));
  }
  EXPECT_TRUE(contains(run_program({"devices", "show", "SoftBounds"}).out, "dw_min_dtod"));
}

TEST(commands, a_run_writes_tables_to_stdout_and_its_files_to_a_directory) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const std::string part : {"test accuracy", "forward", "training", "crossbar", "host: "}) {
    EXPECT_TRUE(contains(result.out, part)) << part;
    EXPECT_FALSE(contains(result.err, part)) << part;
  }
  EXPECT_TRUE(contains(result.out, "results: " + (folder / "run").string()));
  EXPECT_FALSE(contains(result.out + result.err, "SystemC:")) << "the kernel's own messages are no results";
  EXPECT_FALSE(contains(result.out + result.err, "Info:"));
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "run"))
    if (entry.is_regular_file())
      files.insert(std::filesystem::relative(entry.path(), folder / "run").string());
  EXPECT_EQ(files, (std::set<std::string>{"summary.json", "metrics.jsonl", "costs.csv", "config.yaml", "log.txt",
                                          "checkpoint/state.bin"}));
  const auto metrics = lines_of(read_file(folder.path() / "run/metrics.jsonl"));
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(json::parse(metrics[0]), summary_in(folder / "run").at("evaluations").at(0));
}

TEST(commands, a_run_without_out_gets_its_own_directory) {
  const temporary_directory folder;
  auto arguments = small_run("unused");
  const auto out = std::ranges::find(arguments, "--out");
  arguments.erase(out, out + 2);
  for (const std::string name : {"runs/glyphs-sgd-seed1", "runs/glyphs-sgd-seed1-2"}) {
    const auto result = run_program({.arguments = arguments, .working_directory = folder.path()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(std::filesystem::exists(folder / name / "summary.json")) << name;
  }
}

TEST(commands, the_resolved_configuration_reproduces_the_run) {
  const temporary_directory folder;
  ASSERT_EQ(run_program(small_run(folder / "first", {"--seed", "5", "--set", "training.device=EcRam"})).exit_code, 0);
  const auto again =
      run_program({"run", (folder.path() / "first/config.yaml").string(), "--out", (folder / "second").string()});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(without_host(summary_in(folder / "first")), without_host(summary_in(folder / "second")));
  EXPECT_EQ(read_file(folder.path() / "first/config.yaml"), read_file(folder.path() / "second/config.yaml"));
}

TEST(commands, spiral_trains) {
  const auto summary =
      summary_of_run({"--set", "dataset={name: spiral, train_samples: 600, test_samples: 300}"}, "[2, 32, 3]");
  EXPECT_GE(summary.at("test_accuracy").get<double>(), 0);
  EXPECT_EQ(summary.at("evaluations").size(), 1U);
}

TEST(commands, a_trace_is_json_with_events_of_every_phase) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", {"--trace", (folder / "trace.json").string()}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto trace = json::parse(read_file(folder / "trace.json"));
  std::set<std::string> names;
  for (const auto& event : trace.at("traceEvents")) {
    names.insert(event.at("name").get<std::string>());
    if (event.at("ph") != "X")
      continue;
    EXPECT_GE(event.at("dur").get<double>(), 0);
    EXPECT_GE(event.at("ts").get<double>(), 0);
  }
  for (const std::string name : {"forward_mvm L0", "backward_mvm L1", "outer_product_update L0", "loss_gradient L1"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(commands, a_full_disk_for_the_trace_keeps_all_results) {
  const temporary_directory folder;
  const auto result = run_program(small_run(folder / "run", {"--trace", "/dev/full"}));
  EXPECT_EQ(result.exit_code, 3);
  ASSERT_EQ(lines_of(result.err).size(), 1U) << result.err;
  EXPECT_TRUE(contains(result.err, "cannot write /dev/full: No space left on device")) << result.err;
  auto complete = without_host(summary_of_run());
  EXPECT_EQ(without_host(summary_in(folder / "run")), complete);
  EXPECT_TRUE(std::filesystem::exists(folder / "run" / "costs.csv"));
}

TEST(commands, a_disk_that_refuses_metrics_ends_the_run) {
  const temporary_directory folder;
  std::filesystem::create_directories(folder / "run");
  const auto linked = run_program(small_run(folder / "run", {"--set", "training.epochs=1"}));
  ASSERT_EQ(linked.exit_code, 0) << linked.err;
  std::filesystem::remove(folder / "run" / "metrics.jsonl.partial");
  std::filesystem::create_symlink("/dev/full", folder / "run" / "metrics.jsonl.partial");
  const auto result = run_program({"run", "--resume", (folder / "run").string()});
  EXPECT_EQ(result.exit_code, 3);
  ASSERT_EQ(lines_of(result.err).size(), 1U) << result.err;
  EXPECT_TRUE(contains(result.err, "metrics.jsonl: No space left on device")) << result.err;
}

TEST(commands, time_beyond_the_range_of_the_clock_fails_and_does_not_wrap) {
  const temporary_directory folder; // 10000 samples of a second each
  const auto result = run_program(
      small_run(folder / "run", {"--set", "machine.memory.latency=1 s", "--set", "dataset=glyphs"}, "[784, 10]"));
  EXPECT_EQ(result.exit_code, 3);
  ASSERT_EQ(lines_of(result.err).size(), 1U) << result.err;
  EXPECT_TRUE(contains(result.err, "run failed: the simulated time exceeds 9000 s")) << result.err;
  EXPECT_EQ(result.out, "");
}

TEST(commands, an_unwritable_place_for_the_run_is_refused) {
  const auto result = run_program(small_run("/proc/tilework-run"));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "/proc/tilework-run:0:0: cannot create the run directory")) << result.err;
}

} // namespace
} // namespace tilework::test
