// SPDX-License-Identifier: Apache-2.0
/// \file Time and energy model of the multi-tile Tiki-Taka study (Gallo & del Alamo, repository
/// ijgallo/Multi_Tile_TikiTaka): MNIST, 784-256-128-10. Closed forms recovered from its tables, constants of its
/// energy.json. Times in us, energies in pJ unless named otherwise.
#pragma once

#include <array>
#include <cstddef>

namespace tilework::test::study {

inline constexpr double product_us = 0.175;
inline constexpr double slot_us = 0.005;
inline constexpr double samples = 60000;
inline constexpr double batches = 938;
inline constexpr double inputs = 1168; ///< of all layers together
inline constexpr double outputs = 394;
inline constexpr std::size_t layers = 3;

/// Of one epoch. `copies` share products, `update_copies` updates (1: all samples pass one fast array in series).
constexpr double epoch_us(double copies, double slots, double update_copies) {
  return layers * samples * 2 * product_us / copies + layers * samples * slots * slot_us / update_copies +
         layers * batches * (product_us + slot_us);
}

/// Weight reads for averaging, spread over a run. Twice what they take: the study doubles every forward row.
constexpr double weight_reads_us(double epochs_of_run) {
  return 5 * inputs * 2 * product_us / epochs_of_run;
}

struct layer {
  double inputs, outputs;
  double forward, backward; ///< one product
  double row_lines, column_lines, all_cells;
  double column_of_cells; ///< one line of a transfer write

  /// One slot of an update: both lines of a quarter of the cells are active.
  [[nodiscard]] constexpr double slot() const { return row_lines + column_lines + 0.25 * all_cells; }
  [[nodiscard]] constexpr double write() const { return 1.43 + column_lines + column_of_cells; }
  [[nodiscard]] constexpr double read() const { return 0.85 * forward; }
  /// The study has one price for a transfer, read and write together, and charges it for either.
  [[nodiscard]] constexpr double transfer() const { return read() + write(); }
};

inline constexpr std::array<layer, layers> prices{layer{784, 256, 2554.36, 14026.40, 599.70, 359.46, 182439.93, 232.70},
                                                  layer{256, 128, 1185.88, 2318.04, 158.95, 101.74, 29786.11, 116.35},
                                                  layer{128, 10, 94.93, 1137.41, 63.24, 8.60, 1175.04, 9.18}};

/// One read of all weights of one copy, a product per input line.
constexpr double weight_read() {
  double sum = 0;
  for (const auto& l : prices)
    sum += l.inputs * l.forward;
  return sum;
}

} // namespace tilework::test::study
