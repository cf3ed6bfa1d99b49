// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/pricing.h>

#include <fmt/format.h>

#include <algorithm>

namespace tilework {
namespace {

template <typename E>
constexpr std::size_t index(E e) {
  return static_cast<std::size_t>(e);
}

/// The price of each action. \throws if an action has two.
std::array<const energy_price*, action_count> coverage(const technology& tech) {
  std::array<const energy_price*, action_count> price_of{};
  for (const auto& price : tech.energies) {
    if (std::ranges::find(price.covers, price.per) == price.covers.end())
      throw input_error(fmt::format("{}: price '{}' is charged per {}, which it does not cover", price.origin.location,
                                    price.name, name_of(price.per)));
    for (auto a : price.covers) {
      auto& slot = price_of.at(index(a));
      if (slot != nullptr)
        throw input_error(fmt::format("{}: {} is covered twice, by price '{}' here and by '{}' at {}",
                                      price.origin.location, name_of(a), price.name, slot->name,
                                      slot->origin.location));
      slot = &price;
    }
  }
  return price_of;
}

const unit_price* find_unit(const std::vector<unit_price>& prices, component_kind kind, std::string_view what) {
  const unit_price* found = nullptr;
  for (const auto& price : prices) {
    if (price.of != kind)
      continue;
    if (found != nullptr)
      throw input_error(fmt::format("{}: {} of {} is given twice, also at {}", price.origin.location, what,
                                    name_of(kind), found->origin.location));
    found = &price;
  }
  return found;
}

/// The machine as a kind of component sees it: a mac_array has a number format of its own.
machine_quantities seen_by(component_kind kind, const machine_quantities& machine) {
  auto seen = machine;
  if (kind == component_kind::mac_array)
    seen.number_format = machine.mac_format;
  return seen;
}

double checked(const std::optional<double>& value, std::string_view what, std::string_view of) {
  if (!value)
    throw input_error(fmt::format("no {} for {} in this price list", what, of));
  return *value;
}

} // namespace

std::vector<component_kind> kinds_of(const ledger& books) {
  std::vector<component_kind> kinds;
  for (std::size_t k = 0; k < component_kind_count; ++k) {
    const auto kind = static_cast<component_kind>(k);
    if (std::ranges::find(books.accounts(), kind, &component_account::kind) != books.accounts().end())
      kinds.push_back(kind);
  }
  return kinds;
}

price_list::price_list(const technology& tech, const machine_quantities& machine,
                       std::span<const component_kind> needed) {
  const auto price_of = coverage(tech);
  const auto performer_in_need = [&](action a) { return std::ranges::find_first_of(performers_of(a), needed); };
  const auto is_needed = [&](action a) { return performer_in_need(a) != performers_of(a).end(); };
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < action_count; ++i) {
    const auto a = static_cast<action>(i);
    if (!is_needed(a))
      continue;
    const auto* price = price_of.at(i);
    if (price == nullptr) {
      missing.push_back(fmt::format("energy of {}.{}", name_of(*performer_in_need(a)), name_of(a)));
      continue;
    }
    if (!is_needed(price->per))
      throw input_error(fmt::format("{}: price '{}' covers {} but is charged per {}, which this machine never counts",
                                    price->origin.location, price->name, name_of(a), name_of(price->per)));
    const auto quantities = seen_by(performers_of(a).front(), machine);
    energies_.at(i) =
        a == price->per ? evaluate(price->value, priced_quantity::energy, quantities, price->origin) : 0.0;
  }
  for (auto kind : needed) {
    const auto* area = find_unit(tech.areas, kind, "the area");
    const auto* leakage = find_unit(tech.leakages, kind, "the leakage");
    if (area == nullptr)
      missing.push_back(fmt::format("area of {}", name_of(kind)));
    if (leakage == nullptr)
      missing.push_back(fmt::format("leakage of {}", name_of(kind)));
    if (area == nullptr || leakage == nullptr)
      continue;
    const auto quantities = seen_by(kind, machine);
    const double unit_area_m2 = evaluate(area->value, priced_quantity::area, quantities, area->origin);
    areas_.at(index(kind)) = unit_area_m2;
    leakages_.at(index(kind)) =
        evaluate(leakage->value, priced_quantity::leakage, quantities, leakage->origin, unit_area_m2);
  }
  if (!missing.empty())
    throw input_error(
        fmt::format("{}technology '{}' has no price for: {}; add them to a technology file, an explicit zero "
                    "with its reason as source if they cost nothing",
                    tech.location.empty() ? "" : tech.location + ": ", tech.name, fmt::join(missing, ", ")));
}

double price_list::energy_J(action a) const {
  return checked(energies_.at(index(a)), "energy", name_of(a));
}
double price_list::area_m2(component_kind kind) const {
  return checked(areas_.at(index(kind)), "area", name_of(kind));
}
double price_list::leakage_W(component_kind kind) const {
  return checked(leakages_.at(index(kind)), "leakage", name_of(kind));
}

cost_sheet price(const ledger& books, const price_list& prices, const std::array<femtoseconds, phase_count>& exposed) {
  cost_sheet sheet;
  for (const auto& account : books.accounts()) {
    component_cost cost{
        .name = account.name, .kind = account.kind, .area_m2 = account.units * prices.area_m2(account.kind)};
    const double leakage_W = account.units * prices.leakage_W(account.kind);
    for (std::size_t p = 0; p < phase_count; ++p) {
      const auto ph = static_cast<phase>(p);
      auto& energy_J = cost.phase_energy_J.at(p);
      const auto book = [&](std::optional<action> what, std::uint64_t count, double row_energy_J) {
        if (count == 0)
          return;
        sheet.rows.push_back({account.name, account.kind, what, ph, count, row_energy_J});
        energy_J += row_energy_J;
      };
      for (std::size_t i = 0; i < action_count; ++i) {
        const auto a = static_cast<action>(i);
        if (const auto count = account.counts.get(ph, a))
          book(a, count, static_cast<double>(count) * prices.energy_J(a));
      }
      const auto time = exposed.at(p);
      book(std::nullopt, static_cast<std::uint64_t>(time.count), leakage_W * time.seconds());
      sheet.phase_energy_J.at(p) += energy_J;
      if (is_training(ph))
        cost.training_energy_J += energy_J;
    }
    sheet.training_energy_J += cost.training_energy_J;
    sheet.area_m2 += cost.area_m2;
    sheet.components.push_back(std::move(cost));
  }
  return sheet;
}

} // namespace tilework
