// SPDX-License-Identifier: Apache-2.0
/// \file One run as a library call. One elaboration per process, a limit of SystemC.
#pragma once

#include <tilework/cli/experiment.h>
#include <tilework/cli/gradient_probe.h>
#include <tilework/cli/health_monitor.h>
#include <tilework/cli/load_monitor.h>
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

/// What a run tells the program around it; called between steps.
class run_observer {
public:
  run_observer() = default;
  run_observer(const run_observer&) = delete;
  run_observer& operator=(const run_observer&) = delete;
  virtual ~run_observer() = default;
  virtual void programming_step_done(const workload::programming_status& status) = 0;
  virtual void step_done(const workload::training_position& position) = 0;
  virtual void evaluated(const evaluation_row& row) = 0;
  virtual void epoch_done() = 0;
};

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
  void programming_step_done(const workload::programming_status& status) override {
    observer_->programming_step_done(status);
  }
  void programmed() override;
  void step_done(const workload::training_position& position) override;
  void evaluated(const workload::evaluation_result& result) override;
  void epoch_done(const workload::training_position&) override { observer_->epoch_done(); }
  void weights_read() override;
  /// Visible weights of all layers, the mean over their copies.
  [[nodiscard]] std::vector<workload::digital_layer> digital_layers();
  /// The same from weights that f(array, output, input) gives.
  template <typename F>
  [[nodiscard]] std::vector<workload::digital_layer> layers_of(F&& f);
  /// Spread of a layer's weights, and between its copies.
  struct weight_spread {
    double weight_std = 0;
    double copy_std = 0;
  };
  [[nodiscard]] weight_spread spread_of(std::size_t layer) const;
  /// Arrays that are programmed in a closed loop get the weights that fabrication left.
  void fabricate_weights();
  [[nodiscard]] std::array<femtoseconds, phase_count> exposed() const;
  [[nodiscard]] host_figures host() const;
  [[nodiscard]] std::uint64_t trained_samples() const;
  [[nodiscard]] std::string weights_digest() const;
  [[nodiscard]] std::vector<layer_health> take_health();
  /// What should be said about the result.
  [[nodiscard]] std::vector<std::string> warnings() const;

  const experiment& experiment_;
  planned_run plan_;
  placement_figures placement_;
  simulation_options options_;
  worker_pool pool_;
  platform::machine machine_;
  health_monitor health_;
  load_monitor loads_;
  gradient_probe gradient_; ///< of the first step after an evaluation, and of the second one of the run
  run_observer* observer_ = nullptr;
  const workload::dataset& data_;
  workload::layer_average average_;
  std::vector<evaluation_row> evaluations_;
  std::vector<weight_spread> spreads_; ///< per layer, once programmed in a closed loop
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace tilework::cli
