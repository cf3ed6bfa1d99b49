// SPDX-License-Identifier: Apache-2.0
#include "support/golden.h"
#include "validation/golden/families.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace tilework::golden {
namespace {

using test::number;

constexpr std::uint32_t side = 256;
constexpr std::uint32_t devices = side * side; // 16 times the reference
constexpr double tiles = 16;                   // of the reference, 16 x 16 devices each, one table of normals each

sample sample_of(std::span<const float> values) {
  sample s;
  for (const float v : values)
    s.add(v);
  return s;
}

std::vector<float> sorted(std::span<const float> values) {
  std::vector<float> copy(values.begin(), values.end());
  std::ranges::sort(copy);
  return copy;
}

/// An array of devices that all get the same pulses.
class device_sample {
public:
  device_sample(const test::csv_row& r, std::uint64_t seed, std::uint16_t index)
      : devices_(test::golden_device(r).make({{side, side}, seed, {.layer = index}})), runs_(side) {}
  /// Sets all weights to 0, with a write error if the device has one.
  void reset() { devices_->program(std::vector<float>(devices), event_++); }
  void pulse(int direction) {
    for (std::uint32_t line = 0; line < side; ++line) {
      for (std::uint32_t c = 0; c < side; ++c)
        runs_[c] = {line * side + c, direction};
      devices_->apply_pulses(line, runs_, pulses_);
    }
    ++pulses_;
  }
  [[nodiscard]] std::span<const float> weights() const { return devices_->weights(); }
  /// Below write noise.
  [[nodiscard]] std::span<const float> persistent_weights() const { return devices_->persistent_weights(); }

private:
  std::unique_ptr<physics::device_array> devices_;
  std::vector<physics::pulse_run> runs_;
  std::uint64_t pulses_ = 0;
  std::uint64_t event_ = 0;
};

/// Deviation of a single pulse's change in the reference, relative to the mean change and absolute: from the response
/// without differences between devices, to its first pulse.
struct pulse_noise {
  double relative = 0;
  double absolute = 0;
};
std::map<std::string, pulse_noise> pulse_noises(const std::vector<test::csv_row>& responses) {
  std::map<std::string, pulse_noise> noises;
  for (const auto& r : responses) {
    if (r.at("variant") != "no_dtod" || r.at("direction") != "up" || r.at("k_pulses") != "1")
      continue;
    const bool hidden = !r.at("persistent_w_std").empty();
    const double deviation = number(r, hidden ? "persistent_w_std" : "w_std");
    const double mean = number(r, hidden ? "persistent_w_mean" : "w_mean");
    noises[r.at("device")] = {mean == 0 ? 0 : deviation / std::abs(mean), deviation};
  }
  return noises;
}

/// One device and variant of device_pulse_response.csv.
///
/// Every pulse takes a normal from its tile's table, so an error of the table's mean adds up over the pulses, common to
/// all devices of a tile. While that is less than the error from the number of devices, a bound of it is added.
/// Later the spread of the means of the 16 tiles is the only measure: a standard error with 15 degrees of freedom.
class response_rows {
public:
  response_rows(family& f, pulse_noise noise) : family_(f), noise_(noise) {}

  void compare(const test::csv_row& r, std::span<const float> weights, std::span<const float> persistent) {
    family_.add_row();
    advance(r);
    const auto what = fmt::format("{} {} {} {}", r.at("device"), r.at("variant"), r.at("direction"), r.at("k_pulses"));
    compare_moments(what, sample_of(weights), r, "w_");
    if (!r.at("persistent_w_mean").empty())
      compare_moments(what + " persistent", sample_of(persistent), r, "persistent_w_");
    const auto order = sorted(weights);
    const bool counted = is_counted(r, "w_");
    for (const auto& [column, probability] : {std::pair{"w_p05", .05}, {"w_p50", .5}, {"w_p95", .95}}) {
      const double value = number(r, column);
      family_.quantile(what + " " + column, order, probability, value, number(r, "n_devices"),
                       half_last_digit(value) + single_precision * std::abs(value),
                       counted ? estimated_error{number(r, "w_mean_se_over_tiles"), tiles - 1}
                               : estimated_error{table_error(), std::numeric_limits<double>::infinity()});
    }
  }

private:
  static constexpr double single_precision = 5e-6; // of statistics over thousands of numbers

