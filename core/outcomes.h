// SPDX-License-Identifier: Apache-2.0
/// \file What a run achieved: rates, power, and what an accuracy cost. All about the training phases.
#pragma once

#include <tilework/core/results.h>

#include <cstdint>
#include <span>

namespace tilework {

/// Multiply-accumulates that plain SGD needs for one sample: W x and d x^T of every layer, W^T d of every layer but the
/// first, whose inputs need no error. What a machine does beyond that is overhead: repeats of bound management, further
/// arrays and transfers of an algorithm, digital arithmetic.
/// \param layers neurons, inputs first
std::uint64_t training_macs_per_sample(std::span<const std::uint32_t> layers);

struct run_outcomes {
  double operations = 0; ///< two per multiply-accumulate
  double operations_per_s = 0;
  double operations_per_J = 0; ///< also operations per second and watt
  double operations_per_s_m2 = 0;
  double average_power_W = 0; ///< = dynamic + leakage
  double dynamic_power_W = 0;
  double leakage_power_W = 0;
  double energy_delay_Js = 0; ///< training energy times training time
};
/// Ratios are 0 where their denominator is.
run_outcomes outcomes_of(const run_results& results);

/// Time and energy of a whole run.
struct run_totals {
  unsigned epochs = 0;
  double time_s = 0;
  double energy_J = 0;
};
/// The first evaluation that reached an accuracy. If none did, time and energy are those of the whole run: what the
/// accuracy costs is more than that.
struct accuracy_cost {
  double target = 0; ///< fraction
  bool reached = false;
  unsigned epoch = 0;
  double time_s = 0;
  double energy_J = 0;
  [[nodiscard]] double energy_delay_Js() const { return energy_J * time_s; }
};
accuracy_cost cost_of_accuracy(std::span<const evaluation_row> evaluations, double target, const run_totals& totals);
accuracy_cost cost_of_accuracy(const run_results& results, double target);

/// Area of the tiles, mapped or not: the components that every tile has, summed up.
struct tile_area {
  std::uint32_t tiles = 0;
  double total_m2 = 0;
  [[nodiscard]] double of_one_m2() const { return tiles > 0 ? total_m2 / tiles : 0.0; }
};
tile_area area_of_tiles(const cost_sheet& sheet);

} // namespace tilework
