// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/devices/curve_fit.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/piecewise_step.h>
#include <tilework/physics/devices/soft_bounds.h>

#include <Eigen/Dense>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

namespace tilework::physics {
namespace {

constexpr std::array<bool, 2> directions{false, true};

struct window {
  double low = 0;
  double high = 0;
  [[nodiscard]] double width() const { return high - low; }
  /// 0 at the lower, 1 at the upper end.
  [[nodiscard]] double place(double value) const { return (value - low) / width(); }
};

/// Functions of the place in the window of which a step is a linear combination.
class step_basis {
public:
  /// Tents on equally spaced nodes: linear interpolation, beyond the window extrapolation.
  static step_basis tents(unsigned nodes) { return step_basis(nodes); }
  /// What soft bounds have: one function that vanishes where the direction leads to.
  static step_basis vanishing() { return step_basis(0); }

  [[nodiscard]] Eigen::Index size() const { return is_vanishing() ? 1 : static_cast<Eigen::Index>(nodes_); }
  [[nodiscard]] bool is_vanishing() const { return nodes_ == 0; }
  /// Adds factor times every function at a place.
  void add(double place, bool down, double factor, Eigen::VectorXd& sum) const {
    visit(place, down, [&](Eigen::Index k, double value) { sum[k] += factor * value; });
  }
  [[nodiscard]] double value(const Eigen::VectorXd& coefficients, double place, bool down) const {
    double sum = 0;
    visit(place, down, [&](Eigen::Index k, double value) { sum += coefficients[k] * value; });
    return sum;
  }

private:
  explicit step_basis(unsigned nodes) : nodes_(nodes) {}
  /// Calls put(k, value) for every function that is not 0.
  template <typename Put>
  void visit(double place, bool down, Put put) const {
    if (is_vanishing())
      return put(0, down ? place : 1 - place);
    const double x = place * (nodes_ - 1);
    const auto section = std::clamp<Eigen::Index>(static_cast<Eigen::Index>(std::floor(x)), 0, size() - 2);
    const double within = x - static_cast<double>(section);
    put(section, 1 - within);
    put(section + 1, within);
  }
  unsigned nodes_;
};

/// Readings that pulses of one direction connect: points first to last of a device.
struct sweep {
  std::size_t first = 0;
  std::size_t last = 0;
  bool down = false;
};

std::vector<sweep> sweeps_of(const measured_device& device) {
  std::vector<sweep> sweeps;
  for (std::size_t k = 1; k < device.size(); ++k) {
    if (device[k].pulses == 0)
      continue;
    if (!sweeps.empty() && sweeps.back().last == k - 1 && sweeps.back().down == device[k].down)
      sweeps.back().last = k;
    else
      sweeps.push_back({k - 1, k, device[k].down});
  }
  return sweeps;
}

/// One linear equation: functions * coefficients = change.
struct equation {
  Eigen::VectorXd functions;
  double change = 0;
  double pulses = 0;
};

/// The steps between two neighbouring readings: pulses in between are taken to be spread evenly.
equation between(const curve_point& before, const curve_point& after, const window& own, const step_basis& basis) {
  constexpr std::uint32_t places = 16;
  equation e{Eigen::VectorXd::Zero(basis.size()), after.value - before.value, static_cast<double>(after.pulses)};
  const auto n = std::min(after.pulses, places);
  for (std::uint32_t i = 0; i < n; ++i)
    basis.add(own.place(before.value + e.change * i / n), after.down, e.pulses / n, e.functions);
  return e;
}

/// Whether a hard bound may have cut what follows a reading: it is less than the sweep's mean change away.
bool at_bound(const measured_device& device, const sweep& s, std::size_t reading, const window& bounds) {
  const double mean_change =
      std::abs(device[s.last].value - device[s.first].value) / static_cast<double>(s.last - s.first);
  const double value = device[reading].value;
  return (s.down ? value - bounds.low : bounds.high - value) < mean_change;
}

/// Cuts a sweep into parts of about equal numbers of readings. \param hard bounds near which readings do not count
std::vector<equation> equations_of(const measured_device& device, const sweep& s, const window& own,
                                   const step_basis& basis, const std::optional<window>& hard) {
  constexpr std::size_t parts_per_function = 4;
  const auto readings = s.last - s.first;
  const auto parts =
      std::min(readings, parts_per_function * std::max<std::size_t>(2, static_cast<std::size_t>(basis.size())));
  std::vector<equation> equations;
  for (std::size_t p = 0; p < parts; ++p) {
    equation sum{Eigen::VectorXd::Zero(basis.size()), 0, 0};
    for (auto k = s.first + readings * p / parts; k < s.first + readings * (p + 1) / parts; ++k) {
      if (hard && at_bound(device, s, k, *hard))
        continue;
      const auto one = between(device[k], device[k + 1], own, basis);
      sum.functions += one.functions;
      sum.change += one.change;
      sum.pulses += one.pulses;
    }
    equations.push_back(std::move(sum));
  }
  return equations;
}

/// All equations of one device in one direction.
std::vector<equation> equations_of(const measured_device& device, bool down, const window& own, const step_basis& basis,
                                   const std::optional<window>& hard) {
  std::vector<equation> equations;
  for (const auto& s : sweeps_of(device))
    if (s.down == down)
      std::ranges::move(equations_of(device, s, own, basis, hard), std::back_inserter(equations));
  return equations;
}

/// Least squares; nodes that no reading comes near follow their neighbours.
Eigen::VectorXd solved(const std::vector<equation>& equations, Eigen::Index size) {
  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(size);
  for (const auto& e : equations) {
    normal += e.functions * e.functions.transpose();
    right += e.change * e.functions;
  }
  constexpr double weak = 1e-8;
  const double smoothing = weak * normal.trace();
  for (Eigen::Index k = 0; k + 1 < size; ++k)
    normal.block<2, 2>(k, k) += smoothing * Eigen::Matrix2d{{1, -1}, {-1, 1}};
  normal.diagonal().array() += weak * smoothing;
  return normal.ldlt().solve(right);
}

/// How far the fitted steps of one device stand above or below those of all.
struct own_gain {
  double gain = 1;
  double variance = 0; ///< of the estimate
};

own_gain gain_of(const std::vector<equation>& equations, const Eigen::VectorXd& coefficients) {
  double products = 0;
  double squares = 0;
  for (const auto& e : equations) {
    const double expected = e.functions.dot(coefficients);
    products += expected * e.change;
    squares += expected * expected;
  }
  own_gain g{products / squares, 0};
  for (const auto& e : equations) {
    const double rest = e.change - g.gain * e.functions.dot(coefficients);
    g.variance += rest * rest;
  }
  g.variance /= squares * std::max(1.0, static_cast<double>(equations.size()) - 1);
  return g;
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Spread beyond what the error of the single values explains.
double spread_of(std::span<const double> values, double error_variance) {
  if (values.size() < 2)
    return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double v : values)
    squares += (v - mean) * (v - mean);
  return std::sqrt(std::max(0.0, squares / static_cast<double>(values.size() - 1) - error_variance));
}

void require_response(const measured_device& device, std::size_t number) {
  for (const bool down : directions) {
    double change = 0;
    bool pulsed = false;
    for (const auto& s : sweeps_of(device))
      if (s.down == down) {
        pulsed = true;
        change += device[s.last].value - device[s.first].value;
      }
    const std::string which = "device " + std::to_string(number) + ": ";
    if (!pulsed)
      throw input_error(which + (down ? "no down pulses were measured" : "no up pulses were measured") +
                        "; a fit needs both directions");
    if (down ? change >= 0 : change <= 0)
      throw input_error(which + (down ? "down pulses do not lower" : "up pulses do not raise") + " the readings");
  }
}

window readings_window(const measured_device& device) {
  const auto [low, high] = std::ranges::minmax(device, {}, &curve_point::value);
  return {low.value, high.value};
}

/// From where down steps vanish to where up steps do, by linear steps.
window vanishing_window(const measured_device& device, std::size_t number) {
  const auto readings = readings_window(device);
  const auto basis = step_basis::tents(2);
  std::array<double, 2> end{};
  for (const bool down : directions) {
    const auto step = solved(equations_of(device, down, readings, basis, {}), basis.size());
    const double rise = step[1] - step[0];
    if (rise >= 0)
      throw input_error("device " + std::to_string(number) + ": " + (down ? "down" : "up") +
                        " steps do not shrink towards a bound; fit PiecewiseStep or LinearStep instead");
    end.at(down ? 1 : 0) = readings.low - step[0] / rise * readings.width();
  }
  if (!(end[0] > end[1]))
    throw input_error("device " + std::to_string(number) + ": has no weight window between soft bounds");
  return {end[1], end[0]};
}

/// Everything about the curves that does not depend on the scale of weights.
struct analysis {
  step_basis basis;
  std::vector<window> windows;                  ///< of every device
  window mean;                                  ///< of them
  bool by_own_window = true;                    ///< places are relative to the device's own window, not the mean one
  std::array<Eigen::VectorXd, 2> steps;         ///< up > 0, down < 0, in units of the readings
  std::vector<std::array<own_gain, 2>> gains{}; ///< of every device

