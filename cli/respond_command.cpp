// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/commands.h>
#include <tilework/cli/pulse_response.h>
#include <tilework/core/error.h>
#include <tilework/report/figure.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <span>

namespace tilework::cli {
namespace {

constexpr const char* single_colour = "#8fb0d0";
constexpr const char* band_colour = "#cddff0";
constexpr const char* mean_colour = "#1f4e79";
/// Measured points and fitted lines of the first devices.
constexpr std::array<std::pair<const char*, const char*>, 3> curve_colours{
    {{"#9db7d5", "#1f4e79"}, {"#f0b78c", "#b0480a"}, {"#a5d0a8", "#1e6b25"}}};
constexpr std::size_t points_per_line = 400; ///< more are not to be seen
constexpr std::size_t dots_per_curve = 120;
constexpr std::size_t drawn_singles = 5;

void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream out(file, std::ios::binary);
  out << content;
  out.flush();
  if (!out)
    throw run_error(fmt::format("cannot write {}: check that the folder exists and has space", file.string()));
}

/// Short name of a device in tables and plots.
std::string title_of(const std::string& device) {
  const std::filesystem::path path(device);
  return path.has_extension() ? path.stem().string() : device;
}

/// Calls use(k) for evenly spaced indices, the first and the last among them.
template <typename Use>
void thinned(std::size_t size, std::size_t most, Use use) {
  const auto step = std::max<std::size_t>(1, size / most);
  for (std::size_t k = 0; k < size; k += step)
    use(k);
  if (size > 0 && (size - 1) % step != 0)
    use(size - 1);
}

report::panel response_panel(const std::string& device, const pulse_response& response) {
  report::panel panel{device, "pulses (up, then down)", "weight", {}};
  report::series band{report::series_style::band, "± 1 std", band_colour, {}, {}, {}};
  report::series mean{report::series_style::line, "mean", mean_colour, {}, {}, {}};
  thinned(response.spread.size(), points_per_line, [&](std::size_t k) {
    const auto& s = response.spread[k];
    for (auto* line : {&band, &mean})
      line->x.push_back(static_cast<double>(k));
    mean.y.push_back(s.mean);
    band.y.push_back(s.mean - s.deviation);
    band.upper.push_back(s.mean + s.deviation);
  });
  panel.content.push_back(std::move(band));
  for (const auto& weights : std::span(response.singles).first(std::min(drawn_singles, response.singles.size()))) {
    report::series line{
        report::series_style::thin_line, panel.content.size() == 1 ? "devices" : "", single_colour, {}, {}, {}};
    thinned(weights.size(), points_per_line, [&](std::size_t k) {
      line.x.push_back(response.reading_times[k]);
      line.y.push_back(static_cast<double>(weights[k]));
    });
    panel.content.push_back(std::move(line));
  }
  panel.content.push_back(std::move(mean));
  return panel;
}

report::panel curve_panel(const catalog::fitted_curve& fitted) {
  report::panel panel{fmt::format("measured and fit, rms error {:.2g} % of the window", 100 * fitted.fit.rms_share),
                      "pulses",
                      "weight",
                      {}};
  const auto shown = std::min(curve_colours.size(), fitted.curve.devices.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& points = fitted.curve.devices[i];
    report::series measured{
        report::series_style::points, i == 0 ? "measured" : "", curve_colours.at(i).first, {}, {}, {}};
    report::series fit{report::series_style::line, i == 0 ? "fit" : "", curve_colours.at(i).second, {}, {}, {}};
    std::vector<double> times;
    double time = 0;
    for (const auto& point : points)
      times.push_back(time += point.pulses);
    thinned(points.size(), dots_per_curve, [&](std::size_t k) {
      measured.x.push_back(times[k]);
      measured.y.push_back(fitted.fit.gain * points[k].value + fitted.fit.offset);
    });
    thinned(points.size(), points_per_line, [&](std::size_t k) {
      fit.x.push_back(times[k]);
      fit.y.push_back(fitted.fit.fitted[i][k]);
    });
    panel.content.push_back(std::move(measured));
    panel.content.push_back(std::move(fit));
  }
  return panel;
}

struct output_files {
  std::filesystem::path csv;
  std::filesystem::path plot;
};

/// Nearly square, three columns at most.
unsigned columns_for(std::size_t panels) {
  constexpr unsigned most = 3;
  return panels == 4 ? 2 : std::min(most, static_cast<unsigned>(panels));
}

output_files files_for(std::filesystem::path out) {
  const auto given = out.extension();
  for (const std::string_view known : {".csv", ".svg", ".png"})
    if (given == known)
      out.replace_extension();
  return {out.string() + ".csv", out.string() + (given == ".png" ? ".png" : ".svg")};
}

} // namespace

int respond_devices(const respond_options& options, const catalog::device_registry& known) {
  if (!options.curve.empty() && options.devices.size() != 1)
    throw input_error("--curve writes one curve file: name one device");
  report::figure figure;
  auto csv = response_header();
  for (const auto& name : options.devices) {
    std::vector<catalog::fitted_curve> fits;
    const auto device = known.named(name, [&](catalog::fitted_curve fitted) { fits.push_back(std::move(fitted)); });
    const auto response = respond(device, {options.pulses, options.count, options.seed});
    csv += response_rows(title_of(name), response);
    figure.panels.push_back(response_panel(title_of(name), response));
    for (const auto& fitted : fits) {
      fmt::print(stderr, "{}\n", fitted.summary());
      figure.panels.push_back(curve_panel(fitted));
    }
    if (!options.curve.empty())
      write_file(options.curve, response_curve(title_of(name), response));
  }
  if (options.out.empty()) {
    fmt::print("{}", csv);
    return exit_done;
  }
  const auto files = files_for(options.out);
  write_file(files.csv, csv);
  figure.columns = columns_for(figure.panels.size());
  report::draw(figure, files.plot);
  return exit_done;
}

} // namespace tilework::cli
