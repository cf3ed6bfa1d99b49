// SPDX-License-Identifier: Apache-2.0
/// \file Tables for the terminal.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace tilework::report {

/// Columns as wide as their widest cell (in code points); the first is left-aligned, the others right-aligned unless
/// they hold text.
class text_table {
public:
  explicit text_table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// A column of text: left-aligned, its cells wrapped at blanks.
  /// \param width longest line of a cell in bytes, unless a word is longer; 0 = not wrapped
  void text_column(std::size_t column, std::size_t width = 0) { text_columns_[column] = width; }
  /// A rule above the next row.
  void rule() { rules_.push_back(rows_.size()); }
  /// \param indent blanks before every line
  [[nodiscard]] std::string str(std::size_t indent = 2) const;

private:
  using cell_row = std::vector<std::string>;
  /// The lines that a row takes.
  [[nodiscard]] std::vector<cell_row> lines_of(const cell_row& cells) const;

  std::vector<cell_row> rows_;
  std::vector<std::size_t> rules_{1};
  std::map<std::size_t, std::size_t> text_columns_{{0, 0}}; ///< wrapping width of each
};

} // namespace tilework::report
