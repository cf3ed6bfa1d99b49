// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/replayed_run.h>
#include <tilework/cli/run_figures.h>
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
    : experiment_(require_timing(e, timing)),
      epochs_(epochs),
      record_(record),
      timing_(timing),
      plan_(e, data),
      placement_(prepared(e, plan_)),
      machine_(e.machine, platform::elaboration{.arrays = plan_.map.arrays,
                                                .parameters = plan_.roles,
                                                .seed = e.seed,
                                                .max_burst = largest_burst(e),
                                                .timing = timing,
                                                .source = plan_.session,
                                                .samples = plan_.session,
                                                .arena = plan_.arena,
                                                .pool = pool_,
                                                .stages = plan_.stages,
                                                .recorded = &record}),
      loads_(machine_, plan_.prices, e.power_window, pulsed_cell_of(e.machine)),
      bottlenecks_(machine_) {
  machine_.control().add_listener(loads_);
  machine_.control().add_listener(bottlenecks_);
  plan_.session.set_recorded({.epoch_loss = [this] { return record_.read_epoch(); },
                              .copies_done = [this] { return record_.read_programmed(); }});
  plan_.session.set_listener(this);
}

void replayed_run::run() {
  machine_.run();
}

/// An interrupted run ends where it ended.
void replayed_run::stop_at_end() {
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
  const auto& values = record_.end();
  auto r = figures_of({experiment_, plan_, placement_, machine_, loads_, bottlenecks_, timing_}, values.programming,
                      evaluations_);
  r.interrupted = !complete_;
  r.replayed = true;
  if (record_.over()) { // else the values went on
    r.wear = values.wear;
    r.weights_digest = values.weights_digest;
    r.input_ranges = values.input_ranges;
  }
  r.assumptions.emplace_back("a replay: values, accuracy and training health are those of the recorded run");
  r.host = host_figures_of(machine_.control().host(), begin_);
  r.host.isa = "none"; // nothing was computed
  return r;
}

} // namespace tilework::cli
