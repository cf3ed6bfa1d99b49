// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/pulse_trains.h>
#include <tilework/physics/periphery/converter.h>
#include <tilework/physics/periphery/input_scale.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace tilework::physics {
namespace {

constexpr std::uint32_t output_side_tag = 1U << 31U;
constexpr std::uint32_t rounding_tag = 1U << 30U;

/// Largest random word that fires: P(word <= last) = p to 2^-32. For p > 0.
std::uint32_t last_firing_word(float p) {
  if (p >= 1)
    return 0xFFFFFFFFU;
  return static_cast<std::uint32_t>(std::ceil(static_cast<double>(p) * 0x1p32) - 1);
}

} // namespace

pulse_trains::pulse_trains(const update_parameters& parameters, float granularity, array_shape shape,
                           std::uint32_t max_burst, const noise_stream& stream)
    : parameters_(parameters), granularity_(granularity), max_burst_(max_burst), stream_(stream) {
  inputs_.size = shape.inputs;
  outputs_.size = shape.outputs;
  outputs_.slot_tag = output_side_tag;
  for (auto* s : {&inputs_, &outputs_}) {
    s->lines.resize(std::size_t{max_burst} * s->size);
    s->firing.resize(max_burst);
    s->probabilities.resize(s->size);
    s->uniforms.resize(s->size);
  }
  reserve(static_cast<std::uint32_t>(parameters.desired_bl));
}

void pulse_trains::reserve(std::uint32_t longest) {
  if (longest <= longest_)
    return;
  longest_ = longest;
  words_ = (std::size_t{longest} + 63) / 64;
  for (auto* s : {&inputs_, &outputs_}) {
    s->trains.resize(std::size_t{max_burst_} * s->size * words_);
    s->pulses.resize(longest);
  }
}

firing_lines pulse_trains::view(const side& s, std::uint32_t vector) const {
  const std::size_t first = std::size_t{vector} * s.size;
  const std::size_t n = s.firing[vector];
  return {{s.lines.data() + first, n}, {s.trains.data() + first * words_, n * words_}};
}

void pulse_trains::draw(const_burst x, const_burst d, float learning_rate, std::uint64_t first_vector) {
  reserve(longest_train(parameters_, granularity_, learning_rate));
  activity_ = {};
  vectors_ = x.vectors;
  for (std::uint32_t v = 0; v < vectors_; ++v) {
    const auto plan =
        plan_pulses(parameters_, granularity_, learning_rate, largest_magnitude(x[v]), largest_magnitude(d[v]));
    draw_side(inputs_, x[v], plan.input_factor, plan.bit_length, v, first_vector + v);
    draw_side(outputs_, d[v], plan.output_factor, plan.bit_length, v, first_vector + v);
    count(plan.bit_length);
  }
}

void pulse_trains::quantise_probabilities(side& s, std::uint64_t noise_vector) const {
  const converter steps{relative_step(parameters_.res), {}, parameters_.sto_round};
  if (steps.step <= 0)
    return;
  if (!steps.stochastic) {
    for (auto& p : s.probabilities)
      p = steps.quantise(p);
    return;
  }
  stream_.fill_uniforms(noise_vector, s.slot_tag | rounding_tag, s.uniforms);
  for (std::size_t l = 0; l < s.probabilities.size(); ++l)
    s.probabilities[l] = steps.quantise(s.probabilities[l], s.uniforms[l]);
}

void pulse_trains::draw_side(side& s, std::span<const float> operand, float factor, std::uint32_t bit_length,
                             std::uint32_t vector, std::uint64_t noise_vector) {
  for (std::size_t l = 0; l < s.size; ++l)
    s.probabilities[l] = std::abs(operand[l]) * factor;
  quantise_probabilities(s, noise_vector);
  std::fill_n(s.pulses.begin(), bit_length, 0U);
  const std::size_t first = std::size_t{vector} * s.size;
  const std::span<firing_line> lines(s.lines.data() + first, s.size);
  const std::span<std::uint64_t> trains(s.trains.data() + first * words_, s.size * words_);
  std::size_t firing = 0;
  line_batch batch;
  const auto flush = [&] {
    draw_batch(batch, s.slot_tag, bit_length, noise_vector, trains.subspan(firing * words_));
    firing = keep_firing(batch, lines, trains, firing, s.pulses);
    activity_.random_bits += batch.count * bit_length;
    batch.count = 0;
  };
  if (bit_length > 0)
    for (std::uint32_t l = 0; l < s.size; ++l) {
      if (!(s.probabilities[l] > 0))
        continue;
      batch.line[batch.count] = l;
      batch.last_word[batch.count] = last_firing_word(s.probabilities[l]);
      batch.sign[batch.count] = operand[l] < 0 ? -1 : 1;
      if (++batch.count == lanes)
        flush();
    }
  if (batch.count > 0)
    flush();
  s.firing[vector] = static_cast<std::uint32_t>(firing);
}

/// Draws the trains of a batch of lines into consecutive places.
void pulse_trains::draw_batch(const line_batch& batch, std::uint32_t slot_tag, std::uint32_t bit_length,
                              std::uint64_t noise_vector, std::span<std::uint64_t> trains) const {
  for (std::uint32_t word = 0; word < words_; ++word) {
    const std::uint32_t slots = std::min(64U, bit_length - std::min(bit_length, word * 64));
    std::array<std::uint64_t, lanes> train{};
    for (std::uint32_t slot = 0; slot < slots; slot += 4) { // a block of random words serves four slots
      const auto random = stream_.words(noise_vector, batch.line, slot_tag | ((word * 64 + slot) / 4));
      for (std::size_t l = 0; l < lanes; ++l) {
        std::uint64_t four = 0;
        for (std::uint32_t q = 0; q < 4; ++q)
          four |= static_cast<std::uint64_t>(random[q][l] <= batch.last_word[l]) << q;
        train[l] |= four << slot;
      }
    }
    const std::uint64_t used = slots == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << slots) - 1;
    for (std::size_t l = 0; l < batch.count; ++l)
      trains[l * words_ + word] = train[l] & used;
  }
}

/// Lists the lines of a batch that fire at all, closes the gaps of the others and counts pulses per slot.
/// The batch's trains start at place `firing`. Returns the new number of firing lines.
std::size_t pulse_trains::keep_firing(const line_batch& batch, std::span<firing_line> lines,
                                      std::span<std::uint64_t> trains, std::size_t firing,
                                      std::span<std::uint32_t> pulses) const {
  const std::size_t start = firing;
  for (std::size_t l = 0; l < batch.count; ++l) {
    const auto train = trains.subspan((start + l) * words_, words_);
    const auto target = trains.subspan(firing * words_, words_);
    bool fires = false;
    for (std::size_t word = 0; word < words_; ++word) {
      for (auto bits = train[word]; bits != 0; bits &= bits - 1)
        ++pulses[word * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
      fires = fires || train[word] != 0;
      target[word] = train[word];
    }
    if (fires)
      lines[firing++] = {batch.line[l], batch.sign[l]};
  }
  return firing;
}

void pulse_trains::count(std::uint32_t bit_length) {
  activity_.pulse_slots += bit_length;
  for (std::uint32_t slot = 0; slot < bit_length; ++slot) {
    const std::uint64_t a = inputs_.pulses[slot];
    const std::uint64_t b = outputs_.pulses[slot];
    activity_.input_line_pulses += a;
    activity_.output_line_pulses += b;
    activity_.coincidences += a * b;
    activity_.half_selected += a * outputs_.size + b * inputs_.size - 2 * a * b;
  }
}

} // namespace tilework::physics
