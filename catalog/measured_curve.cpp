// SPDX-License-Identifier: Apache-2.0
#include <tilework/catalog/measured_curve.h>
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

namespace tilework::catalog {
namespace {

constexpr std::uint32_t most_pulses = 1'000'000; ///< between two readings

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (std::size_t first = 0; first <= line.size();) {
    const auto comma = std::min(line.find(',', first), line.size());
    cells.push_back(trimmed(line.substr(first, comma - first)));
    first = comma + 1;
  }
  return cells;
}

template <typename T>
std::optional<T> number(std::string_view text) {
  T value{};
  if (text.starts_with('+'))
    text.remove_prefix(1);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

class curve_reader {
public:
  explicit curve_reader(const std::filesystem::path& file) : name_(file.string()) {
    std::error_code not_a_file;
    if (std::filesystem::is_directory(file, not_a_file))
      fail("cannot open the curve: it is a directory");
    std::ifstream in(file);
    if (!in)
      fail(fmt::format("cannot open the curve: {}", std::generic_category().message(errno)));
    for (std::string line; std::getline(in, line);) {
      ++line_;
      const auto content = trimmed(line);
      if (content.empty() || content.starts_with('#'))
        continue;
      if (columns_ == 0)
        read_header(cells_of(content));
      else
        read_row(cells_of(content));
    }
    if (columns_ == 0)
      fail("holds no line with the names of columns, such as pulse,direction,conductance");
    if (curve_.devices.empty())
      fail("holds no readings");
  }
  [[nodiscard]] measured_curve curve() && { return std::move(curve_); }

private:
  static constexpr std::array<std::string_view, 5> names_{"device", "pulse", "direction", "conductance", "weight"};

  [[noreturn]] void fail(std::string_view why) const {
    throw input_error(fmt::format("{}:{}:0: {}", name_, line_, why));
  }

  void read_header(const std::vector<std::string_view>& titles) {
    columns_ = titles.size();
    for (std::size_t c = 0; c < titles.size(); ++c) {
      if (std::ranges::find(names_, titles[c]) == names_.end())
        fail(fmt::format("unknown column '{}'; {}", titles[c], suggestion(titles[c], names_)));
      if (!places_.emplace(titles[c], c).second)
        fail(fmt::format("two columns '{}'", titles[c]));
    }
    for (const std::string_view needed : {"pulse", "direction"})
      if (!places_.contains(needed))
        fail(fmt::format("column '{}' is missing", needed));
    if (places_.contains("conductance") == places_.contains("weight"))
      fail("needs one column of values: either conductance or weight");
    curve_.is_conductance = places_.contains("conductance");
  }

  [[nodiscard]] std::string_view cell(const std::vector<std::string_view>& cells, std::string_view name) const {
    return cells[places_.find(name)->second];
  }

  void read_row(const std::vector<std::string_view>& cells) {
    if (cells.size() != columns_)
      fail(fmt::format("expected {} values, got {}", columns_, cells.size()));
    const std::string device(places_.contains("device") ? cell(cells, "device") : std::string_view());
    const auto known = numbers_.try_emplace(device, curve_.devices.size());
    if (known.second) {
      curve_.devices.emplace_back();
      latest_.emplace_back();
    }
    const auto direction = cell(cells, "direction");
    if (direction != "up" && direction != "down")
      fail(fmt::format("direction: expected up or down, got '{}'", direction));
    const auto pulse = number<std::uint32_t>(cell(cells, "pulse"));
    if (!pulse)
      fail(fmt::format("pulse: expected a whole number of at least 0, got '{}'", cell(cells, "pulse")));
    const auto value_name = curve_.is_conductance ? "conductance" : "weight";
    const auto value = number<double>(cell(cells, value_name));
    if (!value || !std::isfinite(*value))
      fail(fmt::format("{}: expected a number, got '{}'", value_name, cell(cells, value_name)));
    add(known.first->second, *pulse, direction == "down", *value);
  }

  void add(std::size_t device, std::uint32_t pulse, bool down, double value) {
    auto& points = curve_.devices[device];
    auto& latest = latest_[device];
    const bool counts_on = !points.empty() && pulse > latest;
    if (!counts_on && pulse != 0 && !points.empty() && points.back().down == down)
      fail(fmt::format("pulse {} does not follow pulse {} of the same direction; 0 starts anew", pulse, latest));
    physics::curve_point point{value, counts_on ? pulse - latest : pulse, down};
    if (points.empty())
      point.pulses = 0;
    if (point.pulses > most_pulses)
      fail(fmt::format("{} pulses since the reading before; at most {}", point.pulses, most_pulses));
    points.push_back(point);
    latest = pulse;
  }

  std::string name_;
  std::size_t line_ = 0;
  std::size_t columns_ = 0; ///< 0 before the header
  std::map<std::string, std::size_t, std::less<>> places_;
  std::map<std::string, std::size_t, std::less<>> numbers_; ///< of devices by their name
  std::vector<std::uint32_t> latest_;                       ///< pulse of the last reading of each device
  measured_curve curve_;
};

} // namespace

measured_curve read_curve(const std::filesystem::path& file) {
  return curve_reader(file).curve();
}

std::string fitted_curve::summary() const {
  std::size_t readings = 0;
  for (const auto& device : curve.devices)
    readings += device.size();
  return fmt::format("{} fitted to {} ({} device{}, {} readings): rms error {:.3g} in weight units, {:.2g} % of the "
                     "window; noise of one reading {:.2g}",
                     fit.device.model(), file.string(), curve.devices.size(), curve.devices.size() == 1 ? "" : "s",
                     readings, fit.rms, 100 * fit.rms_share, fit.reading_noise);
}

} // namespace tilework::catalog
