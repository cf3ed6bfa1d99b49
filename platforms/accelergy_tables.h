// SPDX-License-Identifier: Apache-2.0
/// \file Tables that Accelergy writes: energies per action (ERT.yaml, in pJ) and areas (ART.yaml, in um2).
///
///     ERT: {version: 0.4, tables: [{name: system.adc, actions: [{name: convert, arguments: {...}, energy: 1.7}]}]}
///     ART: {version: 0.4, tables: [{name: system.adc, area: 1200}]}
///
/// A name may stand for several components, "system.pe[1..8].mac": figures are those of one of them.
#pragma once

#include <tilework/config/reader.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tilework::platform {

class accelergy_tables {
public:
  /// Reads the files under the keys `ert` and `art`; either may be missing.
  /// \throws input_error with the place in the table that is wrong
  explicit accelergy_tables(config::reader& r);

  /// Energy in J of what an entry names: `component`, `action` and, where the table has several rows, `arguments`.
  /// \throws input_error at the entry, if the table does not have it or has it more than once
  [[nodiscard]] double energy_J(config::reader& entry) const;
  /// Area in m2 of the `component`.
  [[nodiscard]] double area_m2(config::reader& entry) const;
  /// What stands as source of an entry without one.
  [[nodiscard]] static std::string source_of(config::reader& entry);

private:
  struct energy_row {
    std::string action;
    std::map<std::string, std::string> arguments;
    double energy_J = 0;
  };
  void read_energies(const std::filesystem::path& file);
  void read_areas(const std::filesystem::path& file);

  std::map<std::string, std::vector<energy_row>> energies_;
  std::map<std::string, double> areas_;
};

} // namespace tilework::platform
