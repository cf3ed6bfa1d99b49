// SPDX-License-Identifier: Apache-2.0
/// \file Measured potentiation and depression curves as CSV files; docs/devices.md describes the columns.
#pragma once

#include <tilework/physics/devices/curve_fit.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tilework::catalog {

/// The content of a curve file.
struct measured_curve {
  std::vector<physics::measured_device> devices; ///< in the order in which they appear
  bool is_conductance = false;                   ///< else dimensionless weights
};

/// \throws input_error "file:line:0: ..." for what cannot be opened or is malformed
measured_curve read_curve(const std::filesystem::path& file);

/// A curve and the device that was fitted to it.
struct fitted_curve {
  std::filesystem::path file;
  measured_curve curve;
  physics::curve_fit fit;

  /// One line for people: the file, the model, how well it fits.
  [[nodiscard]] std::string summary() const;
};

} // namespace tilework::catalog
