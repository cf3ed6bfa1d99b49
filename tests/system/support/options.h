// SPDX-License-Identifier: Apache-2.0
/// \file Command lines in pieces that add up.
#pragma once

#include <string>
#include <vector>

namespace tilework::test {

using options = std::vector<std::string>;

inline options operator+(options a, const options& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// "--set" before each of them.
inline options set(const options& assignments) {
  options all;
  for (const auto& assignment : assignments)
    all.insert(all.end(), {"--set", assignment});
  return all;
}

} // namespace tilework::test
