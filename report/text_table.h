// SPDX-License-Identifier: Apache-2.0
/// \file Tables for the terminal.
#pragma once

#include <string>
#include <vector>

namespace tilework::report {

/// Columns as wide as their widest cell (in code points); the first is left-aligned, the others right-aligned.
class text_table {
public:
  explicit text_table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// A rule above the next row.
  void rule() { rules_.push_back(rows_.size()); }
  /// \param indent blanks before every line
  [[nodiscard]] std::string str(std::size_t indent = 2) const;

private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> rules_{1};
};

} // namespace tilework::report
