// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/aligned_vector.h>
#include <tilework/physics/crossbar/analog_mvm.h>
#include <tilework/physics/periphery/converter_kernels.h>
#include <tilework/physics/periphery/input_scale.h>
#include <tilework/physics/simd/dispatch.h>

#include <algorithm>
#include <array>
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
  activity.active_inputs += effort.codes.active;
  activity.code_sum += effort.codes.sum;
  activity.code_squares += effort.codes.squares;
  activity.saturations += effort.saturations;
}

/// The numbers that a vector has for the lines of one side. Several vectors have theirs one behind the other.
enum class analog_mvm::line : std::uint8_t {
  driven, ///< DAC outputs
  part,   ///< those that a read applies
  work_driven,
  partial, ///< product of a read after the first one
  work_read,
  work_read2,
  result ///< in the caller's memory
};

namespace {

constexpr std::size_t lists_per_side = 3;
constexpr std::size_t cache_line = cache_line_bytes / sizeof(float);

/// Scratch memory of a group: lists of analog_mvm::line for every vector, then two for the random numbers of the
/// vector that is being worked on. Lists begin with cache lines; those of 2^n numbers do not begin at multiples of 2^n,
/// which would share few places of the nearest cache.
struct list_memory {
  list_memory(std::span<float> scratch, std::size_t vectors_, std::size_t driven, std::size_t read)
      : vectors(vectors_),
        driven_stride(stride_of(driven)),
        read_stride(stride_of(read)),
        first(at_cache_line(scratch.data())),
        random(first + lists_per_side * vectors * (driven_stride + read_stride)) {}
  static float* at_cache_line(float* memory) {
    const auto passed = reinterpret_cast<std::uintptr_t>(memory) / sizeof(float) % cache_line;
    return memory + (cache_line - passed) % cache_line;
  }
  static std::size_t size(std::size_t vectors, std::size_t driven, std::size_t read) {
    return lists_per_side * vectors * (stride_of(driven) + stride_of(read)) + 2 * stride_of(std::max(driven, read)) +
           cache_line;
  }
  static std::size_t stride_of(std::size_t length) { return (length / cache_line + 2) * cache_line; }

  std::size_t vectors;
  std::size_t driven_stride;
  std::size_t read_stride;
  float* first;
  float* random;
};

void multiply_by(float factor, std::span<float> y) {
  for (auto& v : y)
    v *= factor;
}

} // namespace

/// One vector on its way through the array.
struct analog_mvm::member {
  const float* x;
  float* y;
  std::uint64_t vector; ///< index for the noise
  mvm_effort* effort;
  std::size_t place; ///< in the scratch memory
  float scale;       ///< of noise management
  float reduction;   ///< of bound management
  float factor;      ///< of the inputs of this round
  bool in_range;     ///< bound management has nothing to complain about
};

/// One use of the array by a group of vectors: their noise addresses and their memory.
struct analog_mvm::pass {
  const analog_mvm& mvm;
  const weight_view& w;
  const noise_stream& noise;
  list_memory memory;
  std::span<member> members; ///< not yet answered
  std::uint32_t round = 0;   ///< of bound management
  std::uint32_t read = 0;    ///< index in the read plan

  [[nodiscard]] std::span<float> of(const member& m, line what) const {
    const auto list = static_cast<std::size_t>(what);
    if (what == line::result)
      return {m.y, mvm.read_};
    if (list < lists_per_side)
      return {memory.first + (list * memory.vectors + m.place) * memory.driven_stride, mvm.driven_};
    const auto place = (list - lists_per_side) * memory.vectors + m.place;
    return {memory.first + lists_per_side * memory.vectors * memory.driven_stride + place * memory.read_stride,
            mvm.read_};
  }

  /// Numbers for `count` lines, valid until the next ones.
  const float* normals(const member& m, draw what, std::size_t count) const {
    noise.fill_normals(m.vector, slot(what), {memory.random, count});
    return memory.random;
  }
  const float* uniforms(const member& m, draw what, std::size_t count) const {
    float* const to = memory.random + std::max(memory.driven_stride, memory.read_stride);
    noise.fill_uniforms(m.vector, slot(what), {to, count});
    return to;
  }
  [[nodiscard]] std::uint32_t slot(draw what) const {
    return (static_cast<std::uint32_t>(what) << 16U) | (read << 8U) | round;
  }