  [[nodiscard]] std::optional<window> hard_bounds(std::size_t device) const {
    return basis.is_vanishing() ? std::nullopt : std::optional(windows[device]);
  }
  [[nodiscard]] const window& places(std::size_t device) const { return by_own_window ? windows[device] : mean; }
};

window mean_window(std::span<const window> windows) {
  window sum;
  for (const auto& w : windows) {
    sum.low += w.low / static_cast<double>(windows.size());
    sum.high += w.high / static_cast<double>(windows.size());
  }
  return sum;
}

/// Steps of all devices, and how they share them; gains have mean 1.
void fit_steps(std::span<const measured_device> devices, analysis& a) {
  a.gains.assign(devices.size(), {});
  constexpr int rounds = 3; // gains and steps depend on each other weakly
  for (const bool down : directions) {
    const auto d = static_cast<std::size_t>(down);
    std::vector<std::vector<equation>> own;
    for (std::size_t i = 0; i < devices.size(); ++i)
      own.push_back(equations_of(devices[i], down, a.places(i), a.basis, a.hard_bounds(i)));
    for (int round = 0; round < rounds; ++round) {
      std::vector<equation> all;
      for (std::size_t i = 0; i < devices.size(); ++i)
        for (auto e : own[i]) {
          e.functions *= a.gains[i][d].gain;
          all.push_back(std::move(e));
        }
      a.steps.at(d) = solved(all, a.basis.size());
      double sum = 0;
      for (std::size_t i = 0; i < devices.size(); ++i) {
        a.gains[i][d] = gain_of(own[i], a.steps.at(d));
        sum += a.gains[i][d].gain;
      }
      const double mean = sum / static_cast<double>(devices.size());
      a.steps.at(d) *= mean;
      for (auto& g : a.gains) {
        g[d].gain /= mean;
        g[d].variance /= mean * mean;
      }
    }
  }
}

analysis analyse(std::span<const measured_device> devices, const curve_fit_options& options) {
  const auto basis = [&] {
    switch (options.model) {
    case curve_model::soft_bounds:
      return step_basis::vanishing();
    case curve_model::linear_step:
      return step_basis::tents(2);
    case curve_model::piecewise_step:
      break;
    }
    return step_basis::tents(options.nodes);
  }();
  analysis a{basis, {}, {}, options.model != curve_model::linear_step, {}};
  for (std::size_t i = 0; i < devices.size(); ++i) {
    require_response(devices[i], i + 1);
    a.windows.push_back(options.model == curve_model::soft_bounds ? vanishing_window(devices[i], i + 1)
                                                                  : readings_window(devices[i]));
  }
  a.mean = mean_window(a.windows);
  fit_steps(devices, a);
  return a;
}

/// Steps and bounds in weight units.
struct scale {
  double gain = 1;
  double offset = 0;
  [[nodiscard]] double weight(double value) const { return gain * value + offset; }
  [[nodiscard]] double value(double weight) const { return (weight - offset) / gain; }
};

scale scale_for(const window& mean, const curve_fit_options& options) {
  const double low = options.w_min.value_or(mean.low);
  const double high = options.w_max.value_or(mean.high);
  if (low > 0 || high < 0 || low >= high)
    throw input_error("the weight window must contain 0: give w_min (at most 0) and w_max (at least 0)");
  const double gain = (high - low) / mean.width();
  return {gain, low - gain * mean.low};
}

/// Step of a device at a reading without noise, in units of the readings.
double step_at(const analysis& a, std::size_t device, double value, bool down) {
  const auto d = static_cast<std::size_t>(down);
  const double step = a.gains[device][d].gain * a.basis.value(a.steps.at(d), a.places(device).place(value), down);
  return down ? std::min(step, 0.0) : std::max(step, 0.0);
}

void follow(std::span<const measured_device> devices, const analysis& a, const scale& to, curve_fit& fit) {
  double squares = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    auto& path = fit.fitted.emplace_back();
    for (const auto& point : devices[i])
      path.push_back(to.weight(point.value));
    for (const auto& s : sweeps_of(devices[i])) {
      double value = devices[i][s.first].value;
      for (auto k = s.first + 1; k <= s.last; ++k) {
        for (std::uint32_t n = 0; n < devices[i][k].pulses; ++n)
          value = std::clamp(value + step_at(a, i, value, s.down), a.windows[i].low, a.windows[i].high);
        path[k] = to.weight(value);
        const double rest = to.gain * (devices[i][k].value - value);
        squares += rest * rest;
        ++count;
      }
    }
  }
  fit.rms = std::sqrt(squares / static_cast<double>(count));
  fit.rms_share = fit.rms / (to.gain * a.mean.width());
}

struct noise {
  double pulse = 0;   ///< relative to the step
  double reading = 0; ///< in units of the readings
};

/// Rests r of single equations: E r^2 = pulse^2 sum step^2 + 2 reading^2, E r r' = -reading^2 for neighbours.
noise noise_of(std::span<const measured_device> devices, const analysis& a) {
  double squares = 0;
  double steps = 0;
  double neighbours = 0;
  std::size_t count = 0;
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < devices.size(); ++i)
    for (const auto& s : sweeps_of(devices[i])) {
      const auto d = static_cast<std::size_t>(s.down);
      std::optional<double> before;
      for (auto k = s.first; k < s.last; ++k) {
        if (const auto hard = a.hard_bounds(i); hard && at_bound(devices[i], s, k, *hard)) {
          before.reset();
          continue;
        }
        const auto e = between(devices[i][k], devices[i][k + 1], a.places(i), a.basis);
        const double expected = a.gains[i][d].gain * e.functions.dot(a.steps.at(d));
        const double rest = e.change - expected;
        squares += rest * rest;
        steps += expected * expected / e.pulses;
        ++count;
        if (before) {
          neighbours += *before * rest;
          ++pairs;
        }
        before = rest;
      }
    }
  const double reading = pairs == 0 ? 0 : std::max(0.0, -neighbours / static_cast<double>(pairs));
  const double pulse = steps > 0 ? std::max(0.0, squares - 2 * reading * static_cast<double>(count)) / steps : 0;
  return {std::sqrt(pulse), std::sqrt(reading)};
}

