// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/periphery/input_scale.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace tilework::physics {
namespace {

/// Draws of one pass that must differ from each other: part of the slot.
enum class draw : std::uint32_t { input_rounding, input_noise, weight_noise, output_noise, output_rounding };

float squared_norm(std::span<const float> v) {
  return std::inner_product(v.begin(), v.end(), v.begin(), 0.0F);
}

/// Slots of the static draws.
enum class line_draw : std::uint32_t { v_offset, nonlinearity, out_noise, read_asymmetry };

std::vector<float> normals_of(const noise_stream& lines, line_draw what, std::size_t count) {
  std::vector<float> values(count);
  lines.fill_normals(0, static_cast<std::uint32_t>(what), values);
  return values;
}

std::vector<float> spread(const noise_stream& lines, line_draw what, float mean, float relative_std,
                          std::uint32_t count) {
  auto values = normals_of(lines, what, count);
  for (auto& v : values)
    v = std::abs(mean * (1 + relative_std * v));
  return values;
}

std::vector<float> first_of(const std::vector<float>& values, std::uint32_t count) {
  return {values.begin(), values.begin() + count};
}

std::uint64_t count_non_zero(std::span<const float> v) {
  return static_cast<std::uint64_t>(std::count_if(v.begin(), v.end(), [](float x) { return x != 0; }));
}

} // namespace

void add_to(operation_activity& activity, const mvm_effort& effort) {
  for (std::uint32_t round = 0; round < effort.rounds; ++round)
    ++activity.vectors_in_round.at(round);
  activity.active_inputs += effort.active_inputs;
  activity.saturations += effort.saturations;
}

/// One use of the array: its noise addresses and its memory.
struct analog_mvm::pass {
  const weight_view& w;
  const noise_stream& noise;
  std::uint64_t vector;
  std::uint32_t round;     ///< of bound management
  std::uint32_t read;      ///< index in the read plan
  std::span<float> driven; ///< DAC outputs
  std::span<float> part;   ///< those that this read applies
  std::span<float> work_driven;
  std::span<float> partial; ///< product of a read after the first one
  std::span<float> work_read;
  std::span<float> work_read2;

  void normals(draw what, std::span<float> out) const { noise.fill_normals(vector, slot(what), out); }
  void uniforms(draw what, std::span<float> out) const { noise.fill_uniforms(vector, slot(what), out); }
  [[nodiscard]] std::uint32_t slot(draw what) const {
    return (static_cast<std::uint32_t>(what) << 16U) | (read << 8U) | round;
  }
};

analog_mvm::analog_mvm(io_parameters parameters, array_shape shape, mvm_direction direction, const noise_stream& lines)
    : io_(std::move(parameters)),
      direction_(direction),
      driven_(direction == mvm_direction::forward ? shape.inputs : shape.outputs),
      read_(direction == mvm_direction::forward ? shape.outputs : shape.inputs),
      dac_(converter::make(io_.inp_res, io_.inp_bound, io_.inp_sto_round)),
      adc_(converter::make(io_.out_res, io_.out_bound, io_.out_sto_round)) {
  io_.validate();
  io_.require_lines(read_);
  plan_ = plan_of(io_);
  draw_lines(shape, lines);
}

void analog_mvm::draw_lines(array_shape shape, const noise_stream& lines) {
  line_properties drawn;
  if (!io_.v_offset.empty()) {
    drawn.v_offset = first_of(io_.v_offset, read_);
  } else if (io_.v_offset_std > 0) {
    drawn.v_offset = normals_of(lines, line_draw::v_offset, read_);
    for (auto& v : drawn.v_offset)
      v = std::max(io_.v_offset_std * v, 0.0F);
  }
  if (!io_.out_nonlinearity_values.empty()) {
    drawn.nonlinearity = first_of(io_.out_nonlinearity_values, read_);
  } else if (io_.out_nonlinearity > 0) {
    const float at_bound = io_.out_bound > 0 ? io_.out_nonlinearity / io_.out_bound : io_.out_nonlinearity;
    drawn.nonlinearity = spread(lines, line_draw::nonlinearity, at_bound, io_.out_nonlinearity_std, read_);
  }
  if (!io_.out_noise_values.empty())
    drawn.out_noise = first_of(io_.out_noise_values, read_);
  else if (io_.out_noise > 0 && io_.out_noise_std > 0)
    drawn.out_noise = spread(lines, line_draw::out_noise, io_.out_noise, io_.out_noise_std, read_);
  set_lines(std::move(drawn));
  if (io_.w_read_asymmetry_dtod > 0 && std::ranges::any_of(plan_.reads, &array_read::one_sign)) {
    read_asymmetry_ = normals_of(lines, line_draw::read_asymmetry, shape.cells());
    for (auto& k : read_asymmetry_)
      k = 1 + io_.w_read_asymmetry_dtod * k;
  }
}

