// SPDX-License-Identifier: Apache-2.0
#include <tilework/workloads/algorithm.h>
#include <tilework/workloads/algorithm_fields.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tilework::workload {
namespace {

/// One stage of one piece of a layer.
struct stage_view {
  const algorithm_configuration& algorithm;
  std::uint32_t from;
  std::uint32_t lines;  ///< that are read one by one
  std::uint32_t length; ///< of the other side
  std::uint32_t batch_size;

  [[nodiscard]] float fast_granularity() const { return algorithm.granularity[from]; }
  [[nodiscard]] float slow_granularity() const { return algorithm.granularity[from + 1]; }
  [[nodiscard]] bool is_chopped() const {
    return algorithm.kind == transfer_kind::chopped || algorithm.kind == transfer_kind::dynamic;
  }
  [[nodiscard]] bool is_study() const { return algorithm.kind == transfer_kind::study_dynamic; }
  [[nodiscard]] std::uint32_t lines_per_event() const {
    return algorithm.kind == transfer_kind::tiki_taka || algorithm.kind == transfer_kind::buffered
               ? std::min(algorithm.n_reads_per_transfer, lines)
               : 1;
  }
};

bool is_whole(double value) {
  return value == std::floor(value);
}

/// Vectors or mini-batches between transfers, before they become a whole number.
double every_of(const stage_view& s) {
  if (!s.algorithm.transfer_every_vec.empty())
    return s.algorithm.transfer_every_vec[s.from];
  const double growth = static_cast<double>(s.length) / s.algorithm.n_reads_per_transfer;
  return s.algorithm.transfer_every * std::pow(growth, s.from);
}

std::uint64_t whole(double period) {
  return period > 0 ? static_cast<std::uint64_t>(period) : 0;
}

transfer_period period_of(const stage_view& s) {
  const double every = every_of(s);
  if (every < 0 && s.is_chopped())
    return {whole(std::max(1.0, std::round(double{s.algorithm.states} / s.lines * -every))), false};
  if (!s.algorithm.units_in_mbatch)
    return {whole(std::round(every)), false};
  if (is_whole(every))
    return {whole(every), true};
  return {whole(std::ceil(every * s.batch_size)), false};
}

operation_rate transfer_rate_of(const stage_view& s) {
  const auto& a = s.algorithm;
  if (s.is_study())
    return {};
  float factor = a.transfer_lr_vec.empty() ? a.transfer_lr : a.transfer_lr_vec[s.from];
  const float from = a.gamma_of(s.from);
  const float to = a.gamma_of(s.from + 1);
  if (a.has_hidden_matrix() && from > 0 && to > 0)
    factor *= from / to;
  return {factor, !a.scale_transfer_lr};
}

/// Change of the fast weights that makes one pulse of the slow ones.
float chopped_threshold(const stage_view& s) {
  const auto& a = s.algorithm;
  float b = (a.buffer_granularity > 0 ? a.buffer_granularity : 1.0F) * s.fast_granularity();
  if (a.auto_granularity > 0) {
    const double every = std::abs(every_of(s)) * (s.is_study() && a.units_in_mbatch ? s.batch_size : 1);
    b *= static_cast<float>(double{a.auto_granularity} / (s.lines * every));
  }
  return a.correct_gradient_magnitudes ? b * s.slow_granularity() / s.fast_granularity() : b;
}

numerics::chopper_schedule choppers_of(const algorithm_configuration& a) {
  if (a.in_chop_prob <= 0)
    return numerics::chopper_schedule::never;
  return a.in_chop_random ? numerics::chopper_schedule::random : numerics::chopper_schedule::regular;
}

numerics::chopped_rule chopped_rule_of(const stage_view& s) {
  const auto& a = s.algorithm;
  return {.threshold = chopped_threshold(s),
          .relative_to_fast_rate = a.correct_gradient_magnitudes,
          .most_pulses = a.transfer_desired_bl,
          .momentum = a.momentum,
          .forget_buffer = a.forget_buffer,
          .no_buffer = a.no_buffer,
          .input_choppers = choppers_of(a),
          .in_chop_prob = a.in_chop_prob,
          .out_chop_prob = a.out_chop_prob,
          .dynamic = a.kind != transfer_kind::chopped,
          .tail_weightening = a.tail_weightening,
          .buffer_cap = a.buffer_cap,
          .correct_accumulation = a.experimental_correct_accumulation,
          .fast_granularity = s.fast_granularity(),
          .warm_up = !s.is_study(),
          .study_schedule = s.is_study()};
}

numerics::transfer_rule rule_of(const stage_view& s) {
  const auto& a = s.algorithm;
  switch (a.kind) {
  case transfer_kind::tiki_taka:
    return numerics::direct_rule{};
  case transfer_kind::buffered:
    return numerics::buffered_rule{.threshold = a.thres_scale * s.slow_granularity(),
                                   .most_pulses = a.transfer_desired_bl,
                                   .momentum = a.momentum,
                                   .forget_buffer = a.forget_buffer};
  default:
    return chopped_rule_of(s);
  }
}

/// Pulses come out of a digital gradient instead of a fast array.
stage_plan plan_mixed_precision(const algorithm_configuration& a, std::uint32_t outputs, std::uint64_t key) {
  const float eps = a.mixed_granularity > 0 ? a.mixed_granularity : a.granularity.front();
  const auto rows = a.n_rows_per_transfer > 0 ? static_cast<std::uint32_t>(a.n_rows_per_transfer) : outputs;
  stage_plan plan;
  plan.stage.order = {
      .lines = outputs, .per_event = std::min(rows, outputs), .random = a.random_row, .seed = a.seed, .stream = key};
  plan.stage.side = line_side::outputs;
  plan.stage.rule = numerics::rank_one_rule{.granularity = eps,
                                            .x_bins = a.n_x_bins,
                                            .d_bins = a.n_d_bins,
                                            .stochastic_x = a.stoc_round_x,
                                            .stochastic_d = a.stoc_round_d};
  plan.period = {whole(a.transfer_every), true};
  plan.write_rate = {eps * a.transfer_lr, true};
  return plan;
}

} // namespace