/// Size of the steps of every device, as the model counts it, in units of the mean device. A soft-bounds device counts
/// its step at weight 0, which also depends on its window. \param zero the reading of weight 0
std::vector<std::array<own_gain, 2>> step_sizes(const analysis& a, double zero) {
  auto sizes = a.gains;
  if (!a.basis.is_vanishing())
    return sizes;
  for (const bool down : directions) {
    const auto d = static_cast<std::size_t>(down);
    const double nominal = a.basis.value(a.steps.at(d), a.mean.place(zero), down);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const double own = a.basis.value(a.steps.at(d), a.windows[i].place(zero), down) / nominal;
      sizes[i][d].gain *= own;
      sizes[i][d].variance *= own * own;
    }
  }
  return sizes;
}

/// Bounds, spreads and noise, which all models share.
void set_common(pulsed_parameters& p, const analysis& a, const scale& to, double pulse_noise) {
  const double low = to.weight(a.mean.low);
  const double high = to.weight(a.mean.high);
  std::vector<double> lows;
  std::vector<double> highs;
  std::vector<double> sizes;
  std::vector<double> asymmetries;
  double variance = 0;
  const auto own_sizes = step_sizes(a, to.value(0));
  for (std::size_t i = 0; i < a.windows.size(); ++i) {
    lows.push_back(to.weight(a.windows[i].low));
    highs.push_back(to.weight(a.windows[i].high));
    const auto& [up, down] = own_sizes[i];
    sizes.push_back((up.gain + down.gain) / 2);
    asymmetries.push_back((up.gain - down.gain) / 2);
    variance += (up.variance + down.variance) / 4 / static_cast<double>(a.windows.size());
  }
  const auto share = [](double spread, double of) {
    return of == 0 ? 0.0F : static_cast<float>(spread / std::abs(of));
  };
  p.w_min = static_cast<float>(low);
  p.w_max = static_cast<float>(high);
  p.w_min_dtod = share(spread_of(lows, 0), low);
  p.w_max_dtod = share(spread_of(highs, 0), high);
  p.dw_min_dtod = static_cast<float>(spread_of(sizes, variance));
  p.up_down_dtod = static_cast<float>(spread_of(asymmetries, variance));
  p.dw_min_std = static_cast<float>(pulse_noise);
}

