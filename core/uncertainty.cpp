// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/uncertainty.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numbers>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework {
namespace {

constexpr std::size_t draws = 4096;
constexpr double two_sided_90_percent = 1.6448536269514722; ///< quantile of the standard normal law at 95 %

double log_deviation(const price_identity& price) {
  return std::log(spread_of(price.trust)) / two_sided_90_percent;
}

/// 64-bit FNV-1a.
std::uint64_t number_of(const price_identity& price) {
  constexpr std::uint64_t offset = 0xcbf29ce484222325U;
  constexpr std::uint64_t prime = 0x100000001b3U;
  std::uint64_t hash = offset;
  for (const std::string_view text : {std::string_view(price.title), std::string_view(price.source)}) {
    for (const char c : text)
      hash = (hash ^ static_cast<unsigned char>(c)) * prime;
    hash = (hash ^ 0xFFU) * prime; // so that "ab" + "c" is not "a" + "bc"
  }
  return hash;
}

/// Number `i` of a stream: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
std::uint64_t random_bits(std::uint64_t stream, std::uint64_t i) {
  std::uint64_t z = stream + (i + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

/// Normal numbers 2 `i` and 2 `i` + 1 of a stream, by Box and Muller.
std::pair<double, double> random_normals(std::uint64_t stream, std::uint64_t i) {
  const double u = (static_cast<double>(random_bits(stream, 2 * i) >> 11U) + 1) * 0x1p-53;
  const double v = static_cast<double>(random_bits(stream, 2 * i + 1) >> 11U) * 0x1p-53;
  const double length = std::sqrt(-2 * std::log(u));
  const double angle = 2 * std::numbers::pi * v;
  return {length * std::cos(angle), length * std::sin(angle)};
}

using factors = std::vector<double>; ///< one per draw

factors factors_of(const price_identity& price) {
  const auto stream = number_of(price);
  const double sigma = log_deviation(price);
  factors f(draws);
  for (std::size_t i = 0; i < draws; i += 2) {
    const auto [first, second] = random_normals(stream, i / 2);
    f[i] = std::exp(sigma * first);
    f[i + 1] = std::exp(sigma * second);
  }
  return f;
}

/// The total in every draw.
std::vector<double> drawn(std::span<const priced_part> parts) {
  std::map<price_identity, factors> known;
  const auto factors_for = [&](const price_identity& price) -> const factors& {
    auto found = known.find(price);
    if (found == known.end())
      found = known.emplace(price, factors_of(price)).first;
    return found->second;
  };
  std::vector<double> totals(draws);
  for (const auto& part : parts) {
    const auto& first = factors_for(part.price);
    const auto* second = part.area ? &factors_for(*part.area) : nullptr;
    for (std::size_t i = 0; i < draws; ++i)
      totals[i] += part.amount * first[i] * (second == nullptr ? 1.0 : (*second)[i]);
  }
  return totals;
}

/// The price that adds most to the variance of the total's logarithm, with its share, to first order.
std::pair<std::string, double> largest_of(std::span<const priced_part> parts) {
  std::map<price_identity, double> amounts;
  for (const auto& part : parts) {
    amounts[part.price] += part.amount;
    if (part.area)
      amounts[*part.area] += part.amount;
  }
  double sum = 0;
  double most = 0;
  std::string who;
  for (const auto& [price, amount] : amounts) {
    const double variance = std::pow(amount * log_deviation(price), 2);
    sum += variance;
    if (variance > most) {
      most = variance;
      who = price.title;
    }
  }
  return {who, most > 0 ? most / sum : 0};
}

double sum_of(std::span<const priced_part> parts) {
  double sum = 0;
  for (const auto& part : parts)
    sum += part.amount;
  return sum;
}

price_identity identity_of(const price_entry& entry) {
  return {title_of(entry), entry.origin.source, entry.origin.trust, entry.origin.basis};
}

/// Sums by entry and, where that matters, by the entry of the area.
class part_sums {
public:
  explicit part_sums(const cost_sheet& sheet) : sheet_(sheet) {}
  void add(double amount, std::size_t entry, std::optional<std::size_t> area = {}) {
    if (amount > 0)
      sums_[{entry, area}] += amount;
  }
  [[nodiscard]] std::vector<priced_part> parts() const {
    std::vector<priced_part> list;
    for (const auto& [entries, amount] : sums_) {
      auto& part = list.emplace_back(priced_part{identity_of(sheet_.entries.at(entries.first)), {}, amount});
      if (entries.second)
        part.area = identity_of(sheet_.entries.at(*entries.second));
    }
    return list;
  }

private:
  const cost_sheet& sheet_;
  std::map<std::pair<std::size_t, std::optional<std::size_t>>, double> sums_;
};

interval range_of(std::vector<double> values) {
  const auto at = [&](double share) {
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
  };
  constexpr double tail = 0.05;
  return {at(tail), at(1 - tail)};
}

uncertain_total total_of(double value, std::span<const priced_part> parts) {
  const auto [largest, share] = largest_of(parts);
  return {value, range_of(drawn(parts)), largest, share};
}

} // namespace

double spread_of(confidence trust) {
  switch (trust) {
  case confidence::high:
    return 1.2;
  case confidence::medium:
    return 2;
  case confidence::low:
    break;
  }
  return 5;
}

std::vector<priced_part> energy_parts(const cost_sheet& sheet) {
  std::array<std::size_t, component_kind_count> area_entry{};
  for (const auto& component : sheet.components)
    area_entry.at(static_cast<std::size_t>(component.kind)) = component.area_entry;
  part_sums sums(sheet);
  for (const auto& row : sheet.rows) {
    if (!is_training(row.phase))
      continue;
    if (sheet.entries.at(row.entry).follows_area)
      sums.add(row.energy_J, row.entry, area_entry.at(static_cast<std::size_t>(row.kind)));
    else
      sums.add(row.energy_J, row.entry);
  }
  return sums.parts();
}

std::vector<priced_part> area_parts(const cost_sheet& sheet) {
  part_sums sums(sheet);
  for (const auto& component : sheet.components)
    sums.add(component.area_m2, component.area_entry);
  return sums.parts();
}

cost_uncertainty uncertainty_of(const cost_sheet& sheet) {
  return {total_of(sheet.training_energy_J, energy_parts(sheet)), total_of(sheet.area_m2, area_parts(sheet))};
}

uncertain_ratio ratio_of(std::span<const priced_part> first, std::span<const priced_part> second) {
  const double over_sum = sum_of(first);
  const double under_sum = sum_of(second);
  if (!(under_sum > 0))
    return {};
  const auto over = drawn(first);
  const auto under = drawn(second);
  std::vector<double> ratios(draws);
  std::size_t survived = 0;
  for (std::size_t i = 0; i < draws; ++i) {
    ratios[i] = over[i] / under[i];
    if (over_sum <= under_sum ? over[i] <= under[i] : over[i] >= under[i])
      ++survived;
  }
  return {over_sum / under_sum, range_of(std::move(ratios)), static_cast<double>(survived) / draws};
}

} // namespace tilework
