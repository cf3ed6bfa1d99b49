// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>
#include <tilework/platforms/accelergy_tables.h>
#include <tilework/platforms/technology_file.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

namespace tilework::platform {
namespace {

using config::node_kind;
using config::reader;

constexpr field not_negative{.minimum = 0};
constexpr field positive{.minimum = 0, .open_minimum = true};

/// Names of all values of an enumeration that counts from 0.
template <typename E>
std::vector<std::string> all_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i)
    names.emplace_back(name_of(static_cast<E>(i)));
  return names;
}

action parse_action(const reader& r, std::string_view key, const std::string& name) {
  if (const auto a = action_from(name))
    return *a;
  throw r.error(key, fmt::format("unknown action '{}'; {}", name, suggestion(name, all_names<action>(action_count))));
}

component_kind parse_kind(const reader& r, std::string_view key, const std::string& name) {
  if (const auto kind = component_kind_from(name))
    return *kind;
  throw r.error(key, fmt::format("unknown component '{}'; {}", name,
                                 suggestion(name, all_names<component_kind>(component_kind_count))));
}

/// One word or a list of words, at least one.
std::vector<std::string> read_words(reader& r, std::string_view key) {
  auto words =
      r.kind(key) == node_kind::list ? r.get_list<std::string>(key, {}) : std::vector{r.require<std::string>(key)};
  if (words.empty())
    throw r.error(key, "expected at least one name");
  return words;
}

scaled_law read_scaled(reader& law, dimension d) {
  scaled_law scaled;
  scaled.value = law.require_quantity("scaled", d, not_negative);
  scaled.from_m = law.require_quantity("from", dimension::length, positive);
  scaled.to_m = law.require_quantity("to", dimension::length, positive);
  scaled.rule = law.require<scaling_rule>("rule");
  if (d == dimension::power)
    throw law.error("scaled", "leakage is not scaled between process nodes: it depends on threshold voltages");
  if (!is_one_node_step(scaled.from_m, scaled.to_m))
    throw law.error("to", fmt::format("more than one node step away from {}: no rule is right over that distance; take "
                                      "the figure as it is, or one of a nearer node",
                                      format_quantity(scaled.from_m, dimension::length)));
  return scaled;
}

price_law read_law(reader& r, dimension d) {
  if (r.kind("value") != node_kind::map)
    return r.require_quantity("value", d, not_negative);
  auto law = r.child("value");
  if (law.has("formula")) {
    const auto name = law.require<formula>("formula");
    return formula_law{name, law.find_quantity("node", dimension::length).value_or(0),
                       law.get("factor", 1.0, not_negative)};
  }
  if (law.has("per_flit_bit"))
    return flit_bit_law{law.require_quantity("per_flit_bit", d, not_negative)};
  if (law.has("per_area"))
    return area_law{law.require_quantity("per_area", dimension::power_density, not_negative)};
  if (law.has("scaled"))
    return read_scaled(law, d);
  number_format_law formats;
  for (const auto& format : law.keys())
    formats.values.emplace_back(format, law.require_quantity(format, d, not_negative));
  if (formats.values.empty())
    throw r.error("value", "expected a quantity, {formula: ...}, {per_flit_bit: ...}, {per_area: ...}, "
                           "{scaled: ..., from: ..., to: ..., rule: ...} or a quantity per number format");
  return formats;
}

/// \param law of the entry
provenance provenance_of(reader& r, const price_law& law, const std::string& known_source = {}) {
  auto origin = read_provenance(r, known_source);
  if (origin.trust != confidence::low && std::holds_alternative<scaled_law>(law))
    throw r.error("confidence", "a figure that is scaled from another process node has confidence low");
  return origin;
}

/// What an entry costs and, if the entry need not say so, whose figure it is.
struct entry_value {
  price_law law;
  std::string source;
};
using value_reader = std::function<entry_value(reader&)>;