stage_plan plan_stage(const algorithm_configuration& algorithm, std::uint32_t stage, std::uint32_t inputs,
                      std::uint32_t outputs, std::uint32_t batch_size, std::uint64_t key) {
  if (algorithm.family == algorithm_family::mixed_precision)
    return plan_mixed_precision(algorithm, outputs, key);
  const stage_view s{.algorithm = algorithm,
                     .from = stage,
                     .lines = algorithm.transfer_columns ? inputs : outputs,
                     .length = algorithm.transfer_columns ? outputs : inputs,
                     .batch_size = batch_size};
  const auto per_event = s.lines_per_event();
  stage_plan plan;
  plan.stage.order = {.lines = s.lines,
                      .first = s.is_study() ? 1 % s.lines : 0,
                      .per_event = per_event,
                      .random = algorithm.random_selection && !s.is_chopped() && !s.is_study(),
                      .seed = algorithm.seed,
                      .stream = key};
  plan.stage.side = algorithm.transfer_columns ? line_side::inputs : line_side::outputs;
  plan.stage.rule = rule_of(s);
  plan.stage.fast_rate = {.fast_lr = algorithm.fast_lr,
                          .desired_bl = algorithm.desired_bl,
                          .granularity = algorithm.granularity.front(),
                          .auto_momentum = algorithm.auto_momentum,
                          .times_learning_rate = algorithm.scale_fast_lr,
                          .per_mini_batch = algorithm.kind == transfer_kind::study_dynamic};
  plan.period = period_of(s);
  plan.transfer_rate = transfer_rate_of(s);
  plan.write_rate = algorithm.kind == transfer_kind::tiki_taka
                        ? plan.transfer_rate
                        : operation_rate{algorithm.step * s.slow_granularity(), true};
  return plan;
}

