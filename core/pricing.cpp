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

template <typename Figure>
const Figure& checked(const std::optional<Figure>& figure, std::string_view what, std::string_view of) {
  if (!figure)
    throw input_error(fmt::format("no {} for {} in this price list", what, of));
  return *figure;
}

constexpr std::string_view unchecked_prices = "prices that are known second hand or from memory only: ";
constexpr std::string_view scaled_prices = "prices that are scaled from another process node at constant voltage: ";

template <typename T>
void add_once(std::vector<T>& list, T item) {
  if (std::ranges::find(list, item) == list.end())
    list.push_back(item);
}

/// Which entries some energy or area was charged on.
std::vector<bool> paid_entries(const cost_sheet& sheet) {
  std::vector<bool> paid(sheet.entries.size());
  for (const auto& row : sheet.rows)
    if (row.energy_J > 0)
      paid[row.entry] = true;
  for (const auto& component : sheet.components)
    if (component.area_m2 > 0)
      paid[component.area_entry] = true;
  return paid;
}

/// The titles of paid entries with a property, in quotes.
template <typename Property>
std::string titles_with(const cost_sheet& sheet, Property has) {
  const auto paid = paid_entries(sheet);
  std::string titles;
  for (std::size_t e = 0; e < paid.size(); ++e)
    if (paid[e] && has(sheet.entries[e]))
      titles += fmt::format("{}'{}'", titles.empty() ? "" : ", ", title_of(sheet.entries[e]));
  return titles;
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
    const auto entry = entry_of(priced_quantity::energy, price->name, price->value, price->origin);
    add_once(entries_[entry].covers, a);
    const auto quantities = seen_by(performers_of(a).front(), machine);
    energies_.at(i) = {
        a == price->per ? evaluate(price->value, priced_quantity::energy, quantities, price->origin) : 0.0, entry};
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
    price_kind(kind, *area, *leakage, seen_by(kind, machine));
  }
  if (!missing.empty())
    throw input_error(
        fmt::format("{}technology '{}' has no price for: {}; add them to a technology file, an explicit zero "
                    "with its reason as source if they cost nothing",
                    tech.location.empty() ? "" : tech.location + ": ", tech.name, fmt::join(missing, ", ")));
}

bool is_price_assumption(std::string_view sentence) {
  return sentence.starts_with(unchecked_prices) || sentence.starts_with(scaled_prices);
}

std::size_t price_list::entry_of(priced_quantity quantity, const std::string& name, const price_law& law,
                                 const provenance& origin) {
  const auto found = std::ranges::find_if(entries_, [&](const price_entry& entry) {
    return entry.quantity == quantity && entry.name == name && entry.origin.location == origin.location;
  });
  if (found != entries_.end())
    return static_cast<std::size_t>(found - entries_.begin());
  const auto* scaled = std::get_if<scaled_law>(&law);
  entries_.push_back({quantity,
                      name,
                      {},
                      {},
                      origin,
                      std::holds_alternative<area_law>(law),
                      scaled != nullptr ? std::optional(*scaled) : std::nullopt});
  return entries_.size() - 1;
}

void price_list::price_kind(component_kind kind, const unit_price& area, const unit_price& leakage,
                            const machine_quantities& machine) {
  const auto figure_of = [&](priced_quantity quantity, const unit_price& price, double unit_area_m2) -> figure {
    const auto name = price.name.empty() ? std::string(name_of(kind)) : price.name;
    const auto entry = entry_of(quantity, name, price.value, price.origin);
    add_once(entries_[entry].components, kind);
    return {evaluate(price.value, quantity, machine, price.origin, unit_area_m2), entry};
  };
  areas_.at(index(kind)) = figure_of(priced_quantity::area, area, 0);
  leakages_.at(index(kind)) = figure_of(priced_quantity::leakage, leakage, areas_.at(index(kind))->value);
}

double price_list::energy_J(action a) const {
  return checked(energies_.at(index(a)), "energy", name_of(a)).value;
}
double price_list::area_m2(component_kind kind) const {
  return checked(areas_.at(index(kind)), "area", name_of(kind)).value;
}
double price_list::leakage_W(component_kind kind) const {
  return checked(leakages_.at(index(kind)), "leakage", name_of(kind)).value;
}
std::size_t price_list::energy_entry(action a) const {
  return checked(energies_.at(index(a)), "energy", name_of(a)).entry;
}
std::size_t price_list::area_entry(component_kind kind) const {
  return checked(areas_.at(index(kind)), "area", name_of(kind)).entry;
}
std::size_t price_list::leakage_entry(component_kind kind) const {
  return checked(leakages_.at(index(kind)), "leakage", name_of(kind)).entry;
}

std::string title_of(const price_entry& entry) {
  switch (entry.quantity) {
  case priced_quantity::energy:
    return entry.name;
  case priced_quantity::area:
    return "area of " + entry.name;
  case priced_quantity::leakage:
    return "leakage of " + entry.name;
  }
  return entry.name;
}

std::vector<std::string> price_assumptions(const cost_sheet& sheet) {
  std::vector<std::string> sentences;
  const auto unchecked = titles_with(sheet, [](const price_entry& e) { return is_unchecked(e.origin.basis); });
  if (!unchecked.empty())
    sentences.push_back(std::string(unchecked_prices) + unchecked);
  const auto scaled = titles_with(sheet, [](const price_entry& e) { return e.scaled_from.has_value(); });
  if (!scaled.empty())
    sentences.push_back(std::string(scaled_prices) + scaled);
  return sentences;
}

cost_sheet price(const ledger& books, const price_list& prices, const std::array<femtoseconds, phase_count>& exposed) {
  cost_sheet sheet;
  sheet.entries.assign(prices.entries().begin(), prices.entries().end());
  for (const auto& account : books.accounts()) {
    component_cost cost{.name = account.name,
                        .kind = account.kind,
                        .area_m2 = account.units * prices.area_m2(account.kind),
                        .area_entry = prices.area_entry(account.kind)};
    const double leakage_W = account.units * prices.leakage_W(account.kind);
    for (std::size_t p = 0; p < phase_count; ++p) {
      const auto ph = static_cast<phase>(p);
      auto& energy_J = cost.phase_energy_J.at(p);
      const auto book = [&](std::optional<action> what, std::uint64_t count, double row_energy_J, std::size_t entry) {
        if (count == 0)
          return;
        sheet.rows.push_back({account.name, account.kind, what, ph, count, row_energy_J, entry});
        energy_J += row_energy_J;
      };
      for (std::size_t i = 0; i < action_count; ++i) {
        const auto a = static_cast<action>(i);
        if (const auto count = account.counts.get(ph, a))
          book(a, count, static_cast<double>(count) * prices.energy_J(a), prices.energy_entry(a));
      }
      const auto time = exposed.at(p);
      book(std::nullopt, static_cast<std::uint64_t>(time.count), leakage_W * time.seconds(),
           prices.leakage_entry(account.kind));
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