  /// Products of all members: from(m) points to the driven lines, to(m) to the read ones.
  template <typename From, typename To>
  void products(decltype(multiply)& product, const weight_view& weights, From from, To to) const {
    std::array<const float*, most_vectors> in; // NOLINT(*-member-init): written before it is read
    std::array<float*, most_vectors> out;      // NOLINT(*-member-init)
    for (std::size_t v = 0; v < members.size(); ++v) {
      in[v] = from(members[v]);
      out[v] = to(members[v]);
    }
    product(weights, std::span(in).first(members.size()), std::span(out).first(members.size()));
  }
  void products(decltype(multiply)& product, const weight_view& weights, line from, line to) const {
    products(
        product, weights, [&](const member& m) { return of(m, from).data(); },
        [&](const member& m) { return of(m, to).data(); });
  }
};

analog_mvm::analog_mvm(io_parameters parameters, array_shape shape, mvm_direction direction, const noise_stream& lines,
                       instruction_set isa)
    : io_(std::move(parameters)),
      direction_(direction),
      driven_(direction == mvm_direction::forward ? shape.inputs : shape.outputs),
      read_(direction == mvm_direction::forward ? shape.outputs : shape.inputs),
      isa_(dispatch_index(isa)),
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

bool analog_mvm::cuts_codes() const {
  return io_.mv_type == mv_type::split_mode || io_.mv_type == mv_type::bit_wise;
}

bool analog_mvm::silences(float scale) const {
  if (is_exact() || io_.noise_management == noise_management::none || scale > 0)
    return false;
  return direction_ == mvm_direction::backward || io_.inp_noise <= 0;
}

mvm_effort analog_mvm::run(const weight_view& w, std::span<const float> x, std::span<float> y, float scale,
                           const noise_stream& noise, std::uint64_t vector, std::span<float> scratch) const {
  mvm_effort effort;
  run(w, {x.data(), 1, driven_, driven_}, {y.data(), 1, read_, read_}, {&scale, 1}, noise, vector, scratch,
      {&effort, 1});
  return effort;
}

std::size_t analog_mvm::scratch_size(std::uint32_t vectors) const {
  return list_memory::size(vectors, driven_, read_);
}

void analog_mvm::run(const weight_view& w, const_burst x, mutable_burst y, std::span<const float> scales,
                     const noise_stream& noise, std::uint64_t first_vector, std::span<float> scratch,
                     std::span<mvm_effort> efforts) const {
  std::array<member, most_vectors> members; // NOLINT(*-member-init): written before it is read
  std::size_t count = 0;
  for (std::uint32_t v = 0; v < x.vectors; ++v) {
    efforts[v] = {};
    if (silences(scales[v]))
      std::ranges::fill(y[v], 0.0F);
    else
      members[count++] = {x[v].data(), y[v].data(), first_vector + v, &efforts[v], v, scales[v], 0.5F, 1, true};
  }
  pass p{*this, w, noise, {scratch, x.vectors, driven_, read_}, std::span(members).first(count)};
  if (is_exact())
    return multiply_exactly(p);
  for (; !p.members.empty(); ++p.round) {
    for (auto& m : p.members)
      choose_factor(p, m);
    run_pass(p);
    const auto refused =
        std::remove_if(p.members.begin(), p.members.end(), [&](const member& m) { return is_accepted(m); });
    p.members = p.members.first(static_cast<std::size_t>(refused - p.members.begin()));
  }
}

void analog_mvm::multiply_exactly(const pass& p) const {
  p.products(
      multiply, p.w, [](const member& m) { return m.x; }, [](const member& m) { return m.y; });
  for (const auto& m : p.members) {
    multiply_by(io_.out_scale, p.of(m, line::result));
    m.effort->rounds = 1;
    m.effort->codes = without_dac(count_non_zero({m.x, driven_}));
  }
}

/// Inputs whose values no DAC cut are driven for as long as the machine's DAC could.
input_codes analog_mvm::without_dac(std::uint64_t active) const {
  const float step = relative_step(io_.inp_res);
  const auto full = step > 0 ? static_cast<std::uint64_t>(std::rint(0.5F / step)) : 0;
  return {active, active * full, active * full * full};
}

void analog_mvm::choose_factor(const pass& p, member& m) const {
  m.reduction *= 2;
  if (p.round == 1 && io_.bound_management == bound_management::iterative_worst_case &&
      io_.noise_management != noise_management::abs_max_np_sum) {
    m.scale = worst_case_scale(io_, {m.x, driven_});
    m.reduction = 1;
  }
  m.factor = io_.noise_management != noise_management::none && m.scale > 0 ? 1 / m.scale : 1.0F;
  if (manages_bounds())
    m.factor /= m.reduction;
}

