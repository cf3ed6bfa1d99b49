// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/checkpoint.h>
#include <tilework/cli/commands.h>
#include <tilework/cli/output_file.h>
#include <tilework/cli/progress.h>
#include <tilework/core/error.h>
#include <tilework/report/background_writer.h>
#include <tilework/report/closing_tables.h>
#include <tilework/report/costs_csv.h>
#include <tilework/report/operations_database.h>
#include <tilework/report/run_directory.h>
#include <tilework/report/summary_json.h>
#include <tilework/report/trace_json.h>
#include <tilework/report/trace_vcd.h>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace tilework::cli {
namespace {

// The only thing that a signal handler may touch.
volatile std::sig_atomic_t interrupted = 0; // NOLINT(*-non-const-global-variables)

void note_interrupt(int) {
  interrupted = 1;
}

/// Files of single steps that the user asked for.
class step_files {
public:
  step_files(simulation& run, const experiment& e, const run_options& options) : run_(run), options_(options) {
    if (options.recorded && options.trace.empty() && options.vcd.empty() && options.sqlite.empty())
      throw input_error("--trace-steps says which steps --trace, --vcd and --sqlite write: give one of them");
    if (!options.trace.empty() || !options.vcd.empty())
      run.timing().record(options.recorded.value_or(step_window{0, default_steps}),
                          [this](const recorded_step& step) { steps_.push_back(step); });
    if (options.sqlite.empty())
      return;
    const bool loosely = options.timing == hardware::timing_mode::loosely;
    database_.emplace(
        options.sqlite,
        std::vector<std::pair<std::string, std::string>>{{"experiment", e.name},
                                                         {"machine", e.machine.name},
                                                         {"technology", e.prices.name},
                                                         {"timing", loosely ? "loosely_timed" : "approximately_timed"},
                                                         {"seed", std::to_string(e.seed)},
                                                         {"configuration", e.resolved_yaml}},
        run.machine().resources());
    run.timing().record(options.recorded.value_or(step_window{0, all_steps}),
                        [this](const recorded_step& step) { database_->add(step); });
  }
  void finish() {
    const auto resources = run_.machine().resources();
    if (!options_.trace.empty())
      write_file(options_.trace, report::trace_json(steps_, resources));
    if (!options_.vcd.empty())
      write_file(options_.vcd, report::trace_vcd(steps_, resources));
    if (database_)
      database_->finish();
  }

private:
  static constexpr std::uint64_t default_steps = 16;
  simulation& run_;
  const run_options& options_;
  std::vector<recorded_step> steps_;
  std::optional<report::operations_database> database_;
};

/// Progress, metrics and checkpoints of a run in its directory; what a disk refuses ends the run at the next step.
class run_keeper final : public run_observer {
public:
  run_keeper(simulation& run, const experiment& e, const report::run_directory& directory, progress_line& progress,
             hardware::timing_mode timing)
      : run_(run), experiment_(e), directory_(directory), files_(directory), progress_(progress), timing_(timing) {}

  void programming_step_done(const workload::programming_status& status) override {
    progress_.update(status);
    check();
  }
  void step_done(const workload::training_position& position) override {
    progress_.update(position);
    check();
  }
  void evaluated(const evaluation_row& row) override {
    progress_.set_accuracy(row.test_accuracy);
    files_.append("metrics.jsonl", report::metrics_line(row));
  }
  /// A run that was killed may have written evaluations that came after the checkpoint, or repeats one of them.
  void rewrite_metrics() {
    std::string lines;
    for (const auto& row : run_.evaluations())
      lines += report::metrics_line(row) + '\n';
    files_.write("metrics.jsonl", std::move(lines));
  }
  /// Epochs may be shorter than writing a checkpoint takes.
  void epoch_done() override {
    if (run_.session().complete() || clock::now() - kept_at_ >= between_checkpoints)
      keep_state();
  }
  /// At once, from where the state is: the next step changes it, and a copy would take as much memory again.
  void keep_state() {
    files_.check();
    directory_.write(report::checkpoint_file,
                     [this](std::ostream& out) { write_checkpoint(out, run_, experiment_.resolved_yaml, timing_); });
    kept_at_ = clock::now();
  }
  /// Returns when all files are on the disk.
  void finish() { files_.finish(); }

private:
  void check() {
    files_.check();
    if (interrupted != 0)
      run_.session().stop();
  }

  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds between_checkpoints{5};

