// SPDX-License-Identifier: Apache-2.0
#include "support/golden.h"
#include "validation/golden/families.h"

#include <tilework/physics/inference/drift_compensation.h>
#include <tilework/physics/inference/phase_change_noise.h>
#include <tilework/physics/inference/programmed_weights.h>

#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace tilework::golden {
namespace {

using test::number;

constexpr physics::array_shape shape{21, 100}; ///< input j holds the target -1 + 0.1 j in all outputs
constexpr std::array<const char*, 6> times{"programmed", "0.0", "25.0", "3600.0", "86400.0", "31536000.0"};
constexpr std::uint64_t tiles = 20;   ///< of the reference, and of each group here
constexpr std::uint64_t groups = 200; ///< as many experiments of the size of the reference

/// Mean and deviation of one kind of number, by their names in the files.
struct moments {
  double mean = 0;
  double deviation = 0;
};
using statistics = std::map<std::string, moments>;

std::string name_of_row(const std::string& time, float target, bool compensated) {
  return time + " s, target " + std::to_string(std::lround(10 * target)) + "/10" + (compensated ? ", compensated" : "");
}
std::string name_of_total(const std::string& time, bool compensated) {
  return time + " s, all targets" + (compensated ? ", compensated" : "");
}

/// Adds means over all targets of a time: of the deviations, and of the means times the sign of the target.
void add_totals(statistics& rows) {
  for (const auto* time : times)
    for (const bool compensated : {false, true}) {
      moments total;
      for (int target = -10; target <= 10; ++target) {
        const auto& row = rows.at(name_of_row(time, .1F * static_cast<float>(target), compensated));
        const int sign = (target > 0 ? 1 : 0) - (target < 0 ? 1 : 0);
        total.mean += sign * row.mean / 20;
        total.deviation += row.deviation / 21;
      }
      rows[name_of_total(time, compensated)] = total;
    }
}

/// One tile as in the reference.
void add_tile(std::uint64_t seed, std::map<std::string, sample>& samples) {
  std::vector<float> targets(shape.cells());
  for (std::size_t c = 0; c < targets.size(); ++c)
    targets[c] = -1 + .1F * static_cast<float>(c % shape.inputs);
  const physics::conductance_converter converter(physics::device_pairs{});
  physics::programmed_weights w(shape.cells(), converter, physics::make_noise(physics::pcm_like{}, converter.range()),
                                seed, {});
  const physics::noise_stream lines(seed, physics::purpose::forward_lines, {});
  const physics::noise_stream noise(seed, physics::purpose::forward_noise_evaluation, {});
  const physics::analog_mvm mvm({}, shape, physics::mvm_direction::forward, lines);
  physics::drift_compensation compensation(physics::compensation_kind::global, shape);
  const auto add = [&](const std::string& time, float alpha) {
    for (std::size_t input = 0; input < shape.inputs; ++input) {
      auto& plain = samples[name_of_row(time, targets[input], false)];
      auto& compensated = samples[name_of_row(time, targets[input], true)];
      for (std::size_t c = input; c < targets.size(); c += shape.inputs) {
        plain.add(double{w.weights()[c]});
        compensated.add(double{alpha * w.weights()[c]});
      }
    }
  };
  w.program(targets, 0);
  add(times[0], 1);
  compensation.set_baseline(mvm, {w.weights().data(), shape}, noise, 0);
  for (std::uint64_t t = 1; t < times.size(); ++t) {
    w.drift_to(std::stod(times[t]), t - 1);
    compensation.update(mvm, {w.weights().data(), shape}, noise, t * shape.inputs);
    const float alpha = compensation.factors()[0];
    add(times[t], alpha);
    samples[times[t]].add(double{alpha});
  }
}

/// Statistics of as many tiles as the reference had.
statistics group_of_tiles(std::uint64_t first_seed) {
  std::map<std::string, sample> samples;
  for (std::uint64_t tile = 0; tile < tiles; ++tile)
    add_tile(first_seed + tile, samples);
  statistics s;
  for (const auto& [name, values] : samples)
    s[name] = {values.mean(), values.deviation()};
  add_totals(s);
  return s;
}

statistics published_weights(const std::string& file, family& f) {
  statistics s;
  for (const auto& r : test::read_golden(file)) {
    f.add_row();
    for (const bool compensated : {false, true}) {
      const std::string column = compensated ? "w_gdc_" : "w_";
      s[name_of_row(r.at("t_inference_s"), std::stof(r.at("target_w")), compensated)] = {number(r, column + "mean"),
                                                                                         number(r, column + "std")};
    }
  }
  add_totals(s);
  return s;
}

statistics published_factors(const std::string& file, family& f) {
  statistics s;
  for (const auto& r : test::read_golden(file)) {
    f.add_row();
    s[r.at("t_inference_s")] = {number(r, "alpha_mean"), number(r, "alpha_std")};
  }
  return s;
}

} // namespace

// The reference is one group of tiles, so the spread between groups here is its standard error, with everything that
// the devices of a tile share in it: the factor of the compensation and the largest weight.
void compare_inference(acceptance& all, std::uint64_t seed) {
  auto& weights = all.add("inference, PCM weights", "pcm_inference.csv");
  auto& factors = all.add("inference, drift compensation", "pcm_gdc_alpha.csv");
  std::map<std::string, sample> means;
  std::map<std::string, sample> deviations;
  for (std::uint64_t g = 0; g < groups; ++g)
    for (const auto& [name, m] : group_of_tiles((seed << 32U) + g * tiles)) {
      means[name].add(m.mean);
      deviations[name].add(m.deviation);
    }
  const auto compare = [&](family& f, const statistics& published) {
    for (const auto& [name, m] : published) {
      const bool pooled = name.find("all targets") != std::string::npos;
      f.repeated(kind::mean, name, means.at(name), m.mean, target_shift * m.deviation, pooled);
      f.repeated(kind::deviation, name, deviations.at(name), m.deviation, target_change * m.deviation, pooled);
    }
  };
  compare(weights, published_weights(weights.source(), weights));
  compare(factors, published_factors(factors.source(), factors));
}

} // namespace tilework::golden