  /// Adds up how far noise may have moved the weights.
  void advance(const test::csv_row& r) {
    const auto pulses = std::stoi(r.at("k_pulses"));
    const double mean = number(r, "w_mean");
    if (pulses < pulses_)
      pulses_ = 0; // the other direction begins
    travelled_ += std::max((pulses - pulses_) * noise_.absolute, std::abs(mean - mean_) * noise_.relative);
    pulses_ = pulses;
    mean_ = mean;
  }
  /// Bound of what an error of the mean of all tables has moved the weights.
  [[nodiscard]] double table_error() const { return travelled_ / std::sqrt(tiles * table_size); }
  /// Whether the error of the mean has to be counted from the means of the tiles.
  [[nodiscard]] bool is_counted(const test::csv_row& r, const std::string& prefix) const {
    return table_error() > number(r, prefix + "std") / std::sqrt(number(r, "n_devices"));
  }

  void compare_moments(const std::string& what, const sample& ours, const test::csv_row& r, const std::string& prefix) {
    const double n = number(r, "n_devices");
    const double mean = number(r, prefix + "mean");
    const double deviation = number(r, prefix + "std");
    // The published error is that of visible weights. Write noise is independent from device to device; where most of
    // it is that, tiles are taken to differ as independent devices would make them.
    const double write_noise = std::pow(number(r, "w_std"), 2) - deviation * deviation;
    const double tile_error =
        write_noise > deviation * deviation
            ? deviation / std::sqrt(n)
            : std::sqrt(std::max(std::pow(number(r, "w_mean_se_over_tiles"), 2) - write_noise / n, 0.0));
    // Without the spread between tiles: sum of squares within tiles = total - between.
    const double between = n / tiles * (tiles - 1) * tiles * tile_error * tile_error;
    const double within = std::max(((n - 1) * deviation * deviation - between) / (n - tiles), 0.0);
    const double stretched = 2 / (tiles * table_size) * (1 + 2 * std::pow(std::min(noise_.relative, 1.0), 2));
    const reference_moments reference{.mean = mean,
                                      .variance = within,
                                      .n = n,
                                      .table_mean = table_error() * table_error(),
                                      .table_variance = stretched * within * within,
                                      .mean_rounding = half_last_digit(mean) + single_precision * std::abs(mean),
                                      .variance_rounding = 2 * deviation * half_last_digit(deviation) +
                                                           std::pow(single_precision * mean, 2)};
    std::optional<estimated_error> counted;
    if (is_counted(r, prefix))
      counted = {std::max(tile_error, deviation / std::sqrt(n)), tiles - 1};
    family_.mean(what, ours, reference, counted);
    family_.deviation(what, ours, reference);
  }

  family& family_;
  pulse_noise noise_;
  int pulses_ = 0;
  double mean_ = 0;
  double travelled_ = 0;
};

/// Names of devices in a file that do not exist here.
void note_missing(acceptance& all, const std::string& file, const std::vector<test::csv_row>& rows) {
  std::set<std::string> missing;
  for (const auto& r : rows)
    if (test::golden_device_name(r.at("device")).empty())
      missing.insert(r.at("device"));
  if (!missing.empty())
    all.note(fmt::format("not compared: {} devices of {}, which are not available here: {}", missing.size(), file,
                         fmt::join(missing, ", ")));
}

} // namespace

void compare_pulse_responses(acceptance& all, std::uint64_t seed) {
  const std::string file = "device_pulse_response.csv";
  const auto rows = test::read_golden(file);
  const auto noises = pulse_noises(rows);
  std::optional<device_sample> sample;
  std::optional<response_rows> responses;
  family* of_device = nullptr;
  std::string device;
  std::string key;
  std::uint16_t index = 0;
  int done = 0;
  for (const auto& r : rows) {
    const auto name = test::golden_device_name(r.at("device"));
    if (name.empty())
      continue;
    if (r.at("device") != device) {
      device = r.at("device");
      of_device = &all.add(fmt::format("pulse response, {}", name), file);
    }
    if (const auto now = device + r.at("variant"); now != key) {
      key = now;
      sample.emplace(r, seed, index++);
      sample->reset();
      responses.emplace(*of_device, noises.at(device));
    }
    const int pulses = std::stoi(r.at("k_pulses"));
    if (pulses < done)
      done = 0; // the other direction begins
    for (; done < pulses; ++done)
      sample->pulse(r.at("direction") == "up" ? 1 : -1);
    responses->compare(r, sample->weights(), sample->persistent_weights());
  }
  note_missing(all, file, rows);
}