  simulation& run_;
  const experiment& experiment_;
  const report::run_directory& directory_;
  report::background_writer files_;
  progress_line& progress_;
  hardware::timing_mode timing_;
  clock::time_point kept_at_ = clock::now() - between_checkpoints; ///< so the first epoch is kept
};

experiment read(const run_options& options, const catalog::device_registry& devices) {
  if (!options.resume.empty()) {
    if (!options.experiment.empty() || !options.overrides.empty() || options.seed || !options.out.empty())
      throw input_error(
          "--resume continues a run with its own configuration: give no EXPERIMENT, --set, --seed or --out");
    return read_experiment(options.resume / report::configuration_file, {}, devices);
  }
  if (options.experiment.empty())
    throw input_error("give an EXPERIMENT.yaml, or --resume DIR");
  auto overrides = options.overrides;
  if (options.seed)
    overrides.push_back(fmt::format("seed={}", *options.seed));
  return read_experiment(options.experiment, overrides, devices);
}

report::run_directory directory_for(const run_options& options, const experiment& e) {
  if (!options.resume.empty())
    return report::run_directory::open(options.resume);
  if (!options.out.empty())
    return report::run_directory::create(options.out);
  const auto base = std::filesystem::path("runs") / fmt::format("{}-seed{}", e.name, e.seed);
  auto path = base;
  for (int n = 2; std::filesystem::exists(path); ++n)
    path = fmt::format("{}-{}", base.string(), n);
  return report::run_directory::create(path);
}

void write_results(const report::run_directory& directory, const run_results& results) {
  directory.write("summary.json", report::summary_json(results));
  directory.write("costs.csv", report::costs_csv(results));
  directory.write("log.txt", report::closing_tables(results));
}

} // namespace

int run_command(const run_options& options, const catalog::device_registry& devices) {
  experiment e = read(options, devices);
  e.data.directory = options.data;
  e.arrays.isa = options.isa;
  const auto data = workload::load_dataset(e.dataset_name, e.data);
  simulation run(e, data, {options.threads, options.timing});
  if (!options.resume.empty())
    restore_checkpoint(options.resume / report::checkpoint_file, run, e.resolved_yaml, options.timing);
  std::signal(SIGINT, note_interrupt); // from here on there is something to keep
  std::signal(SIGTERM, note_interrupt);
  const auto directory = directory_for(options, e);
  directory.write(report::configuration_file, e.resolved_yaml);
  for (const auto& warning : e.warnings)
    fmt::print(stderr, "warning: {}\n", warning);
  for (const auto& note : e.notes)
    fmt::print(stderr, "{}\n", note);

  progress_line progress(run, e.session.epochs, data.train.size(), stderr);
  run_keeper keeper(run, e, directory, progress, options.timing);
  if (!options.resume.empty())
    keeper.rewrite_metrics();
  step_files traces(run, e, options);

  run.run(keeper);

  progress.finish();
  const auto results = run.results();
  if (results.interrupted)
    keeper.keep_state();
  keeper.finish();
  write_results(directory, results);
  traces.finish();
  fmt::print("{}results: {}\n", report::closing_tables(results), directory.path().string());
  if (!results.interrupted)
    return exit_done;
  fmt::print(stderr, "interrupted; continue with: tilework run --resume {}\n", directory.path().string());
  return exit_interrupted;
}

} // namespace tilework::cli
