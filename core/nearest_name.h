// SPDX-License-Identifier: Apache-2.0
/// \file "did you mean ...?" for misspelt names.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tilework {

/// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other
/// (Damerau-Levenshtein, optimal string alignment).
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * columns);
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      auto& here = cost[i * columns + j];
      if (i == 0 || j == 0) {
        here = i + j;
        continue;
      }
      const std::size_t substituted = cost[(i - 1) * columns + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      here = std::min({cost[(i - 1) * columns + j] + 1, cost[i * columns + j - 1] + 1, substituted});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        here = std::min(here, cost[(i - 2) * columns + j - 2] + 1);
    }
  return cost.back();
}

/// The most similar candidate, or empty if none is near (more than a third of the letters differ).
template <typename Candidates>
std::string nearest_name(std::string_view name, const Candidates& candidates) {
  std::string best;
  std::size_t best_distance = (name.size() < 2 ? 0 : std::max<std::size_t>(1, name.size() / 3)) + 1;
  for (const auto& candidate : candidates)
    if (const auto distance = edit_distance(name, candidate); distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  return best;
}

/// "did you mean 'x'? allowed: x, y, z", without the question if no candidate is near.
template <typename Candidates>
std::string suggestion(std::string_view name, const Candidates& candidates) {
  const auto nearest = nearest_name(name, candidates);
  std::string text = nearest.empty() ? "" : "did you mean '" + nearest + "'? ";
  text += "allowed: ";
  bool first = true;
  for (const auto& candidate : candidates) {
    if (!first)
      text += ", ";
    text += candidate;
    first = false;
  }
  return text;
}

} // namespace tilework
