// SPDX-License-Identifier: Apache-2.0
/// \file One run as a library call. One elaboration per process, a limit of SystemC.
#pragma once

#include <tilework/cli/experiment.h>
#include <tilework/cli/gradient_probe.h>
#include <tilework/cli/health_monitor.h>
#include <tilework/cli/load_monitor.h>
#include <tilework/cli/staleness_monitor.h>
#include <tilework/cli/timing_monitor.h>
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

/// Vectors of the largest operation on an array.
std::uint32_t largest_burst(const experiment& e);
/// Arrays of an experiment on its machine. \throws input_error if they do not fit
workload::network_map map_of(const experiment& e);

/// Allocates the operands, gives them their first values and places the arrays: before a machine is elaborated on them.
placement_figures prepared(const experiment& e, planned_run& plan);

/// What a run tells the program around it; called between steps.
class run_observer {
public:
  run_observer() = default;
  run_observer(const run_observer&) = delete;
  run_observer& operator=(const run_observer&) = delete;
  virtual ~run_observer() = default;
  /// See workload::session_listener.
  virtual void copies_programmed(std::span<const std::uint32_t>) {}
  virtual void programming_step_done(const workload::programming_status& status) = 0;
  virtual void step_done(const workload::training_position& position) = 0;
  /// An epoch is over; its evaluation, if one is due, comes next.
  virtual void epoch_trained(double /*train_loss*/) {}
  virtual void evaluated(const evaluation_row& row) = 0;
  virtual void epoch_done() = 0;
};

/// \returns e. \throws input_error if its network cannot be timed so
const experiment& require_timing(const experiment& e, hardware::timing_mode timing);

class simulation final : private workload::session_listener {
public:
  simulation(const experiment& e, const workload::dataset& data, const simulation_options& options);

  [[nodiscard]] workload::training_session& session() { return plan_.session; }
  [[nodiscard]] platform::machine& machine() { return machine_; }
  [[nodiscard]] timing_monitor& timing() { return timing_; }
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
  void programming_step_done(const workload::programming_status& status) override {
    observer_->programming_step_done(status);
  }
  void copies_programmed(std::span<const std::uint32_t> copies) override;
  void programmed() override;
  void step_done(const workload::training_position& position) override;
  void epoch_trained(const workload::training_position& position) override;
  void evaluated(const workload::evaluation_result& result) override;
  void epoch_done(const workload::training_position&) override { observer_->epoch_done(); }
  void weights_read() override;
  /// Visible weights of all layers, the mean over their copies.
  [[nodiscard]] std::vector<workload::digital_layer> digital_layers();
  /// The same from weights that f(array, output, input) gives.
  template <typename F>
  [[nodiscard]] std::vector<workload::digital_layer> layers_of(F&& f);
  [[nodiscard]] programmed_spread spread_of(std::size_t layer) const;
  /// Arrays that are programmed in a closed loop get the weights that fabrication left.
  void fabricate_weights();
  [[nodiscard]] host_figures host() const;
  [[nodiscard]] std::string weights_digest() const;
  [[nodiscard]] std::vector<layer_health> take_health();

  const experiment& experiment_;
  planned_run plan_;
  placement_figures placement_;
  simulation_options options_;
  worker_pool pool_;
  platform::machine machine_;
  health_monitor health_;
  load_monitor loads_;
  timing_monitor timing_;
  staleness_monitor staleness_;
  gradient_probe gradient_; ///< of the first step after an evaluation, and of the second one of the run
  run_observer* observer_ = nullptr;
  const workload::dataset& data_;
  workload::layer_average average_;
  std::vector<evaluation_row> evaluations_;
  std::vector<programmed_spread> spreads_; ///< per layer, once programmed in a closed loop
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace tilework::cli