operation_rate fast_rate_of(const algorithm_configuration& algorithm) {
  if (algorithm.family != algorithm_family::transfer || algorithm.fast_lr <= 0)
    return {};
  return {algorithm.fast_lr, !algorithm.scale_fast_lr};
}

std::uint32_t longest_train_of(const algorithm_configuration& algorithm) {
  const bool is_written = algorithm.family == algorithm_family::transfer;
  return static_cast<std::uint32_t>(is_written ? algorithm.transfer_desired_bl : algorithm.desired_bl);
}

float update_granularity_of(const algorithm_configuration& algorithm) {
  const auto& g = algorithm.granularity;
  // AIHWKit's compounds are one tile with the mean of all devices; the study's arrays stand alone.
  const bool is_compound =
      algorithm.family == algorithm_family::transfer && algorithm.kind != transfer_kind::study_dynamic;
  if (!is_compound)
    return g.front();
  return std::accumulate(g.begin(), g.end(), 0.0F) / static_cast<float>(g.size());
}

namespace {

/// What the classes with choppers have in common.
void set_chopper_defaults(algorithm_configuration& a) {
  a.momentum = 0;
  a.units_in_mbatch = false;
  a.scale_fast_lr = false;
}

transfer_kind kind_of(algorithm_name name) {
  switch (name) {
  case algorithm_name::buffered:
    return transfer_kind::buffered;
  case algorithm_name::chopped:
    return transfer_kind::chopped;
  case algorithm_name::dynamic:
    return transfer_kind::dynamic;
  case algorithm_name::study_dynamic:
    return transfer_kind::study_dynamic;
  default:
    return transfer_kind::tiki_taka;
  }
}

algorithm_family family_of(algorithm_name name) {
  switch (name) {
  case algorithm_name::sgd:
    return algorithm_family::sgd;
  case algorithm_name::mixed_precision:
    return algorithm_family::mixed_precision;
  default:
    return algorithm_family::transfer;
  }
}

} // namespace

/// What the code published with "In-memory training on analog devices with limited conductance states via multi-tile
/// residual learning" (arXiv 2510.02516) uses, for any number of tiles.
void set_residual_defaults(algorithm_configuration& a) {
  for (std::uint32_t role = 0; role < a.roles; ++role) {
    const auto above = static_cast<float>(a.roles - 1 - role);
    if (a.gamma.size() < a.roles)
      a.gamma.push_back(std::pow(0.5F, above));
    if (a.transfer_every_vec.size() < a.roles)
      a.transfer_every_vec.push_back(role + 1 == a.roles ? 0 : 2 * std::pow(5.0, role));
    if (a.transfer_lr_vec.size() < a.roles)
      a.transfer_lr_vec.push_back(0.1F * std::pow(1.2F, above));
  }
}

algorithm_configuration defaults_of(algorithm_name name) {
  algorithm_configuration a;
  for (const auto& [spelling, named] : names_of(name))
    if (named == name)
      a.name = spelling;
  a.family = family_of(name);
  a.kind = kind_of(name);
  a.roles = a.family == algorithm_family::transfer ? 2 : 1;
  if (a.has_hidden_matrix() && a.kind != transfer_kind::buffered)
    set_chopper_defaults(a);
  if (a.kind == transfer_kind::dynamic || a.kind == transfer_kind::study_dynamic)
    a.in_chop_random = false;
  if (a.kind == transfer_kind::study_dynamic) {
    a.units_in_mbatch = true;
    a.auto_scale = true;
  }
  if (name == algorithm_name::residual) {
    a.warm_start = true;
    a.scale_transfer_lr = false;
  }
  return a;
}

} // namespace tilework::workload
