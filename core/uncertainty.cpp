// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/uncertainty.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework {
namespace {

constexpr std::size_t draws = 4096;
constexpr double two_sided_90_percent = 1.6448536269514722; ///< quantile of the standard normal law at 95 %
constexpr std::size_t none = static_cast<std::size_t>(-1);

double log_deviation(const price_entry& entry) {
  return std::log(spread_of(entry.origin.trust)) / two_sided_90_percent;
}

/// What an entry is, wherever its file lies: 64-bit FNV-1a.
std::uint64_t identity_of(const price_entry& entry) {
  constexpr std::uint64_t offset = 0xcbf29ce484222325U;
  constexpr std::uint64_t prime = 0x100000001b3U;
  std::uint64_t hash = (offset ^ static_cast<std::uint64_t>(entry.quantity)) * prime;
  for (const std::string_view text : {std::string_view(entry.name), std::string_view(entry.origin.source)}) {
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

factors factors_of(const price_entry& entry) {
  const auto stream = identity_of(entry);
  const double sigma = log_deviation(entry);
  factors f(draws);
  for (std::size_t i = 0; i < draws; i += 2) {
    const auto [first, second] = random_normals(stream, i / 2);
    f[i] = std::exp(sigma * first);
    f[i + 1] = std::exp(sigma * second);
  }
  return f;
}

/// A total as a sum over what one entry, or leakage per area and the area, decide.
class decomposed {
public:
  explicit decomposed(const cost_sheet& sheet) : sheet_(sheet) {}

  void add(double amount, std::size_t entry, std::size_t with = none) {
    if (amount > 0)
      terms_[{entry, with}] += amount;
  }

  /// The total in every draw.
  [[nodiscard]] std::vector<double> drawn() const {
    std::map<std::size_t, factors> of_entry;
    for (const auto& [entries, amount] : terms_)
      for (const auto e : {entries.first, entries.second})
        if (e != none && !of_entry.contains(e))
          of_entry.emplace(e, factors_of(sheet_.entries.at(e)));
    std::vector<double> totals(draws);
    for (const auto& [entries, amount] : terms_) {
      const auto& first = of_entry.at(entries.first);
      const auto* second = entries.second == none ? nullptr : &of_entry.at(entries.second);
      for (std::size_t i = 0; i < draws; ++i)
        totals[i] += amount * first[i] * (second == nullptr ? 1.0 : (*second)[i]);
    }
    return totals;
  }

  /// The entry that adds most to the variance of the total's logarithm, with its share, to first order.
  [[nodiscard]] std::pair<std::string, double> largest() const {
    std::map<std::size_t, double> amounts;
    for (const auto& [entries, amount] : terms_)
      for (const auto e : {entries.first, entries.second})
        if (e != none)
          amounts[e] += amount;
    double sum = 0;
    double most = 0;
    std::size_t who = none;
    for (const auto& [e, amount] : amounts) {
      const double variance = std::pow(amount * log_deviation(sheet_.entries.at(e)), 2);
      sum += variance;
      if (variance > most) {
        most = variance;
        who = e;
      }
    }
    return who == none ? std::pair(std::string{}, 0.0) : std::pair(title_of(sheet_.entries[who]), most / sum);
  }

private:
  const cost_sheet& sheet_;
  std::map<std::pair<std::size_t, std::size_t>, double> terms_;
};

decomposed training_energy(const cost_sheet& sheet) {
  std::array<std::size_t, component_kind_count> area_entry{};
  for (const auto& component : sheet.components)
    area_entry.at(static_cast<std::size_t>(component.kind)) = component.area_entry;
  decomposed energy(sheet);
  for (const auto& row : sheet.rows)
    if (is_training(row.phase)) {
      const bool with_area = sheet.entries.at(row.entry).follows_area;
      energy.add(row.energy_J, row.entry, with_area ? area_entry.at(static_cast<std::size_t>(row.kind)) : none);
    }
  return energy;
}

decomposed area(const cost_sheet& sheet) {
  decomposed total(sheet);
  for (const auto& component : sheet.components)
    total.add(component.area_m2, component.area_entry);
  return total;
}

interval range_of(std::vector<double> values) {
  const auto at = [&](double share) {
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
  };
  constexpr double tail = 0.05;
  return {at(tail), at(1 - tail)};
}

uncertain_total total_of(double value, const decomposed& parts) {
  const auto [largest, share] = parts.largest();
  return {value, range_of(parts.drawn()), largest, share};
}

uncertain_ratio ratio_of(double first, double second, const decomposed& first_parts, const decomposed& second_parts) {
  if (!(second > 0))
    return {};
  const auto over = first_parts.drawn();
  const auto under = second_parts.drawn();
  std::vector<double> ratios(draws);
  std::size_t survived = 0;
  for (std::size_t i = 0; i < draws; ++i) {
    ratios[i] = over[i] / under[i];
    if (first <= second ? over[i] <= under[i] : over[i] >= under[i])
      ++survived;
  }
  return {first / second, range_of(std::move(ratios)), static_cast<double>(survived) / draws};
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

cost_uncertainty uncertainty_of(const cost_sheet& sheet) {
  return {total_of(sheet.training_energy_J, training_energy(sheet)), total_of(sheet.area_m2, area(sheet))};
}

cost_comparison compare(const cost_sheet& first, const cost_sheet& second) {
  return {ratio_of(first.training_energy_J, second.training_energy_J, training_energy(first), training_energy(second)),
          ratio_of(first.area_m2, second.area_m2, area(first), area(second))};
}

} // namespace tilework
