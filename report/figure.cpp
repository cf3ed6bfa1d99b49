// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/figure.h>

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <string_view>

namespace tilework::report {
namespace {

constexpr unsigned panel_width = 420; ///< pixels
constexpr unsigned panel_height = 290;

/// Text between double quotes, where gnuplot knows escapes.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result + '"';
}

std::string terminal_for(const figure& content, const std::filesystem::path& file) {
  const auto rows = (content.panels.size() + content.columns - 1) / content.columns;
  const auto width = panel_width * content.columns;
  const auto height = panel_height * rows;
  if (file.extension() == ".svg")
    return fmt::format("svg size {},{} font 'sans-serif,12' background '#ffffff'", width, height);
  if (file.extension() == ".png")
    return fmt::format("pngcairo size {},{} font 'sans-serif,9'", width, height);
  throw input_error(fmt::format("cannot draw {}: allowed: .svg, .png", file.string()));
}

std::string_view style_of(series_style style) {
  switch (style) {
  case series_style::thin_line:
    return "with lines linewidth 0.5";
  case series_style::line:
    return "with lines linewidth 1.6";
  case series_style::band:
    return "with filledcurves fillstyle solid noborder";
  case series_style::points:
    return "with points pointtype 7 pointsize 0.4";
  }
  return {};
}

/// About four steps of 1, 2 or 5 times a power of ten, so that labels do not touch.
double tick_step(const panel& p) {
  constexpr double labels = 4;
  double range = 0;
  for (const auto& s : p.content)
    if (!s.x.empty())
      range = std::max(range, std::ranges::max(s.x));
  if (!(range > 0))
    return 1;
  const double decade = std::pow(10, std::floor(std::log10(range / labels)));
  const double step = range / labels / decade;
  return decade * (step <= 1 ? 1 : step <= 2 ? 2 : step <= 5 ? 5 : 10);
}

class script {
public:
  explicit script(const figure& content, const std::filesystem::path& file) {
    add("set terminal {}\nset output {}\nset encoding utf8\n", terminal_for(content, file), in_quotes(file.string()));
    const auto rows = (content.panels.size() + content.columns - 1) / content.columns;
    add("set multiplot layout {},{}\n", rows, content.columns);
    add("set border 3 linecolor '#808080'\nset tics nomirror scale 0.5 textcolor '#404040'\nset autoscale xfix\nset "
        "grid linecolor "
        "'#e4e4e4' "
        "linewidth 0.5\nset key outside top center horizontal maxrows 1 samplen 1.5\n");
    for (const auto& p : content.panels)
      add_panel(p);
    text_ += "unset multiplot\nset output\n";
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

private:
  template <typename... Values>
  void add(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
  }
  void add_panel(const panel& p) {
    const auto first = blocks_;
    for (const auto& s : p.content)
      add_data(s);
    add("set title {} noenhanced\nset xlabel {} noenhanced\nset ylabel {} noenhanced\nset xtics {:g}\n",
        in_quotes(p.title), in_quotes(p.x_label), in_quotes(p.y_label), tick_step(p));
    text_ += "plot ";
    for (std::size_t k = 0; k < p.content.size(); ++k) {
      const auto& s = p.content[k];
      add("{}$data{} using 1:2{} {} linecolor rgb {} {}", k == 0 ? "" : ", ", first + k,
          s.style == series_style::band ? ":3" : "", style_of(s.style), in_quotes(s.colour),
          s.title.empty() ? "notitle" : "title " + in_quotes(s.title) + " noenhanced");
    }
    text_ += '\n';
  }
  void add_data(const series& s) {
    add("$data{} << EOD\n", blocks_++);
    for (std::size_t i = 0; i < s.x.size(); ++i)
      if (s.style == series_style::band)
        add("{:.6g} {:.5g} {:.5g}\n", s.x[i], s.y[i], s.upper[i]);
      else
        add("{:.6g} {:.5g}\n", s.x[i], s.y[i]);
    text_ += "EOD\n";
  }

  std::string text_;
  std::size_t blocks_ = 0;
};

/// A program that ends early must not end this one.
class ignored_pipe_signal {
public:
  ignored_pipe_signal() : previous_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~ignored_pipe_signal() { std::signal(SIGPIPE, previous_); }
  ignored_pipe_signal(const ignored_pipe_signal&) = delete;
  ignored_pipe_signal& operator=(const ignored_pipe_signal&) = delete;

private:
  void (*previous_)(int);
};

} // namespace

std::string gnuplot_script(const figure& content, const std::filesystem::path& file) {
  return script(content, file).text();
}

void draw(const figure& content, const std::filesystem::path& file) {
  const auto text = gnuplot_script(content, file);
  const ignored_pipe_signal guard;
  std::FILE* pipe = ::popen("command -v gnuplot >/dev/null || exit 127; exec gnuplot", "w");
  if (pipe == nullptr)
    throw run_error(fmt::format("cannot draw {}: cannot start a program", file.string()));
  std::fputs(text.c_str(), pipe); // what did not arrive shows in the exit code
  const int status = ::pclose(pipe);
  constexpr int not_found = 127;
  if (WIFEXITED(status) && WEXITSTATUS(status) == not_found)
    throw run_error(fmt::format("cannot draw {}: gnuplot is missing; install the package gnuplot-nox", file.string()));
  if (status != 0)
    throw run_error(fmt::format("cannot draw {}: gnuplot failed", file.string()));
}

} // namespace tilework::report
