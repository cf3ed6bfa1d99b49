// SPDX-License-Identifier: Apache-2.0
/// \file How often each value occurred, for samples with very few different values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace tilework::golden {

/// Gives up above three different values.
class value_counts {
public:
  static constexpr std::size_t most = 3;

  void add(float v) {
    if (counts_.size() > most)
      return;
    ++counts_[v];
  }
  [[nodiscard]] bool few() const { return counts_.size() <= most; }
  /// Ascending; meaningful if few().
  [[nodiscard]] const std::map<float, std::uint64_t>& counts() const { return counts_; }

private:
  std::map<float, std::uint64_t> counts_;
};

} // namespace tilework::golden