void read_energy(reader r, const value_reader& read_value, std::vector<energy_price>& prices) {
  energy_price price;
  std::vector<action> covers;
  const auto words = read_words(r, "covers");
  for (const auto& word : words)
    covers.push_back(parse_action(r, "covers", word));
  price.name = r.get("name", fmt::format("{}", fmt::join(words, "+")));
  const auto [law, source] = read_value(r);
  price.value = law;
  price.origin = provenance_of(r, law, source);

  if (covers.size() > 1 && !r.has("per"))
    throw r.error("covers", "a price that covers several actions needs 'per: ACTION' (which one it is charged on) or "
                            "'per: each'");
  const auto per = r.get("per", words.front());
  if (per == "each") {
    for (auto a : covers) {
      price.covers = {a};
      price.per = a;
      prices.push_back(price);
    }
    return;
  }
  price.per = parse_action(r, "per", per);
  if (std::ranges::find(covers, price.per) == covers.end())
    throw r.error("per", fmt::format("'{}' must be one of the covered actions: {}", per, fmt::join(words, ", ")));
  price.covers = std::move(covers);
  prices.push_back(std::move(price));
}

void read_units(reader r, const value_reader& read_value, std::vector<unit_price>& prices) {
  std::vector<component_kind> kinds;
  const auto words = read_words(r, "of");
  for (const auto& word : words)
    kinds.push_back(parse_kind(r, "of", word));
  const auto name = r.get("name", fmt::format("{}", fmt::join(words, "+")));
  const auto [law, source] = read_value(r);
  const auto origin = provenance_of(r, law, source);
  for (auto kind : kinds)
    prices.push_back({kind, law, origin, name});
}

value_reader own_values(dimension d) {
  return [d](reader& r) { return entry_value{read_law(r, d), {}}; };
}

/// Entries whose values stand in tables of Accelergy. What counts once there may be several of the actions here.
void read_accelergy(reader r, technology& tech) {
  const accelergy_tables tables(r);
  const auto value_of = [&](double (accelergy_tables::*look_up)(reader&) const) {
    return [&tables, look_up](reader& entry) {
      const double times = entry.get("times", 1.0, positive);
      return entry_value{times * (tables.*look_up)(entry), accelergy_tables::source_of(entry)};
    };
  };
  for (const auto& entry : r.children("energy"))
    read_energy(entry, value_of(&accelergy_tables::energy_J), tech.energies);
  for (const auto& entry : r.children("area"))
    read_units(entry, value_of(&accelergy_tables::area_m2), tech.areas);
  const auto leakage = value_of(&accelergy_tables::energy_J);
  const auto per_cycle = [&](reader& entry) {
    auto value = leakage(entry);
    value.law = std::get<double>(value.law) / entry.require_quantity("cycle", dimension::time, positive);
    return value;
  };
  for (const auto& entry : r.children("leakage"))
    read_units(entry, per_cycle, tech.leakages);
}

} // namespace

provenance read_provenance(reader& r, const std::string& known_source) {
  provenance origin;
  origin.location = r.where();
  origin.source = known_source.empty() ? r.require<std::string>("source") : r.get("source", known_source);
  if (origin.source.empty())
    throw r.error("source", "expected where the figure comes from, got nothing");
  origin.node = r.get("node", "");
  origin.condition = r.get("condition", "");
  origin.basis = r.get("basis", figure_basis::published);
  origin.trust = r.get("confidence", confidence::low);
  if (origin.trust != confidence::low && is_unchecked(origin.basis))
    throw r.error("confidence", "a figure that is secondary or recalled has confidence low until somebody reads it in "
                                "its source");
  origin.includes = r.get_list<std::string>("includes", {});
  return origin;
}

technology read_technology(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  reader r(document);
  technology tech;
  tech.name = r.get("name", file.stem().string());
  r.get("description", "");
  if (r.has("accelergy"))
    read_accelergy(r.child("accelergy"), tech);
  for (const auto& entry : r.children("energy"))
    read_energy(entry, own_values(dimension::energy), tech.energies);
  for (const auto& entry : r.children("area"))
    read_units(entry, own_values(dimension::area), tech.areas);
  for (const auto& entry : r.children("leakage"))
    read_units(entry, own_values(dimension::power), tech.leakages);
  r.finish();
  return tech;
}

technology merged_with_file(technology first, const std::filesystem::path& file, const std::string& place) {
  if (!std::filesystem::exists(file))
    throw input_error(fmt::format("{}: cannot open {}: No such file or directory", place, file.string()));
  return merged(std::move(first), read_technology(file));
}

technology read_technologies(reader& machine) {
  const auto files = machine.get_files("technology");
  if (files.empty())
    throw machine.error("technology", "expected at least one technology file");
  technology tech;
  for (const auto& file : files)
    tech = merged_with_file(std::move(tech), file, machine.where("technology"));
  tech.location = machine.where("technology");
  return tech;
}

} // namespace tilework::platform
