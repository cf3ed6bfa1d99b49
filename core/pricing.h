// SPDX-License-Identifier: Apache-2.0
/// \file From counts to joules: energy = counts x prices + leakage power x time.
#pragma once

#include <tilework/core/action_counts.h>
#include <tilework/core/femtoseconds.h>
#include <tilework/core/technology.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tilework {

/// The kinds of component that a ledger has accounts of, each once, in the order of component_kind.
std::vector<component_kind> kinds_of(const ledger& books);

/// What one entry of a technology prices in a machine. An entry that gives several actions or kinds one value is one
/// entry here: they are wrong together.
struct price_entry {
  priced_quantity quantity{};
  std::string name;
  std::vector<action> covers;             ///< energies: those that the machine counts
  std::vector<component_kind> components; ///< areas and leakages: those that the machine has
  provenance origin;
  bool follows_area = false;             ///< leakage per area: as uncertain as the area, too
  std::optional<scaled_law> scaled_from; ///< if it was scaled from another process node
};

/// "converter" for an energy, "area of adc", "leakage of sram".
std::string title_of(const price_entry& entry);

/// A technology evaluated for one machine. Every action of every needed kind is covered by exactly one price, and
/// every needed kind has an area and a leakage: nothing is ever free by omission.
class price_list {
public:
  /// \throws input_error naming everything that has no price, or the two prices that cover one action.
  price_list(const technology& tech, const machine_quantities& machine, std::span<const component_kind> needed);

  /// Energy charged for one action; 0 if the action is part of a price that is charged on another one.
  /// \throws input_error if the kind that performs it was not among the needed ones.
  [[nodiscard]] double energy_J(action a) const;
  /// Area of one unit of a kind.
  [[nodiscard]] double area_m2(component_kind kind) const;
  /// Leakage power of one unit of a kind.
  [[nodiscard]] double leakage_W(component_kind kind) const;

  /// What the machine's prices come from; the functions below are indices into it and throw like the ones above.
  [[nodiscard]] std::span<const price_entry> entries() const { return entries_; }
  [[nodiscard]] std::size_t energy_entry(action a) const;
  [[nodiscard]] std::size_t area_entry(component_kind kind) const;
  [[nodiscard]] std::size_t leakage_entry(component_kind kind) const;

private:
  struct figure {
    double value = 0;
    std::size_t entry = 0;
  };
  /// The entry of a price, made on first sight.
  std::size_t entry_of(priced_quantity quantity, const std::string& name, const price_law& law,
                       const provenance& origin);
  void price_kind(component_kind kind, const unit_price& area, const unit_price& leakage,
                  const machine_quantities& machine);

  std::vector<price_entry> entries_;
  std::array<std::optional<figure>, action_count> energies_;
  std::array<std::optional<figure>, component_kind_count> areas_;
  std::array<std::optional<figure>, component_kind_count> leakages_;
};

/// One line of costs.csv.
struct cost_row {
  std::string component;
  component_kind kind{};
  std::optional<action> what; ///< nothing = leakage
  tilework::phase phase{};
  std::uint64_t count = 0; ///< actions; for leakage the phase's exposed time in femtoseconds
  double energy_J = 0;
  std::size_t entry = 0; ///< of the sheet's entries
};

struct component_cost {
  std::string name;
  component_kind kind{};
  double area_m2 = 0;
  std::size_t area_entry = 0; ///< of the sheet's entries
  std::array<double, phase_count> phase_energy_J{};
  double training_energy_J = 0; ///< sum over the training phases
};

/// All sums run in the order of the ledger, phases and actions, so they are the same in every run.
struct cost_sheet {
  std::vector<price_entry> entries; ///< of the price list
  std::vector<cost_row> rows;       ///< without rows of count 0
  std::vector<component_cost> components;
  std::array<double, phase_count> phase_energy_J{};
  double training_energy_J = 0; ///< by definition the sum of the components' training energies, to the last bit
  double area_m2 = 0;           ///< sum of the components' areas
};

/// Prices a run. \param exposed time of each phase; all components leak during all of it.
cost_sheet price(const ledger& books, const price_list& prices, const std::array<femtoseconds, phase_count>& exposed);

/// Sentences for a report: which prices that a run paid nobody checked in their source, and which were scaled.
std::vector<std::string> price_assumptions(const cost_sheet& sheet);
/// Whether a sentence is one of them.
bool is_price_assumption(std::string_view sentence);

} // namespace tilework
