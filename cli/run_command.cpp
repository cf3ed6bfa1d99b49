// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/checkpoint.h>
#include <tilework/cli/commands.h>
#include <tilework/cli/output_file.h>
#include <tilework/cli/progress.h>
#include <tilework/core/error.h>
#include <tilework/report/background_writer.h>
#include <tilework/report/closing_tables.h>
#include <tilework/report/costs_csv.h>
#include <tilework/report/run_directory.h>
#include <tilework/report/summary_json.h>
#include <tilework/report/trace_json.h>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <ostream>
#include <utility>

namespace tilework::cli {
namespace {

// The only thing that a signal handler may touch.
volatile std::sig_atomic_t interrupted = 0; // NOLINT(*-non-const-global-variables)

void note_interrupt(int) {
  interrupted = 1;
}

/// Hands operation records to the trace.
class tracer final : public transaction::transaction_listener {
public:
  void operation_done(const operation_record& record) override { trace_.add(record); }
  void drained(std::uint64_t, femtoseconds length) override { trace_.end_step(length); }
  [[nodiscard]] std::string str() const { return trace_.str(); }

private:
  report::trace_json trace_;
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
  tracer trace;
  if (!options.trace.empty())
    run.machine().control().add_listener(trace);

  run.run(keeper);

  progress.finish();
  const auto results = run.results();
  if (results.interrupted)
    keeper.keep_state();
  keeper.finish();
  write_results(directory, results);
  if (!options.trace.empty())
    write_file(options.trace, trace.str());
  fmt::print("{}results: {}\n", report::closing_tables(results), directory.path().string());
  if (!results.interrupted)
    return exit_done;
  fmt::print(stderr, "interrupted; continue with: tilework run --resume {}\n", directory.path().string());
  return exit_interrupted;
}

} // namespace tilework::cli
