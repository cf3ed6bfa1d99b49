// SPDX-License-Identifier: Apache-2.0
/// \file The largest power and the largest update currents of the training steps.
#pragma once

#include <tilework/core/array_region.h>
#include <tilework/core/power_meter.h>
#include <tilework/core/results.h>
#include <tilework/core/update_current.h>
#include <tilework/platforms/machine.h>
#include <tilework/tlm/listener.h>

#include <iosfwd>
#include <span>

namespace tilework::cli {

/// A cell under the write voltage of a machine.
pulsed_cell pulsed_cell_of(const platform::machine_configuration& machine);

class load_monitor final : public transaction::transaction_listener {
public:
  /// \param window of the power; 0: one step
  load_monitor(const platform::machine& machine, const price_list& prices, femtoseconds window,
               const pulsed_cell& cell);

  void operation_done(const operation_record& record) override;
  void drained(std::uint64_t step, femtoseconds length) override;
  /// \param arrays of the run
  [[nodiscard]] peak_loads peaks(std::span<const array_region> arrays) const;

  /// Only between steps. The machine is restored first.
  void save(std::ostream& out) const;
  void restore(std::istream& in);

private:
  femtoseconds window_;
  pulsed_cell cell_;
  dynamic_energy energy_;
  double leakage_W_;
  double energy_so_far_J_ = 0; ///< dynamic, at the end of the last training step
  bool is_training_step_ = false;
  peak_power power_;
  peak_current current_;
};

} // namespace tilework::cli