void analog_mvm::set_lines(line_properties lines) {
  lines_ = std::move(lines);
  const auto& n = lines_.nonlinearity;
  const float mean = n.empty() ? 0.0F : std::accumulate(n.begin(), n.end(), 0.0F) / static_cast<float>(n.size());
  const float bound = io_.out_bound > 0 ? io_.out_bound : 1.0F;
  const float root = io_.slope_calibration > 0 ? 1 + (mean + io_.r_series) * io_.slope_calibration * bound : 1.0F;
  calibration_ = root * root;
}

bool analog_mvm::manages_bounds() const {
  return direction_ == mvm_direction::forward && io_.bound_management != bound_management::none;
}

bool analog_mvm::silences(float scale) const {
  if (is_exact() || io_.noise_management == noise_management::none || scale > 0)
    return false;
  return direction_ == mvm_direction::backward || io_.inp_noise <= 0;
}

mvm_effort analog_mvm::run(const weight_view& w, std::span<const float> x, std::span<float> y, float scale,
                           const noise_stream& noise, std::uint64_t vector, std::span<float> scratch) const {
  mvm_effort effort;
  if (is_exact()) {
    multiply(w, x, y);
    for (auto& v : y)
      v *= io_.out_scale;
    effort.rounds = 1;
    effort.active_inputs = count_non_zero(x);
    return effort;
  }
  if (silences(scale)) {
    std::fill(y.begin(), y.end(), 0.0F);
    return effort;
  }
  const std::size_t n = driven_;
  const std::size_t m = read_;
  const auto reads = scratch.subspan(3 * n);
  pass p{w,
         noise,
         vector,
         0,
         0,
         scratch.subspan(0, n),
         scratch.subspan(n, n),
         scratch.subspan(2 * n, n),
         reads.subspan(0, m),
         reads.subspan(m, m),
         reads.subspan(2 * m, m)};
  float reduction = 0.5F;
  float factor = 1;
  for (bool accepted = false; !accepted; ++p.round) {
    reduction *= 2;
    if (p.round == 1 && io_.bound_management == bound_management::iterative_worst_case &&
        io_.noise_management != noise_management::abs_max_np_sum) {
      scale = worst_case_scale(io_, x);
      reduction = 1;
    }
    factor = io_.noise_management != noise_management::none && scale > 0 ? 1 / scale : 1.0F;
    if (manages_bounds())
      factor /= reduction;
    accepted = run_pass(p, x, y, factor, effort) || !manages_bounds() ||
               static_cast<int>(reduction) > io_.max_bm_factor ||
               (dac_.step > 0 && reduction > io_.max_bm_res / dac_.step);
  }
  effort.rounds = p.round;
  const float back = io_.out_scale / factor;
  for (auto& v : y)
    v *= back;
  return effort;
}

bool analog_mvm::run_pass(pass& p, std::span<const float> x, std::span<float> y, float factor,
                          mvm_effort& effort) const {
  p.read = 0;
  quantise_inputs(p, x, factor);
  if (io_.mv_type == mv_type::split_mode || io_.mv_type == mv_type::bit_wise)
    return run_parts(p, y, effort);
  effort.active_inputs += count_non_zero(p.driven);
  disturb_inputs(p, p.driven);
  if (!plan_.is_plain())
    return run_signs(p, y, effort);
  read_array(p, p.w, p.driven, y);
  return convert(p, y, effort);
}

