// SPDX-License-Identifier: Apache-2.0
/// \file One run as a library call. One elaboration per process, a limit of SystemC.
#pragma once

#include <tilework/cli/experiment.h>
#include <tilework/cli/gradient_probe.h>
#include <tilework/cli/health_monitor.h>
#include <tilework/core/pricing.h>
#include <tilework/core/results.h>
#include <tilework/platforms/machine.h>
#include <tilework/workloads/digital_network.h>

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <vector>

namespace tilework::cli {

struct simulation_options {
  unsigned threads = 1; ///< 0 = all cores
  hardware::timing_mode timing = hardware::timing_mode::loosely;
};

/// Everything about an experiment that can be checked without running it: mapping, buffer capacity, prices.
class planned_run {
public:
  /// \throws input_error if a layer cannot be mapped, the buffer is too small, a price is missing, ...
  planned_run(const experiment& e, const workload::dataset& data);

  workload::network_map map;
  std::vector<physics::array_parameters> roles; ///< of the arrays, by role of the algorithm
  operand_arena arena;
  workload::training_session session;
  std::vector<numerics::transfer_stage> stages;
  price_list prices;

private:
  static price_list price(const experiment& e);
};

/// Allocates the operands and gives them their first values: before a machine is elaborated on them.
operand_arena& allocated(planned_run& plan);

/// What a run tells the program around it; called between steps.
class run_observer {
public:
  run_observer() = default;
  run_observer(const run_observer&) = delete;
  run_observer& operator=(const run_observer&) = delete;
  virtual ~run_observer() = default;
  virtual void step_done(const workload::training_position& position) = 0;
  /// An epoch is over; its evaluation, if one is due, comes next.
  virtual void epoch_trained(double train_loss) = 0;
  virtual void evaluated(const evaluation_row& row) = 0;
  virtual void epoch_done() = 0;
};

/// Arrays of an experiment on its machine. \throws input_error if they do not fit
workload::network_map map_of(const experiment& e);

// What runs with and without values have in common.

/// Prices of everything counted so far.
cost_sheet costs_of(const platform::machine& machine, const price_list& prices);
femtoseconds training_time_of(const platform::machine& machine);
/// Times, counts and costs of a machine.
void add_machine_figures(run_results& results, const platform::machine& machine, const price_list& prices);

/// Cost of the simulation itself. \param begin of the run
host_figures host_figures_of(const hardware::host_time& sampled, std::chrono::steady_clock::time_point begin);
std::vector<std::string> assumptions_of_every_run();
/// What should be said about the result.
std::vector<std::string> warnings_of(const experiment& e, std::span<const evaluation_row> evaluations);
std::string name_of(hardware::timing_mode timing);

class simulation final : private workload::session_listener {
public:
  simulation(const experiment& e, const workload::dataset& data, const simulation_options& options);

  [[nodiscard]] workload::training_session& session() { return plan_.session; }
  [[nodiscard]] platform::machine& machine() { return machine_; }
  void run(run_observer& observer);
  /// Results up to now. Only between steps.
  [[nodiscard]] run_results results() const;
  /// Prices of everything counted so far.
  [[nodiscard]] cost_sheet costs() const;
  [[nodiscard]] femtoseconds training_time() const;
  [[nodiscard]] std::span<const evaluation_row> evaluations() const { return evaluations_; }

  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  void step_done(const workload::training_position& position) override;
  void evaluated(const workload::evaluation_result& result) override;
  void epoch_done(const workload::training_position&) override { observer_->epoch_done(); }
  void epoch_trained(const workload::training_position& position) override;
  /// Visible weights of all layers, the mean over their copies.
  [[nodiscard]] std::vector<workload::digital_layer> digital_layers();
  [[nodiscard]] host_figures host() const;
  [[nodiscard]] std::string weights_digest() const;
  [[nodiscard]] std::vector<layer_health> take_health();

  const experiment& experiment_;
  planned_run plan_;
  simulation_options options_;
  worker_pool pool_;
  platform::machine machine_;
  health_monitor health_;
  gradient_probe gradient_; ///< of the first step after an evaluation, and of the second one of the run
  run_observer* observer_ = nullptr;
  const workload::dataset& data_;
  workload::layer_average average_;
  std::vector<evaluation_row> evaluations_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace tilework::cli
