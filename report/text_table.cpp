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

/// Lines of a text that is broken at blanks.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines{""};
  for (std::size_t first = 0; first < text.size();) {
    const auto blank = std::min(text.find(' ', first), text.size());
    const auto word = text.substr(first, blank - first);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    first = blank + 1;
  }
  return lines;
}

} // namespace

std::vector<text_table::cell_row> text_table::lines_of(const cell_row& cells) const {
  std::vector<cell_row> lines(1, cell_row(cells.size()));
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const auto text = text_columns_.find(c);
    const auto parts =
        text == text_columns_.end() || text->second == 0 ? cell_row{cells[c]} : wrapped(cells[c], text->second);
    lines.resize(std::max(lines.size(), parts.size()), cell_row(cells.size()));
    for (std::size_t l = 0; l < parts.size(); ++l)
      lines[l][c] = parts[l];
  }
  return lines;
}

std::string text_table::str(std::size_t indent) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  std::vector<std::vector<cell_row>> rows;
  for (const auto& cells : rows_) {
    rows.push_back(lines_of(cells));
    for (const auto& line : rows.back())
      for (std::size_t c = 0; c < line.size(); ++c)
        widths[c] = std::max(widths[c], width_of(line[c]));
  }
  constexpr std::size_t gap = 2;
  const std::size_t total = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  const std::string margin(indent, ' ');

  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (std::ranges::find(rules_, r) != rules_.end()) {
      text += margin;
      for (std::size_t i = 0; i < total; ++i)
        text += "─";
      text += '\n';
    }
    for (const auto& cells : rows[r]) {
      std::string line = margin;
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (c > 0)
          line.append(gap, ' ');
        line += padded(cells[c], widths[c], text_columns_.contains(c));
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + '\n';
    }
  }
  return text;
}

} // namespace tilework::report
