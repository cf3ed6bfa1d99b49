// SPDX-License-Identifier: Apache-2.0
/// \file Figures, drawn by the program gnuplot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tilework::report {

/// How the points of a series are drawn; a band reaches from `y` to `upper`.
enum class series_style : std::uint8_t { thin_line, line, band, points };

struct series {
  series_style style = series_style::line;
  std::string title; ///< in the legend; empty: not there
  std::string colour = "#1f4e79";
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> upper{}; ///< of a band
};

struct panel {
  std::string title;
  std::string x_label; ///< with unit
  std::string y_label; ///< with unit
  std::vector<series> content;
};

/// Panels side by side, row by row.
struct figure {
  std::vector<panel> panels;
  unsigned columns = 1;
};

/// The script, data included, from which gnuplot draws a figure into an .svg or .png file.
/// \throws input_error for other extensions
std::string gnuplot_script(const figure& content, const std::filesystem::path& file);

/// Draws a figure. \throws input_error as gnuplot_script(), run_error if gnuplot is missing or fails
void draw(const figure& content, const std::filesystem::path& file);

} // namespace tilework::report
