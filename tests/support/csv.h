// SPDX-License-Identifier: Apache-2.0
/// \file Reading of CSV files in tests.
#pragma once

#include <cstddef>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace tilework::test {

/// One line of a CSV file, by column name.
using csv_row = std::map<std::string, std::string>;

/// Cells of one line; commas inside double quotes belong to the cell.
inline std::vector<std::string> split_csv(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else if (c != '\r')
      cells.back() += c;
  }
  return cells;
}

/// All lines below the header line.
/// \throws std::runtime_error if the file cannot be read or a line has fewer cells than the header
inline std::vector<csv_row> read_csv(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line))
    throw std::runtime_error("cannot read " + path);
  const auto names = split_csv(line);
  std::vector<csv_row> rows;
  while (std::getline(in, line)) {
    const auto cells = split_csv(line);
    if (cells.size() < names.size())
      throw std::runtime_error(path + ": line " + std::to_string(rows.size() + 2) + " is too short");
    csv_row r;
    for (std::size_t c = 0; c < names.size(); ++c)
      r[names[c]] = cells[c];
    rows.push_back(std::move(r));
  }
  return rows;
}

inline double number(const csv_row& r, const std::string& column) {
  return std::stod(r.at(column));
}

} // namespace tilework::test