/// dw_min and up_down of steps up and down at weight 0.
void set_steps(pulsed_parameters& p, double up, double down) {
  if (!(up > 0 && down > 0))
    throw input_error("no step at weight 0: choose w_min and w_max such that 0 lies where the device responds");
  p.dw_min = static_cast<float>(std::max(up, down));
  p.up_down = static_cast<float>(up > down ? 1 - down / up : up / down - 1);
}

device_spec as_piecewise_step(const analysis& a, const scale& to, double pulse_noise) {
  piecewise_step p;
  set_common(p, a, to, pulse_noise);
  const auto middle = a.basis.size() / 2;
  const double unit = a.steps[0][middle];
  if (!(unit > 0))
    throw input_error("no up step in the middle of the window; use fewer nodes");
  p.dw_min = static_cast<float>(to.gain * unit);
  p.piecewise_up.clear();
  p.piecewise_down.clear();
  for (Eigen::Index k = 0; k < a.basis.size(); ++k) {
    p.piecewise_up.push_back(static_cast<float>(std::max(0.0, a.steps[0][k] / unit)));
    p.piecewise_down.push_back(static_cast<float>(std::max(0.0, -a.steps[1][k] / unit)));
  }
  return p;
}

device_spec as_linear_step(const analysis& a, const scale& to, double pulse_noise) {
  linear_step p;
  set_common(p, a, to, pulse_noise);
  const auto place = a.mean.place(to.value(0));
  const double up = to.gain * a.basis.value(a.steps[0], place, false);
  const double down = -to.gain * a.basis.value(a.steps[1], place, true);
  set_steps(p, up, down);
  p.gamma_up = static_cast<float>(1 - std::max(0.0, to.gain * a.steps[0][1]) / up);
  p.gamma_down = static_cast<float>(1 - std::max(0.0, -to.gain * a.steps[1][0]) / down);
  p.gamma_up_dtod = p.gamma_down_dtod = 0;
  p.allow_increasing = p.gamma_up < 0 || p.gamma_down < 0;
  return p;
}