bool analog_mvm::is_accepted(const member& m) const {
  return m.in_range || !manages_bounds() || static_cast<int>(m.reduction) > io_.max_bm_factor ||
         (dac_.step > 0 && m.reduction > io_.max_bm_res / dac_.step);
}

/// What undoes the factor of the inputs.
float analog_mvm::back(const member& m) const {
  return io_.out_scale / m.factor;
}

void analog_mvm::run_pass(pass& p) const {
  p.read = 0;
  for (auto& m : p.members) {
    m.effort->rounds = p.round + 1;
    m.in_range = true;
    quantise_inputs(p, m);
  }
  if (cuts_codes())
    return run_parts(p);
  for (const auto& m : p.members)
    disturb_inputs(p, m, line::driven);
  if (!plan_.is_plain())
    return run_signs(p);
  read_array(p, p.w, line::driven, line::result);
  convert(p, line::result, true);
}

/// Negative inputs first, then positive ones; their products are added on the line or digitally.
void analog_mvm::run_signs(pass& p) const {
  weight_view negative = p.w;
  negative.factors = read_asymmetry_.empty() ? nullptr : read_asymmetry_.data();
  const bool digital = plan_.reads.front().converted;
  const auto select = [&](auto sign_of) {
    for (const auto& m : p.members)
      std::ranges::transform(p.of(m, line::driven), p.of(m, line::part).begin(), sign_of);
  };
  select([](float v) { return std::min(v, 0.0F); });
  read_array(p, negative, line::part, line::result);
  if (digital)
    convert(p, line::result, false);
  p.read = 1;
  select([](float v) { return std::max(v, 0.0F); });
  read_array(p, p.w, line::part, line::partial);
  if (digital)
    convert(p, line::partial, false);
  p.read = 0;
  for (const auto& m : p.members) {
    const auto y = p.of(m, line::result);
    std::ranges::transform(y, p.of(m, line::partial), y.begin(), std::plus<>());
  }
  if (!digital)
    return convert(p, line::result, true);
  for (const auto& m : p.members)
    multiply_by(back(m), p.of(m, line::result));
}

/// Every part of the input code is a pass of its own, noise and ADC included; results are shifted and added digitally.
void analog_mvm::run_parts(pass& p) const {
  for (const auto& part : plan_.reads) {
    for (const auto& m : p.members) {
      select_bits(p, m, part);
      disturb_inputs(p, m, line::part);
    }
    const auto out = p.read == 0 ? line::result : line::partial;
    read_array(p, p.w, line::part, out);
    convert(p, out, false);
    if (p.read > 0)
      for (const auto& m : p.members) {
        const auto weight = static_cast<float>(1U << part.shift);
        const auto y = p.of(m, line::result);
        std::ranges::transform(y, p.of(m, line::partial), y.begin(),
                               [&](float sum, float v) { return sum + weight * v; });
      }
    ++p.read;
  }
  for (const auto& m : p.members)
    multiply_by(back(m), p.of(m, line::result));
}

/// The signed part of every input code, in units of the DAC's step.
void analog_mvm::select_bits(const pass& p, const member& m, const array_read& part) const {
  const std::uint32_t mask = (1U << part.bits) - 1;
  const auto driven = p.of(m, line::driven);
  const auto selected = p.of(m, line::part);
  input_codes codes;
  for (std::size_t j = 0; j < selected.size(); ++j) {
    const auto code = static_cast<std::uint32_t>(std::rint(std::abs(driven[j]) / dac_.step));
    const std::uint32_t applied = (code >> part.shift) & mask;
    selected[j] = std::copysign(dac_.step * static_cast<float>(applied), driven[j]);
    codes += {applied == 0 ? 0U : 1U, applied, std::uint64_t{applied} * applied};
  }
  m.effort->codes += codes;
}

void analog_mvm::quantise_inputs(const pass& p, const member& m) const {
  const float* uniforms = nullptr;
  if (dac_.needs_uniforms())
    uniforms = p.uniforms(m, draw::input_rounding, driven_);
  const auto codes = convert_inputs(dac_, m.factor, {m.x, driven_}, uniforms, p.of(m, line::driven), isa_);
  if (!cuts_codes())
    m.effort->codes += dac_.step > 0 ? codes : without_dac(codes.active);
}

void analog_mvm::disturb_inputs(const pass& p, const member& m, line driven) const {
  const auto values = p.of(m, driven);
  if (io_.inp_noise > 0) {
    const float* normals = p.normals(m, draw::input_noise, driven_);
    for (std::size_t j = 0; j < values.size(); ++j)
      values[j] += io_.inp_noise * normals[j];
  }
  if (io_.inp_asymmetry != 0)
    for (auto& v : values)
      if (v < 0)
        v *= 1 - io_.inp_asymmetry;
}

