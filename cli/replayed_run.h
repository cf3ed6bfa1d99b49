// SPDX-License-Identifier: Apache-2.0
/// \file A recorded run again, on a machine without values. One elaboration per process, a limit of SystemC.
#pragma once

#include <tilework/cli/simulation.h>
#include <tilework/report/activity_file.h>

#include <chrono>
#include <vector>

namespace tilework::cli {

/// The samples of a recorded run as numbers and widths: operands have no values.
workload::dataset dataset_of(const report::recorded_run& run, const experiment& e);

/// The session emits the steps that it emitted, the sequencer executes them with what the record says that their
/// operations did, so times, counts and costs follow from the machine by the same rules.
class replayed_run final : private workload::session_listener {
public:
  /// \param e with the machine of the replay, and the session of the record \param epochs to replay, at most those of
  /// the session \param record at its begin
  replayed_run(const experiment& e, unsigned epochs, const workload::dataset& data, report::activity_reader& record,
               hardware::timing_mode timing);

  /// \throws input_error if the record is one of other steps
  void run();
  [[nodiscard]] run_results results();

private:
  void stop_at_end();
  void programming_step_done(const workload::programming_status& /*status*/) override { stop_at_end(); }
  void programmed() override { stop_at_end(); }
  void step_done(const workload::training_position& /*position*/) override { stop_at_end(); }
  void evaluated(const workload::evaluation_result& result) override;
  void epoch_done(const workload::training_position& position) override;

  const experiment& experiment_;
  unsigned epochs_;
  report::activity_reader& record_;
  hardware::timing_mode timing_;
  planned_run plan_;
  placement_figures placement_;
  worker_pool pool_{1};
  platform::machine machine_;
  load_monitor loads_;
  timing_monitor bottlenecks_;
  std::vector<evaluation_row> evaluations_;
  bool complete_ = false;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace tilework::cli
