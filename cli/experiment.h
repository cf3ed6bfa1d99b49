// SPDX-License-Identifier: Apache-2.0
/// \file An experiment: what the files and options of a run say, checked.
#pragma once

#include <tilework/catalog/device_registry.h>
#include <tilework/cli/algorithm_file.h>
#include <tilework/core/technology.h>
#include <tilework/physics/crossbar/analog_array.h>
#include <tilework/platforms/machine_configuration.h>
#include <tilework/workloads/datasets/load_dataset.h>
#include <tilework/workloads/training_session.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::cli {

/// Where the user said what only the whole combination can refuse: "file:line:column" or "--set a.b".
struct experiment_places {
  std::string network;
  std::string mapping;
  std::string buffer;
  std::string controller;
  std::string matrix_unit;
  std::string forward;
  std::string backward;
  std::string network_model;
};

struct experiment {
  std::string name;
  std::string dataset_name;
  workload::dataset_options data;
  workload::session_configuration session;
  physics::array_parameters arrays; ///< of the slowest role
  training_algorithm algorithm;
  platform::machine_configuration machine;
  technology prices;
  std::vector<std::uint32_t> placement; ///< tile of each array, or any_tile; empty: all any
  workload::placer_kind placer = workload::placer_kind::in_order;
  bool digital_evaluation = false;       ///< also evaluate the weights in floating point
  bool gradient_cosine = false;          ///< compare single steps with their gradient
  std::optional<double> target_accuracy; ///< fraction; what does it cost to reach it?
  femtoseconds power_window;             ///< of the peak power; 0: one step
  std::uint64_t seed = 1;
  experiment_places places;
  std::vector<std::string> warnings; ///< what a user should know about the combination
  std::vector<std::string> notes;    ///< what reading did for the user, such as how well a curve was fitted

  /// Mini-batches overlap, and products may see weights that are older than program order says.
  [[nodiscard]] bool is_asynchronous() const { return session.mini_batches_in_flight > 1; }
  /// Whether another machine, or another price of time, gives other weights; else values follow program order alone.
  [[nodiscard]] bool values_depend_on_time() const { return is_asynchronous() || arrays.device_period_s > 0; }

  std::string resolved_yaml; ///< everything, defaults included: enough to reproduce
};

/// What is read but has no effect on a machine with a digital matrix unit.
inline constexpr std::string_view unused_by_digital_machines =
    "the machine is digital and computes exactly: training.device, training.update, training.drift_per_mini_batch, "
    "forward and backward of the experiment are not used";

/// \param overrides "key.path=value" \param devices what `device:` may name \throws input_error
experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                           const catalog::device_registry& devices);

} // namespace tilework::cli
