// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/nearest_name.h>
#include <tilework/platforms/accelergy_tables.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tilework::platform {
namespace {

using config::reader;

constexpr field not_negative{.minimum = 0};
constexpr double picojoule = 1e-12;
constexpr double square_micrometre = 1e-12;

using arguments = std::map<std::string, std::string>;

arguments read_arguments(reader& r) {
  arguments all;
  if (!r.has("arguments"))
    return all;
  auto given = r.child("arguments");
  for (const auto& key : given.keys())
    all[key] = given.require<std::string>(key);
  return all;
}

/// The table's row of a component. \throws input_error at the entry, with the nearest name
template <typename Table>
const auto& row_of(const Table& table, reader& entry, std::string_view kind) {
  const auto name = entry.require<std::string>("component");
  const auto found = table.find(name);
  if (found == table.end()) {
    std::vector<std::string> names;
    for (const auto& [known, row] : table)
      names.push_back(known);
    throw entry.error("component", names.empty() ? fmt::format("there is no {} to take it from", kind)
                                                 : fmt::format("the {} has no component '{}'; {}", kind, name,
                                                               suggestion(name, names)));
  }
  return found->second;
}

bool has_all(const arguments& row, const arguments& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& argument) {
    const auto found = row.find(argument.first);
    return found != row.end() && found->second == argument.second;
  });
}

} // namespace

accelergy_tables::accelergy_tables(reader& r) {
  if (const auto file = r.find_file("ert"))
    read_energies(*file);
  if (const auto file = r.find_file("art"))
    read_areas(*file);
}

void accelergy_tables::read_energies(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  reader top(document);
  if (!top.has("ERT"))
    throw top.error({}, "expected a table of energies, ERT: {tables: [...]}");
  for (auto table : top.child("ERT").children("tables")) {
    auto& rows = energies_[table.require<std::string>("name")];
    for (auto action : table.children("actions")) {
      const auto name = action.require<std::string>("name");
      auto given = read_arguments(action);
      if (!action.has("energy"))
        throw action.error({}, "energy is missing");
      rows.push_back({name, std::move(given), action.get("energy", 0.0, not_negative) * picojoule});
    }
  }
}

void accelergy_tables::read_areas(const std::filesystem::path& file) {
  const auto document = config::document::load(file);
  reader top(document);
  if (!top.has("ART"))
    throw top.error({}, "expected a table of areas, ART: {tables: [...]}");
  for (auto table : top.child("ART").children("tables")) {
    const auto name = table.require<std::string>("name");
    if (!table.has("area"))
      throw table.error({}, "area is missing");
    areas_[name] = table.get("area", 0.0, not_negative) * square_micrometre;
  }
}

double accelergy_tables::energy_J(reader& entry) const {
  const auto& rows = row_of(energies_, entry, "ERT");
  const auto action = entry.require<std::string>("action");
  const auto wanted = read_arguments(entry);
  std::set<std::string> actions;
  std::vector<const energy_row*> of_action;
  std::vector<const energy_row*> chosen;
  for (const auto& row : rows) {
    actions.insert(row.action);
    if (row.action != action)
      continue;
    of_action.push_back(&row);
    if (has_all(row.arguments, wanted))
      chosen.push_back(&row);
  }
  if (of_action.empty())
    throw entry.error(
        "action", fmt::format("the ERT has no action '{}' of this component; {}", action, suggestion(action, actions)));
  if (chosen.size() == 1)
    return chosen.front()->energy_J;
  std::vector<std::string> keys;
  for (const auto& [key, value] : of_action.front()->arguments)
    keys.push_back(key);
  throw entry.error(chosen.empty() ? "arguments" : "action",
                    fmt::format("{} of the {} rows of '{}' in the ERT {}; choose one with arguments: {{{}: ...}}",
                                chosen.size(), of_action.size(), action, wanted.empty() ? "are possible" : "match",
                                fmt::join(keys, ": ..., ")));
}

double accelergy_tables::area_m2(reader& entry) const {
  return row_of(areas_, entry, "ART");
}

std::string accelergy_tables::source_of(reader& entry) {
  const auto component = entry.require<std::string>("component");
  return entry.has("action") ? fmt::format("Accelergy ERT, {} of {}", entry.require<std::string>("action"), component)
                             : fmt::format("Accelergy ART, {}", component);
}

} // namespace tilework::platform
