// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/nearest_name.h>
#include <tilework/platforms/bill_of_materials.h>
#include <tilework/platforms/technology_file.h>

#include <fmt/format.h>

namespace tilework::platform {
namespace {

constexpr field positive{.minimum = 0, .open_minimum = true};
constexpr field not_negative{.minimum = 0};
constexpr double ops_per_mac = 2;

void add(bill_part& sum, const bill_part& part) {
  sum.power_W += part.count * part.power_W;
  sum.area_m2 += part.count * part.area_m2;
  sum.energy_J += part.count * part.energy_J;
  sum.macs += part.count * part.macs;
}

bill_part read_part(config::reader r);

void read_parts(config::reader& r, bill_part& sum) {
  for (const auto& entry : r.children("parts")) {
    sum.parts.push_back(read_part(entry));
    add(sum, sum.parts.back());
  }
}

bill_part read_part(config::reader r) {
  bill_part part;
  part.name = r.require<std::string>("name");
  part.count = r.get("count", part.count, {.minimum = 1, .maximum = 1e9});
  if (r.has("parts")) {
    read_parts(r, part);
    return part;
  }
  part.power_W = r.find_quantity("power", dimension::power, not_negative).value_or(0);
  part.area_m2 = r.find_quantity("area", dimension::area, not_negative).value_or(0);
  part.energy_J = r.find_quantity("energy", dimension::energy, not_negative).value_or(0);
  part.macs = r.find<std::uint64_t>("macs", {.minimum = 0, .maximum = 1e15}).value_or(0);
  part.origin = read_provenance(r);
  return part;
}

const bill_part* find(const bill_part& part, std::string_view name) {
  if (part.name == name)
    return &part;
  for (const auto& inner : part.parts)
    if (const auto* found = find(inner, name))
      return found;
  return nullptr;
}

void list_names(const bill_part& part, std::vector<std::string>& names) {
  names.push_back(part.name);
  for (const auto& inner : part.parts)
    list_names(inner, names);
}

std::optional<double> ratio(double above, double below) {
  return above > 0 && below > 0 ? std::optional(above / below) : std::nullopt;
}

std::optional<double> known(double value) {
  return value > 0 ? std::optional(value) : std::nullopt;
}

} // namespace

bill_of_materials read_bill(config::reader& r) {
  bill_of_materials bill;
  bill.whole.name = r.require<std::string>("name");
  bill.period_s = r.find_quantity("period", dimension::time, positive).value_or(0);
  read_parts(r, bill.whole);
  if (bill.whole.parts.empty())
    throw r.error("parts", "expected at least one part");
  if (bill.period_s == 0 && (bill.whole.energy_J > 0 || bill.whole.macs > 0))
    throw r.error("parts", "parts that state energy or macs need a 'period' that these are of");
  bill.published = read_published(r);
  return bill;
}

std::optional<double> value_of(const bill_of_materials& bill, const bill_part& part, quantity q) {
  const double power_W = part.power_W + (part.energy_J > 0 ? part.energy_J / bill.period_s : 0);
  const double ops_per_s = part.macs > 0 ? ops_per_mac * static_cast<double>(part.macs) / bill.period_s : 0;
  switch (q) {
  case quantity::power:
    return known(power_W);
  case quantity::area:
    return known(part.area_m2);
  case quantity::throughput:
    return known(ops_per_s);
  case quantity::efficiency:
    return ratio(ops_per_s, power_W);
  case quantity::density:
    return ratio(ops_per_s, part.area_m2);
  case quantity::energy:
    return known(power_W * bill.period_s);
  case quantity::energy_per_mac:
    return ratio(power_W * bill.period_s, static_cast<double>(part.macs));
  case quantity::time:
  case quantity::sustained_throughput:
  case quantity::leakage:
    break;
  }
  return std::nullopt;
}

double computed(const bill_of_materials& bill, const published_figure& figure) {
  const auto* part = find(bill.whole, figure.of);
  if (part == nullptr) {
    std::vector<std::string> names;
    list_names(bill.whole, names);
    throw input_error(
        fmt::format("{}: of: unknown part '{}'; {}", figure.origin.location, figure.of, suggestion(figure.of, names)));
  }
  if (const auto value = value_of(bill, *part, figure.quantity))
    return *value;
  throw input_error(
      fmt::format("{}: '{}' has no quantity '{}'", figure.origin.location, figure.of, name_of(figure.quantity)));
}

} // namespace tilework::platform
