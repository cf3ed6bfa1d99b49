// SPDX-License-Identifier: Apache-2.0
/// \file Results of a run: what reports are made of.
#pragma once

#include <tilework/core/endurance.h>
#include <tilework/core/health.h>
#include <tilework/core/pricing.h>
#include <tilework/core/timing_analysis.h>
#include <tilework/core/uncertainty.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tilework {

/// One evaluation on the test set.
struct evaluation_row {
  unsigned epoch = 0; ///< epochs completed
  double train_loss = 0;
  double test_loss = 0;
  double test_accuracy = 0;    ///< fraction
  double simulated_time_s = 0; ///< training time so far
  double energy_J = 0;         ///< training energy so far; negative: not known, after re-pricing
  // Of the weights as they are, averaged over copies, in floating point; negative: not measured.
  double digital_accuracy = -1;
  double averaged_accuracy = -1; ///< of the average over the last epochs
  std::vector<layer_health> layers;
  bool recorded = false; ///< all but time and energy come from the run that a replay repeats
};

/// Spread of a layer's weights after programming in a closed loop, and between its copies.
struct programmed_spread {
  double weight_std = 0; ///< root mean square of the first copy's weights
  double copy_std = 0;   ///< same, of the differences of the weights of two copies, over all pairs; 0: one copy
  friend bool operator==(const programmed_spread&, const programmed_spread&) = default;
};

/// How the visible arrays of a layer were programmed in a closed loop.
struct layer_programming {
  std::vector<std::uint32_t> iterations; ///< of every copy, the first one's first
  programmed_spread spread;
};

/// How many updates of the same array the forward products of a layer missed that came before them in program order.
struct layer_staleness {
  std::uint64_t vectors = 0;        ///< of all its products in training
  std::uint64_t missed_updates = 0; ///< summed over them
  std::uint32_t largest = 0;
  [[nodiscard]] double mean() const {
    return vectors > 0 ? static_cast<double>(missed_updates) / static_cast<double>(vectors) : 0;
  }
};

/// What the run took from the computer that ran it.
struct host_figures {
  double wall_s = 0;
  double systemc_s = 0;  ///< SystemC kernel, modules' bookkeeping and recording; sampled
  double numerics_s = 0; ///< values: physics and digital arithmetic; sampled
  std::uint64_t peak_rss_bytes = 0;
  std::string isa;
  unsigned threads = 1;
};

/// The largest loads of the training phases.
struct peak_loads {
  double power_W = 0;                 ///< mean over a window, see power_meter.h; negative: not known, after re-pricing
  double power_window_s = 0;          ///< 0: one step
  double array_current_A = 0;         ///< of update pulses, see update_current.h
  double array_current_bound_A = 0;   ///< all cells of the largest array selected at once
  double machine_current_A = 0;       ///< of arrays that are updated at the same time
  double machine_current_bound_A = 0; ///< all cells of all mapped arrays selected at once
  [[nodiscard]] bool knows_power() const { return power_W >= 0; }
};

/// Which network the numbers come from, and what its model left inexact.
struct network_figures {
  std::string topology;                    ///< e.g. "mesh 4 x 2"
  std::string model;                       ///< calendar or router
  std::uint64_t out_of_order_requests = 0; ///< bookings of a calendar that were made out of time order
  femtoseconds largest_skew;               ///< how much earlier, at most, than one made before
};

/// Where the arrays are, and what their packets cost there.
struct placement_figures {
  std::string placer;
  std::vector<std::uint32_t> tiles; ///< of each array
  // Bytes times links passed in a mean mini-batch, see platforms/placer.h; of a placer that looks at it.
  std::optional<double> byte_hops_in_order; ///< if the arrays that it placed were in order
  std::optional<double> byte_hops;
};

struct run_results {
  std::string experiment;
  std::string machine;
  std::string technology;
  std::string timing;
  std::uint64_t seed = 0;
  bool interrupted = false;
  bool replayed = false; ///< on a machine without values: those of the evaluations come from the recorded run
  unsigned epochs = 0;   ///< completed
  std::vector<evaluation_row> evaluations;
  std::vector<layer_programming> programming; ///< per layer; empty without a closed loop

  std::array<femtoseconds, phase_count> busy{};
  std::array<femtoseconds, phase_count> exposed{};
  ledger books; ///< counts and busy times
  cost_sheet costs;
  cost_uncertainty uncertainty;
  std::vector<std::pair<std::string, std::uint64_t>> operations; ///< issued, by name
  placement_figures placement;
  network_figures network;
  std::uint64_t delayed_requests = 0; ///< calendar bookings that had to wait; of routers: heads, per channel
  std::uint64_t training_macs = 0;    ///< see outcomes.h
  timing_results timing_analysis;     ///< of some steps
  peak_loads peaks;
  std::vector<layer_staleness> staleness; ///< per layer; empty where mini-batches do not overlap
  std::optional<double> target_accuracy;  ///< fraction
  endurance_limit endurance;              ///< 0 pulses: unknown
  std::vector<cell_wear> wear;            ///< every role of every layer, at the end; empty: not known
  std::string weights_digest;             ///< of all final weights and biases; empty: not known
  std::vector<float> input_ranges;        ///< per array; empty if they are not used
  std::vector<std::string> warnings;      ///< what may be wrong with the result
  std::vector<std::string> assumptions;   ///< what its numbers rest on
  host_figures host;

  /// Training phases only.
  [[nodiscard]] femtoseconds simulated_time() const {
    femtoseconds sum;
    for (std::size_t p = 0; p < phase_count; ++p)
      if (is_training(static_cast<phase>(p)))
        sum += exposed[p];
    return sum;
  }
};

/// Of all layers together.
inline layer_staleness staleness_of(const run_results& r) {
  layer_staleness all;
  for (const auto& layer : r.staleness) {
    all.vectors += layer.vectors;
    all.missed_updates += layer.missed_updates;
    all.largest = layer.largest > all.largest ? layer.largest : all.largest;
  }
  return all;
}

/// Training time that a component was in use, mean over its servers.
inline femtoseconds training_busy(const component_account& account) {
  femtoseconds sum;
  for (std::size_t p = 0; p < phase_count; ++p)
    if (is_training(static_cast<phase>(p)))
      sum += account.busy[p];
  return {static_cast<std::int64_t>(static_cast<double>(sum.count) / account.servers)};
}

} // namespace tilework