/// Negative inputs first, then positive ones; their products are added on the line or digitally.
bool analog_mvm::run_signs(pass& p, std::span<float> y, mvm_effort& effort) const {
  weight_view negative = p.w;
  negative.factors = read_asymmetry_.empty() ? nullptr : read_asymmetry_.data();
  const bool digital = plan_.reads.front().converted;
  std::transform(p.driven.begin(), p.driven.end(), p.part.begin(), [](float v) { return std::min(v, 0.0F); });
  read_array(p, negative, p.part, y);
  bool in_range = !digital || convert(p, y, effort);
  p.read = 1;
  std::transform(p.driven.begin(), p.driven.end(), p.part.begin(), [](float v) { return std::max(v, 0.0F); });
  read_array(p, p.w, p.part, p.partial);
  if (digital)
    in_range = convert(p, p.partial, effort) && in_range;
  std::transform(y.begin(), y.end(), p.partial.begin(), y.begin(), std::plus<>());
  p.read = 0;
  return digital ? in_range : convert(p, y, effort);
}

/// Every part of the input code is a pass of its own, noise and ADC included; results are shifted and added digitally.
bool analog_mvm::run_parts(pass& p, std::span<float> y, mvm_effort& effort) const {
  bool in_range = true;
  for (const auto& part : plan_.reads) {
    select_bits(p, part);
    effort.active_inputs += count_non_zero(p.part);
    disturb_inputs(p, p.part);
    const auto out = p.read == 0 ? y : p.partial;
    read_array(p, p.w, p.part, out);
    in_range = convert(p, out, effort) && in_range;
    if (p.read > 0) {
      const auto weight = static_cast<float>(1U << part.shift);
      for (std::size_t i = 0; i < y.size(); ++i)
        y[i] += weight * out[i];
    }
    ++p.read;
  }
  return in_range;
}

/// The signed part of every input code, in units of the DAC's step.
void analog_mvm::select_bits(const pass& p, const array_read& part) const {
  const std::uint32_t mask = (1U << part.bits) - 1;
  for (std::size_t j = 0; j < p.part.size(); ++j) {
    const auto code = static_cast<std::uint32_t>(std::rint(std::abs(p.driven[j]) / dac_.step));
    p.part[j] = std::copysign(dac_.step * static_cast<float>((code >> part.shift) & mask), p.driven[j]);
  }
}

void analog_mvm::quantise_inputs(const pass& p, std::span<const float> x, float factor) const {
  const auto out = p.driven;
  if (dac_.needs_uniforms()) {
    p.uniforms(draw::input_rounding, p.work_driven);
    for (std::size_t j = 0; j < out.size(); ++j)
      out[j] = dac_.clip(dac_.quantise(x[j] * factor, p.work_driven[j]));
  } else {
    for (std::size_t j = 0; j < out.size(); ++j)
      out[j] = dac_.clip(dac_.quantise(x[j] * factor));
  }
}

void analog_mvm::disturb_inputs(const pass& p, std::span<float> driven) const {
  if (io_.inp_noise > 0) {
    p.normals(draw::input_noise, p.work_driven);
    for (std::size_t j = 0; j < driven.size(); ++j)
      driven[j] += io_.inp_noise * p.work_driven[j];
  }
  if (io_.inp_asymmetry != 0)
    for (auto& v : driven)
      if (v < 0)
        v *= 1 - io_.inp_asymmetry;
}

void analog_mvm::read_array(const pass& p, const weight_view& w, std::span<const float> driven,
                            std::span<float> y) const {
  multiply(w, driven, y);
  if (io_.ir_drop > 0)
    subtract_ir_drop(p, w, driven, y);
  if (!lines_.v_offset.empty() || io_.r_series > 0)
    apply_offsets(driven, y);
  if (io_.w_noise > 0 && io_.w_noise_type != weight_noise::none)
    add_weight_noise(p, w, driven, y);
}

