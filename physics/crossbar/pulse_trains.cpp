// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/coincidences.h>
#include <tilework/physics/crossbar/pulse_trains.h>
#include <tilework/physics/crossbar/train_kernels.h>
#include <tilework/physics/periphery/input_scale.h>
#include <tilework/physics/simd/dispatch.h>

#include <algorithm>
#include <cmath>

namespace tilework::physics {
namespace {

constexpr std::uint32_t output_side_tag = 1U << 31U;
constexpr std::uint32_t rounding_tag = 1U << 30U;
constexpr std::size_t word_bits = 32;

/// Inputs are all listed, silent ones too, if at least this share of them may fire: whole vectors of cells are cheaper
/// than gaps between them.
constexpr float complete_share = 0.875F;
/// Cross-points without pulses are listed too, if a pair of lines has at least so many pulses on average.
constexpr double dense_pulses = 1;

/// \param chopper of the line; null: none
std::int32_t sign_of(float operand, std::int32_t direction, const float* chopper) {
  const bool chopped = chopper != nullptr && *chopper < 0;
  return (operand < 0) != chopped ? -direction : direction;
}

const float* data_of(std::span<const float> values) {
  return values.empty() ? nullptr : values.data();
}

} // namespace

pulse_trains::pulse_trains(const update_parameters& parameters, float granularity, array_shape shape,
                           std::uint32_t vectors, const noise_stream& stream, instruction_set isa)
    : parameters_(parameters), granularity_(granularity), stream_(stream), isa_(dispatch_index(isa)) {
  inputs_.size = shape.inputs;
  outputs_.size = shape.outputs;
  outputs_.slot_tag = output_side_tag;
  inputs_.steps.step = outputs_.steps.step = relative_step(parameters.res);
  inputs_.steps.stochastic = outputs_.steps.stochastic = parameters.sto_round;
  if (parameters.pulse_type == pulse_type::deterministic_implicit) {
    inputs_.steps = {.step = relative_step(parameters.x_res_implicit)};
    outputs_.steps = {.step = relative_step(parameters.d_res_implicit)};
  }
  for (auto* s : {&inputs_, &outputs_})
    s->stride = (s->size + line_padding - 1) / line_padding * line_padding;
  reserve(vectors, static_cast<std::uint32_t>(parameters.desired_bl));
}

void pulse_trains::reserve(std::uint32_t vectors, std::uint32_t longest) {
  if (vectors <= room_ && longest <= longest_)
    return;
  room_ = std::max(room_, vectors);
  longest_ = std::max(longest_, longest);
  if (!parameters_.is_dense())
    words_ = (std::size_t{longest_} + word_bits - 1) / word_bits;
  const std::size_t groups = (std::size_t{room_} + group_vectors - 1) / group_vectors;
  for (auto* s : {&inputs_, &outputs_}) {
    s->lines.resize(room_ * s->stride);
    s->signs.resize(room_ * s->stride);
    s->trains.resize(room_ * words_ * s->stride);
    if (parameters_.is_dense())
      s->levels.resize(room_ * s->stride);
    s->firing.resize(room_);
    s->pulses.resize(room_);
    s->probabilities.resize(groups * s->stride);
    s->thresholds.resize(groups * s->stride);
    s->uniforms.resize(groups * s->stride);
  }
  bit_lengths_.resize(room_);
  random_bits_.resize(room_);
  clips_.resize(room_);
  lists_all_.resize(room_);
}

firing_lines pulse_trains::view(const side& s, std::uint32_t vector) const {
  const std::size_t first = vector * s.stride;
  const std::size_t n = s.firing[vector];
  return {{s.lines.data() + first, n},
          {s.signs.data() + first, n},
          s.trains.data() + first * words_,
          s.stride,
          s.levels.data() + (s.levels.empty() ? 0 : first)};
}

void pulse_trains::begin(const_burst x, const_burst d, const update_options& options, std::uint64_t first_vector) {
  reserve(x.vectors, longest_train(parameters_, granularity_, options.largest_rate()));
  x_ = x;
  d_ = d;
  options_ = options;
  inputs_.choppers = data_of(options.input_signs);
  outputs_.choppers = data_of(options.output_signs);
  first_vector_ = first_vector;
  vectors_ = x.vectors;
}

void pulse_trains::draw_group(std::uint32_t group) {
  const std::uint32_t first = group * group_vectors;
  const std::uint32_t last = std::min(first + group_vectors, vectors_);
  for (std::uint32_t v = first; v < last; ++v)
    draw_vector(v);
}

void pulse_trains::draw(const_burst x, const_burst d, const update_options& options, std::uint64_t first_vector) {
  begin(x, d, options, first_vector);
  for (std::uint32_t g = 0; g < groups(); ++g)
    draw_group(g);
}

void pulse_trains::draw_vector(std::uint32_t v) {
  const auto x = x_[v];
  const auto d = d_[v];
  const float rate = options_.rate(v);
  const std::int32_t direction = rate < 0 ? -1 : 1;
  pulse_plan plan;
  if (rate != 0)
    plan = plan_pulses(parameters_, granularity_, std::abs(rate), largest_magnitude(x), largest_magnitude(d));
  bit_lengths_[v] = plan.bit_length;
  clips_[v] = plan.clips;
  inputs_.pulses[v] = outputs_.pulses[v] = random_bits_[v] = 0;
  const auto inputs = find_probabilities(inputs_, x, plan.input_factor, v);
  const auto outputs = find_probabilities(outputs_, d, plan.output_factor, v);
  if (parameters_.is_dense()) {
    set_levels(inputs_, x, 1, v);
    set_levels(outputs_, d, direction, v);
  } else {
    draw_trains(inputs_, x, 1, v, inputs);
    draw_trains(outputs_, d, direction, v, outputs);
  }
  const double coincidences = static_cast<double>(inputs_.pulses[v]) * static_cast<double>(outputs_.pulses[v]);
  const double pairs = static_cast<double>(inputs_.size) * outputs_.firing[v];
  lists_all_[v] = inputs_.firing[v] == inputs_.size && coincidences >= dense_pulses * pairs * plan.bit_length;
}

std::span<float> pulse_trains::probabilities_of(side& s, std::uint32_t vector) const {
  return std::span(s.probabilities).subspan(vector / group_vectors * s.stride, s.stride);
}

std::size_t pulse_trains::find_probabilities(side& s, std::span<const float> operand, float factor,
                                             std::uint32_t vector) const {
  const std::span uniforms(s.uniforms.data() + vector / group_vectors * s.stride, s.size);
  const bool rounds_randomly = s.steps.needs_uniforms();
  if (rounds_randomly)
    stream_.fill_uniforms(first_vector_ + vector, s.slot_tag | rounding_tag, uniforms);
  return physics::find_probabilities(s.steps, factor, operand, rounds_randomly ? uniforms.data() : nullptr,
                                     probabilities_of(s, vector), isa_);
}

/// Lines that fire at all, with what the count of a cross-point is made of.
void pulse_trains::set_levels(side& s, std::span<const float> operand, std::int32_t direction,
                              std::uint32_t vector) const {
  const auto bit_length = static_cast<float>(bit_lengths_[vector]);
  const std::size_t first = vector * s.stride;
  std::fill_n(s.levels.begin() + static_cast<std::ptrdiff_t>(first), s.stride, 0.0F);
  const auto probabilities = probabilities_of(s, vector);
  std::uint32_t firing = 0;
  for (std::uint32_t l = 0; l < s.size; ++l) {
    const float p = std::min(probabilities[l], 1.0F);
    const float pulses = std::rint(bit_length * p);
    if (!(pulses > 0))
      continue; // then no product of levels reaches 1/2 either
    s.lines[first + firing] = l;
    s.signs[first + firing] = sign_of(operand[l], direction, s.choppers == nullptr ? nullptr : s.choppers + l);
    if (parameters_.pulse_type == pulse_type::mean_count)
      s.levels[first + firing] = pulses;
    else
      s.levels[first + firing] = &s == &outputs_ ? bit_length * p : p;
    ++firing;
    s.pulses[vector] += static_cast<std::uint64_t>(pulses);
  }
  s.firing[vector] = firing;
}

void pulse_trains::draw_trains(side& s, std::span<const float> operand, std::int32_t direction, std::uint32_t vector,
                               std::size_t may_fire) {
  const std::size_t first = vector * s.stride;
  const bool lists_silent =
      &s == &inputs_ && static_cast<float>(may_fire) >= complete_share * static_cast<float>(s.size);
  s.firing[vector] = 0;
  if (bit_lengths_[vector] == 0)
    return;
  const train_law law{operand,
                      direction,
                      probabilities_of(s, vector).data(),
                      bit_lengths_[vector],
                      lists_silent,
                      stream_.key(),
                      first_vector_ + vector,
                      s.slot_tag,
                      s.choppers};
  const train_room room{s.stride,
                        words_,
                        s.lines.data() + first,
                        s.signs.data() + first,
                        s.trains.data() + first * words_,
                        s.thresholds.data() + vector / group_vectors * s.stride};
  const auto drawn = physics::draw_trains(law, room, isa_);
  s.firing[vector] = static_cast<std::uint32_t>(drawn.listed);
  s.pulses[vector] = drawn.pulses;
  random_bits_[vector] += may_fire * std::uint64_t{bit_lengths_[vector]};
}

found_pulses pulse_trains::find_pulses(std::uint32_t vector, std::size_t first, std::size_t last,
                                       const pulse_room& room) const {
  const crossing_lines lines{inputs(vector), outputs(vector), first, last, inputs_.size, lists_all_[vector] != 0};
  if (!parameters_.is_dense())
    return pulses_of_trains(lines, words_, room, isa_);
  const float divisor =
      parameters_.pulse_type == pulse_type::mean_count ? static_cast<float>(bit_lengths_[vector]) : 1.0F;
  return pulses_of_levels(lines, divisor, room, isa_);
}

pulse_trains::totals pulse_trains::sums() const {
  totals t;
  for (std::uint32_t v = 0; v < vectors_; ++v) {
    t.slots += bit_lengths_[v];
    t.random_bits += random_bits_[v];
    t.input_pulses += inputs_.pulses[v];
    t.output_pulses += outputs_.pulses[v];
    t.vectors += bit_lengths_[v] > 0;
    t.clipped += clips_[v];
  }
  return t;
}

double pulse_trains::expected_coincidences() const {
  const auto t = sums();
  return t.slots == 0 ? 0
                      : static_cast<double>(t.input_pulses) * static_cast<double>(t.output_pulses) /
                            static_cast<double>(t.slots);
}

operation_activity pulse_trains::activity(std::uint64_t coincidences, array_shape whole) const {
  const auto t = sums();
  operation_activity a;
  a.pulse_slots = t.slots;
  a.input_line_pulses = t.input_pulses;
  a.output_line_pulses = t.output_pulses;
  a.coincidences = coincidences;
  // Every pulse of a line passes all its cells; a cell in a coincidence sees two pulses.
  a.half_selected = t.input_pulses * whole.outputs + t.output_pulses * whole.inputs - 2 * coincidences;
  a.random_bits = t.random_bits;
  a.update_vectors = t.vectors;
  a.clipped_updates = t.clipped;
  return a;
}

} // namespace tilework::physics
