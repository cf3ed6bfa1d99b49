// SPDX-License-Identifier: Apache-2.0
/// \file Currents of update pulses: what the supply and the lines of an array must carry.
#pragma once

#include <tilework/core/femtoseconds.h>
#include <tilework/core/operation.h>

#include <vector>

namespace tilework {

/// What a pulse of full voltage sends through a cross-point; the ohmic laws of technology.h take the same figures.
struct pulsed_cell {
  double conductance_S = 0; ///< mean
  double v_write_V = 0;
};

/// Current through all cells of an array in a slot, mean over the slots of an update, in A:
///   G V (coincidences + half-selected cells / 2) / slots,
/// since a cell sees V where both of its lines fire and V / 2 where one does. As if all pulses of a slot had one
/// polarity: with two polarity phases each has a part of it. 0 without slots.
double update_current_A(const operation_activity& activity, const pulsed_cell& cell);

/// The largest of them, of one array and of arrays that are updated at the same time.
class peak_current {
public:
  /// \param begin, end of the update within the step
  void add(femtoseconds begin, femtoseconds end, double current_A);
  void end_step();
  [[nodiscard]] double of_array_A() const { return peaks_.array_A; }
  [[nodiscard]] double of_machine_A() const { return peaks_.machine_A; }

  struct peaks {
    double array_A = 0;
    double machine_A = 0;
  };
  [[nodiscard]] const peaks& state() const { return peaks_; }
  /// After a resume.
  void set_state(const peaks& state) { peaks_ = state; }

private:
  struct change {
    femtoseconds time;
    double current_A = 0; ///< negative: an update ends
  };
  std::vector<change> changes_; ///< of the step
  peaks peaks_;
};

} // namespace tilework