/// Voltage drop along the read line, a cubic in the line's total current instead of a circuit solution.
void analog_mvm::subtract_ir_drop(const pass& p, const weight_view& w, std::span<const float> driven,
                                  std::span<float> y) const {
  const auto n = static_cast<float>(driven_);
  const auto inputs = p.work_driven;
  const auto current = p.work_read;
  const auto weighted = p.work_read2;
  for (std::size_t j = 0; j < inputs.size(); ++j)
    inputs[j] = std::abs(driven[j]);
  multiply_absolute(w, inputs, current);
  for (std::size_t j = 0; j < inputs.size(); ++j) {
    const float distance = 1 - static_cast<float>(j) / n;
    inputs[j] = driven[j] * (1 - distance * distance);
  }
  multiply(w, inputs, weighted);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float a = n / io_.ir_drop_g_ratio * current[i];
    const float drop = a * (a * (0.05F * a - 0.2F) + 0.5F);
    y[i] -= io_.ir_drop * drop * weighted[i];
  }
}

/// Voltage offsets of the outputs and series resistance; weights are differences to a reference of weight
/// -v_offset_w_min.
void analog_mvm::apply_offsets(std::span<const float> driven, std::span<float> y) const {
  const float reference =
      io_.v_offset_w_min == 0 ? 0.0F : -io_.v_offset_w_min * std::accumulate(driven.begin(), driven.end(), 0.0F);
  const auto damped = [&](float v) { return v / (1 + std::min(io_.r_series * std::abs(v), io_.r_series_max_total)); };
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float offset = lines_.v_offset.empty() ? 0.0F : lines_.v_offset[i];
    y[i] = (1 - offset) * damped(y[i] + reference) - (1 + offset) * damped(reference);
  }
}

/// Fresh weight noise, referred to the output: the same law as noise on every weight.
void analog_mvm::add_weight_noise(const pass& p, const weight_view& w, std::span<const float> driven,
                                  std::span<float> y) const {
  p.normals(draw::weight_noise, p.work_read);
  if (io_.w_noise_type == weight_noise::additive_constant) {
    const float deviation = io_.w_noise * std::sqrt(squared_norm(driven));
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] += deviation * p.work_read[i];
    return;
  }
  std::transform(driven.begin(), driven.end(), p.work_driven.begin(), [](float v) { return v * v; });
  multiply_absolute(w, p.work_driven, p.work_read2);
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] += io_.w_noise * std::sqrt(p.work_read2[i]) * p.work_read[i];
}

/// Non-linearity, noise and ADC. Returns whether bound management has nothing to complain about.
bool analog_mvm::convert(const pass& p, std::span<float> y, mvm_effort& effort) const {
  if (!lines_.nonlinearity.empty() || io_.r_series > 0)
    for (std::size_t i = 0; i < y.size(); ++i) {
      const float n = lines_.nonlinearity.empty() ? 0.0F : lines_.nonlinearity[i];
      y[i] = calibration_ * y[i] / (1 + n * std::abs(y[i]));
    }
  if (io_.out_asymmetry > 0)
    for (auto& v : y)
      if (v < 0)
        v *= 1 - io_.out_asymmetry;
  if (io_.out_noise > 0 || !lines_.out_noise.empty()) {
    p.normals(draw::output_noise, p.work_read);
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] += (lines_.out_noise.empty() ? io_.out_noise : lines_.out_noise[i]) * p.work_read[i];
  }
  if (adc_.needs_uniforms()) {
    p.uniforms(draw::output_rounding, p.work_read);
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] = adc_.quantise(y[i], p.work_read[i]);
  } else {
    for (auto& v : y)
      v = adc_.quantise(v);
  }
  std::uint64_t above = 0;
  std::uint64_t below = 0;
  for (auto& v : y) {
    above += v > adc_.bound;
    below += v < -adc_.bound;
    v = adc_.clip(v);
  }
  effort.saturations += above + below;
  return above == 0 && (below == 0 || !io_.bm_test_negative_bound);
}

} // namespace tilework::physics
