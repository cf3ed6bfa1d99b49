// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/health_warnings.h>
#include <tilework/cli/replayed_run.h>
#include <tilework/report/summary_json.h>

#include <algorithm>

namespace tilework::cli {

workload::dataset dataset_of(const report::recorded_run& run, const experiment& e) {
  const auto half = [&](std::uint32_t size) {
    return workload::labelled_set::without_values(run.features, run.bits_per_feature, size);
  };
  return {e.dataset_name, e.session.network.layers.back(), half(run.train_samples), half(run.test_samples)};
}

replayed_run::replayed_run(const experiment& e, unsigned epochs, const workload::dataset& data,
                           report::activity_reader& record, hardware::timing_mode timing)
    : experiment_(e),
      epochs_(epochs),
      record_(record),
      timing_(timing),
      plan_(e, data),
      machine_(e.machine, platform::elaboration{.arrays = plan_.map.arrays,
                                                .parameters = plan_.roles,
                                                .seed = e.seed,
                                                .max_burst = std::max(e.session.batch_size, e.session.evaluation_burst),
                                                .timing = timing,
                                                .source = plan_.session,
                                                .samples = plan_.session,
                                                .arena = allocated(plan_),
                                                .pool = pool_,
                                                .stages = plan_.stages,
                                                .recorded = &record}) {
  plan_.session.set_recorded_losses([this] { return record_.read_epoch(); });
  plan_.session.set_listener(this);
}

void replayed_run::run() {
  machine_.run();
}

/// An interrupted run ends where it ended.
void replayed_run::step_done(const workload::training_position& /*position*/) {
  if (record_.over())
    plan_.session.stop();
}

void replayed_run::evaluated(const workload::evaluation_result& /*result*/) {
  auto& row = evaluations_.emplace_back(report::metrics_row(record_.read_evaluation()));
  row.recorded = true;
  row.simulated_time_s = training_time_of(machine_).seconds();
  row.energy_J = costs_of(machine_, plan_.prices).training_energy_J;
}

void replayed_run::epoch_done(const workload::training_position& position) {
  complete_ = position.epoch == epochs_;
  if (complete_)
    plan_.session.stop();
}

run_results replayed_run::results() {
  run_results r;
  r.experiment = experiment_.name;
  r.machine = experiment_.machine.name;
  r.technology = experiment_.prices.name;
  r.timing = name_of(timing_);
  r.seed = experiment_.seed;
  r.interrupted = !complete_;
  r.replayed = true;
  r.epochs = plan_.session.position().epoch;
  r.evaluations = evaluations_;
  add_machine_figures(r, machine_, plan_.prices);
  if (record_.over()) { // else the values went on
    r.weights_digest = record_.end().weights_digest;
    r.input_ranges = record_.end().input_ranges;
  }
  r.warnings = warnings_of(experiment_, evaluations_);
  r.assumptions = assumptions_of_every_run();
  r.assumptions.emplace_back("a replay: values, accuracy and training health are those of the recorded run");
  r.host = host_figures_of(machine_.control().host(), begin_);
  r.host.isa = "none"; // nothing was computed
  return r;
}

} // namespace tilework::cli