device_spec as_soft_bounds(const analysis& a, const scale& to, double pulse_noise) {
  soft_bounds p;
  set_common(p, a, to, pulse_noise);
  const auto place = a.mean.place(to.value(0));
  set_steps(p, to.gain * a.steps[0][0] * (1 - place), -to.gain * a.steps[1][0] * place);
  return p;
}

device_spec device_of(curve_model model, const analysis& a, const scale& to, double pulse_noise) {
  switch (model) {
  case curve_model::linear_step:
    return as_linear_step(a, to, pulse_noise);
  case curve_model::soft_bounds:
    return as_soft_bounds(a, to, pulse_noise);
  case curve_model::piecewise_step:
    break;
  }
  return as_piecewise_step(a, to, pulse_noise);
}

} // namespace

curve_fit fit_curve(std::span<const measured_device> devices, const curve_fit_options& options) {
  if (devices.empty())
    throw input_error("no readings");
  const auto a = analyse(devices, options);
  const auto to = scale_for(a.mean, options);
  const auto n = noise_of(devices, a);
  curve_fit fit;
  fit.device = device_of(options.model, a, to, n.pulse);
  fit.gain = to.gain;
  fit.offset = to.offset;
  fit.reading_noise = to.gain * n.reading;
  follow(devices, a, to, fit);
  return fit;
}

} // namespace tilework::physics