void analog_mvm::read_array(const pass& p, const weight_view& w, line driven, line y) const {
  p.products(multiply, w, driven, y);
  if (io_.ir_drop > 0)
    subtract_ir_drop(p, w, driven, y);
  if (!lines_.v_offset.empty() || io_.r_series > 0)
    for (const auto& m : p.members)
      apply_offsets(p.of(m, driven), p.of(m, y));
  if (io_.w_noise > 0 && io_.w_noise_type != weight_noise::none)
    add_weight_noise(p, w, driven, y);
}

/// Voltage drop along the read line, a cubic in the line's total current instead of a circuit solution.
void analog_mvm::subtract_ir_drop(const pass& p, const weight_view& w, line driven, line y) const {
  const auto n = static_cast<float>(driven_);
  for (const auto& m : p.members)
    std::ranges::transform(p.of(m, driven), p.of(m, line::work_driven).begin(), [](float v) { return std::abs(v); });
  p.products(multiply_absolute, w, line::work_driven, line::work_read);
  for (const auto& m : p.members) {
    const auto in = p.of(m, driven);
    const auto weighted = p.of(m, line::work_driven);
    for (std::size_t j = 0; j < in.size(); ++j) {
      const float distance = 1 - static_cast<float>(j) / n;
      weighted[j] = in[j] * (1 - distance * distance);
    }
  }
  p.products(multiply, w, line::work_driven, line::work_read2);
  for (const auto& m : p.members) {
    const auto out = p.of(m, y);
    const auto current = p.of(m, line::work_read);
    const auto weighted = p.of(m, line::work_read2);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const float a = n / io_.ir_drop_g_ratio * current[i];
      const float drop = a * (a * (0.05F * a - 0.2F) + 0.5F);
      out[i] -= io_.ir_drop * drop * weighted[i];
    }
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
void analog_mvm::add_weight_noise(const pass& p, const weight_view& w, line driven, line y) const {
  const bool constant = io_.w_noise_type == weight_noise::additive_constant;
  if (!constant) {
    for (const auto& m : p.members)
      std::ranges::transform(p.of(m, driven), p.of(m, line::work_driven).begin(), [](float v) { return v * v; });
    p.products(multiply_absolute, w, line::work_driven, line::work_read);
  }
  for (const auto& m : p.members) {
    const float* normals = p.normals(m, draw::weight_noise, read_);
    const auto out = p.of(m, y);
    if (constant) {
      const float deviation = io_.w_noise * std::sqrt(squared_norm(p.of(m, driven)));
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] += deviation * normals[i];
    } else {
      const auto variance = p.of(m, line::work_read);
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] += io_.w_noise * std::sqrt(variance[i]) * normals[i];
    }
  }
}

/// Non-linearity and asymmetry of the read lines.
void analog_mvm::distort(std::span<float> y) const {
  if (!lines_.nonlinearity.empty() || io_.r_series > 0)
    for (std::size_t i = 0; i < y.size(); ++i) {
      const float n = lines_.nonlinearity.empty() ? 0.0F : lines_.nonlinearity[i];
      y[i] = calibration_ * y[i] / (1 + n * std::abs(y[i]));
    }
  if (io_.out_asymmetry > 0)
    for (auto& v : y)
      if (v < 0)
        v *= 1 - io_.out_asymmetry;
}

/// Non-linearity, noise and ADC. \param is_result nothing is added digitally any more: scale back
void analog_mvm::convert(const pass& p, line y, bool is_result) const {
  for (auto& m : p.members) {
    const auto out = p.of(m, y);
    distort(out);
    conversion_noise noise;
    if (io_.out_noise > 0 || !lines_.out_noise.empty())
      noise = {p.normals(m, draw::output_noise, read_), lines_.out_noise.empty() ? nullptr : lines_.out_noise.data(),
               io_.out_noise};
    const float* uniforms = adc_.needs_uniforms() ? p.uniforms(m, draw::output_rounding, read_) : nullptr;
    const auto clipped = convert_outputs(adc_, noise, uniforms, is_result ? back(m) : 1.0F, out, isa_);
    m.effort->saturations += clipped.above + clipped.below;
    m.in_range = m.in_range && clipped.above == 0 && (clipped.below == 0 || !io_.bm_test_negative_bound);
  }
}

} // namespace tilework::physics