void compare_hidden_parameters(acceptance& all, std::uint64_t seed) {
  const std::string file = "device_hidden_parameters.csv";
  const auto rows = test::read_golden(file);
  auto& f = all.add("parameters of devices", file);
  std::map<std::string, std::size_t> unknown; // parameters that cannot be read here
  for (const auto& r : rows) {
    if (test::golden_device_name(r.at("device")).empty())
      continue;
    const auto& parameter = r.at("parameter");
    const auto values = sorted(test::golden_hidden_parameter(test::golden_device(r), parameter, seed, devices));
    if (values.empty()) {
      ++unknown[parameter];
      continue;
    }
    const auto what = fmt::format("{} {} {}", r.at("device"), r.at("variant"), parameter);
    const double n = number(r, "n_devices");
    const double mean = number(r, "mean");
    const double deviation = number(r, "std");
    const auto ours = sample_of(values);
    f.add_row();
    if (deviation == 0) {
      f.exact(what, ours.mean(), mean, half_last_digit(mean) + 1e-6 * std::abs(mean));
      f.exact(what + " std", ours.deviation(), 0, 1e-6 * std::abs(mean));
      continue;
    }
    const reference_moments reference{.mean = mean,
                                      .variance = deviation * deviation,
                                      .n = n,
                                      .mean_rounding = half_last_digit(mean),
                                      .variance_rounding = 2 * deviation * half_last_digit(deviation)};
    f.mean(what, ours, reference);
    f.deviation(what, ours, reference);
    for (const auto& [column, probability] :
         {std::pair{"p01", .01}, {"p05", .05}, {"p50", .5}, {"p95", .95}, {"p99", .99}})
      f.quantile(what + " " + column, values, probability, number(r, column), n, half_last_digit(number(r, column)),
                 {0, std::numeric_limits<double>::infinity()});
  }
  note_missing(all, file, rows);
  for (const auto& [parameter, count] : unknown)
    all.note(fmt::format("not compared: {} rows of {} for {}, which cannot be read here", count, file, parameter));
}

void compare_symmetry_points(acceptance& all, std::uint64_t seed) {
  const std::string file = "device_symmetry_point.csv";
  constexpr int pairs = 5000;
  constexpr int averaged = pairs / 5;
  const auto noises = pulse_noises(test::read_golden("device_pulse_response.csv"));
  const auto rows = test::read_golden(file);
  auto& f = all.add("symmetry points", file);
  std::uint16_t index = 0;
  for (const auto& r : rows) {
    const auto& name = r.at("device");
    if (test::golden_device_name(name).empty())
      continue;
    device_sample pulsed(r, seed, static_cast<std::uint16_t>(index++ + 0x100U));
    std::vector<double> sums(devices);
    for (int pair = 0; pair < pairs; ++pair) {
      pulsed.pulse(1);
      pulsed.pulse(-1);
      if (pair >= pairs - averaged)
        std::ranges::transform(sums, pulsed.weights(), sums.begin(), std::plus<>());
    }
    std::vector<float> means;
    for (const double s : sums)
      means.push_back(static_cast<float>(s / averaged));
    std::ranges::sort(means);

    // A table's error moves up and down steps alike: it scales the symmetry point, taken as one table for all.
    const double table = noises.at(name).relative / std::sqrt(table_size);
    const double n = number(r, "n_devices");
    const double mean = number(r, "w_mean");
    const double variance = std::pow(number(r, "w_std"), 2);
    const reference_moments reference{.mean = mean,
                                      .variance = variance,
                                      .n = n,
                                      .table_mean = std::pow(table * mean, 2),
                                      .table_variance = std::pow(2 * table * variance, 2),
                                      .mean_rounding = half_last_digit(mean),
                                      .variance_rounding = 0};
    const auto ours = sample_of(means);
    f.add_row();
    f.mean(name, ours, reference);
    f.deviation(name, ours, reference);
    for (const auto& [column, probability] : {std::pair{"w_p05", .05}, {"w_p50", .5}, {"w_p95", .95}})
      f.quantile(name + " " + column, means, probability, number(r, column), n, half_last_digit(number(r, column)),
                 {table * std::abs(number(r, column)), std::numeric_limits<double>::infinity()});
  }
  note_missing(all, file, rows);
}

} // namespace tilework::golden
