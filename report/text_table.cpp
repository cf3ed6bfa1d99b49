// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/text_table.h>

#include <algorithm>
#include <numeric>

namespace tilework::report {
namespace {

/// Code points of UTF-8 text: continuation bytes do not count.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string fill(width - width_of(text), ' ');
  return left ? text + fill : fill + text;
}

} // namespace

std::string text_table::str(std::size_t indent) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_)
    for (std::size_t c = 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], width_of(row[c]));
  constexpr std::size_t gap = 2;
  const std::size_t total = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  const std::string margin(indent, ' ');

  std::string text;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    if (std::ranges::find(rules_, r) != rules_.end()) {
      text += margin;
      for (std::size_t i = 0; i < total; ++i)
        text += "─";
      text += '\n';
    }
    std::string line = margin;
    for (std::size_t c = 0; c < rows_[r].size(); ++c) {
      if (c > 0)
        line.append(gap, ' ');
      line += padded(rows_[r][c], widths[c], c == 0);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

} // namespace tilework::report
