// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/activity_recorder.h>
#include <tilework/cli/checkpoint.h>
#include <tilework/cli/commands.h>
#include <tilework/cli/output_file.h>
#include <tilework/cli/progress.h>
#include <tilework/core/checksum.h>
#include <tilework/core/error.h>
#include <tilework/report/activity_file.h>
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

std::vector<programmed_spread> spreads_of(const run_results& results) {
  std::vector<programmed_spread> spreads;
  for (const auto& layer : results.programming)
    spreads.push_back(layer.spread);
  return spreads;
}

/// Progress, metrics and checkpoints of a run in its directory; what a disk refuses ends the run at the next step.
class run_keeper final : public run_observer {
public:
  run_keeper(simulation& run, const experiment& e, const report::run_directory& directory, progress_line& progress,
             activity_recorder& recorder, hardware::timing_mode timing)
      : run_(run),
        experiment_(e),
        directory_(directory),
        files_(directory),
        progress_(progress),
        recorder_(recorder),
        timing_(timing) {}

  /// Of a new run.
  void begin_record(const workload::dataset& data) {
    if (recorder_.records())
      recorder_.file().begin({data.train.size(), data.test.size(), data.features(), data.bits_per_feature(),
                              checksum_of(experiment_.resolved_yaml)});
  }
  /// A run that was killed may have recorded steps that came after the checkpoint.
  void continue_record() {
    if (!recorder_.records() || directory_.cut(report::activity_file, recorder_.file().bytes()))
      return;
    fmt::print(stderr, "warning: {} is missing or shorter than the checkpoint knows it: this run cannot be replayed\n",
               (directory_.path() / report::activity_file).string());
    recorder_.give_up();
  }
  void copies_programmed(std::span<const std::uint32_t> copies) override {
    if (recorder_.records())
      recorder_.file().add_programmed(copies);
  }
  void programming_step_done(const workload::programming_status& status) override {
    progress_.update(status);
    check();
  }
  void step_done(const workload::training_position& position) override {
    progress_.update(position);
    check();
  }
  void epoch_trained(double train_loss) override {
    if (recorder_.records())
      recorder_.file().add_epoch(train_loss);
  }
  void evaluated(const evaluation_row& row) override {
    progress_.set_accuracy(row.test_accuracy);
    files_.append("metrics.jsonl", report::metrics_line(row));
    if (!recorder_.records())
      return;
    auto values = row; // without what another machine would change
    values.simulated_time_s = values.energy_J = 0;
    recorder_.file().add_evaluation(report::metrics_line(values));
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
  /// The record is on the disk first, as far as the checkpoint knows it.
  void keep_state() {
    write_record();
    files_.finish();
    directory_.write(report::checkpoint_file, [this](std::ostream& out) {
      write_checkpoint(out, run_, recorder_, experiment_.resolved_yaml, timing_);
    });
    kept_at_ = clock::now();
  }
  /// Returns when all files are on the disk.
  void finish(const run_results& results) {
    if (recorder_.records())
      recorder_.file().finish({.interrupted = results.interrupted,
                               .weights_digest = results.weights_digest,
                               .input_ranges = results.input_ranges,
                               .programming = spreads_of(results),
                               .wear = results.wear});
    write_record();
    files_.finish();
  }

private:
  void check() {
    files_.check();
    write_record();
    if (interrupted != 0)
      run_.session().stop();
  }
  void write_record() {
    if (recorder_.file().has_piece())
      files_.append_bytes(report::activity_file, recorder_.file().take_piece());
  }

  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds between_checkpoints{5};

  simulation& run_;
  const experiment& experiment_;
  const report::run_directory& directory_;
  report::background_writer files_;
  progress_line& progress_;
  activity_recorder& recorder_;
  hardware::timing_mode timing_;
  clock::time_point kept_at_ = clock::now() - between_checkpoints; ///< so the first epoch is kept
};

experiment read(const run_options& options, const catalog::device_registry& devices) {
  if (!options.resume.empty()) {
    if (!options.experiment.empty() || !options.overrides.empty() || options.seed || !options.out.empty() ||
        !options.record)
      throw input_error(
          "--resume continues a run with its own configuration: give no EXPERIMENT, --set, --seed, --out or "
          "--no-record");
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
  return report::run_directory::create_numbered("runs", fmt::format("{}-seed{}", e.name, e.seed));
}

} // namespace

void write_results(const report::run_directory& directory, const run_results& results) {
  const auto tables = report::closing_tables(results);
  directory.write("summary.json", report::summary_json(results));
  directory.write("costs.csv", report::costs_csv(results));
  directory.write("log.txt", tables);
  fmt::print("{}results: {}\n", tables, directory.path().string());
}

int run_command(const run_options& options, const catalog::device_registry& devices) {
  experiment e = read(options, devices);
  e.data.directory = options.data;
  e.arrays.isa = options.isa;
  const auto data = workload::load_dataset(e.dataset_name, e.data);
  simulation run(e, data, {options.threads, options.timing});
  activity_recorder recorder(options.record && !e.values_depend_on_time());
  if (!options.resume.empty())
    restore_checkpoint(options.resume / report::checkpoint_file, run, recorder, e.resolved_yaml, options.timing);
  std::signal(SIGINT, note_interrupt); // from here on there is something to keep
  std::signal(SIGTERM, note_interrupt);
  const auto directory = directory_for(options, e);
  directory.write(report::configuration_file, e.resolved_yaml);
  for (const auto& warning : e.warnings)
    fmt::print(stderr, "warning: {}\n", warning);
  for (const auto& note : e.notes)
    fmt::print(stderr, "{}\n", note);

  progress_line progress(run, e.session.epochs, data.train.size(), stderr);
  run_keeper keeper(run, e, directory, progress, recorder, options.timing);
  if (options.resume.empty()) {
    keeper.begin_record(data);
  } else {
    keeper.rewrite_metrics();
    keeper.continue_record();
  }
  if (recorder.records())
    run.machine().control().add_listener(recorder);
  step_files traces(run, e, options);

  run.run(keeper);

  progress.finish();
  const auto results = run.results();
  if (results.interrupted)
    keeper.keep_state();
  keeper.finish(results);
  write_results(directory, results);
  traces.finish();
  if (!results.interrupted)
    return exit_done;
  fmt::print(stderr, "interrupted; continue with: tilework run --resume {}\n", directory.path().string());
  return exit_interrupted;
}

} // namespace tilework::cli
