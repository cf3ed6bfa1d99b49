// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/pulse_trains.h>
#include <tilework/physics/periphery/input_scale.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace tilework::physics {
namespace {

constexpr std::uint32_t output_side_tag = 1U << 31U;
constexpr std::uint32_t rounding_tag = 1U << 30U;

/// Words of a slot's list of lines that are looked at together.
constexpr std::size_t chunk = 4;
constexpr std::size_t word_bits = 64;

/// std::popcount in 12 operations; without the instruction the library would look it up in a table.
int count_ones(std::uint64_t bits) {
  bits -= (bits >> 1U) & 0x5555555555555555U; // numbers of ones in pairs of bits, then in fours, eights, all
  bits = (bits & 0x3333333333333333U) + ((bits >> 2U) & 0x3333333333333333U);
  bits = (bits + (bits >> 4U)) & 0x0F0F0F0F0F0F0F0FU;
  return static_cast<int>((bits * 0x0101010101010101U) >> 56U);
}

/// Half to even for 0 <= v < 2^22, without the branch and the call of std::rint.
float rounded(float v) {
  constexpr float whole = 0x1.8p23F; // floats from 2^23 to 2^24 are the integers
  return (v + whole) - whole;
}

std::int32_t sign_of(float operand, std::int32_t direction) {
  return operand < 0 ? -direction : direction;
}

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
  inputs_.steps.step = outputs_.steps.step = relative_step(parameters.res);
  inputs_.steps.stochastic = outputs_.steps.stochastic = parameters.sto_round;
  if (parameters.pulse_type == pulse_type::deterministic_implicit) {
    inputs_.steps = {.step = relative_step(parameters.x_res_implicit)};
    outputs_.steps = {.step = relative_step(parameters.d_res_implicit)};
  }
  for (auto* s : {&inputs_, &outputs_}) {
    s->lines.resize(std::size_t{max_burst} * s->size);
    s->firing.resize(max_burst);
    s->probabilities.resize(s->size);
    s->uniforms.resize(s->size);
    if (parameters.is_dense())
      s->levels.resize(s->lines.size());
  }
  bit_lengths_.resize(max_burst);
  slot_words_ = (shape.inputs + word_bits * chunk - 1) / (word_bits * chunk) * chunk;
  reserve(static_cast<std::uint32_t>(parameters.desired_bl));
}

void pulse_trains::reserve(std::uint32_t longest) {
  if (longest <= longest_ || parameters_.is_dense())
    return;
  longest_ = longest;
  words_ = (std::size_t{longest} + word_bits - 1) / word_bits;
  for (auto* s : {&inputs_, &outputs_})
    s->trains.resize(std::size_t{max_burst_} * s->size * words_);
  lines_by_slot_.resize(std::size_t{max_burst_} * longest * slot_words_);
}

firing_lines pulse_trains::view(const side& s, std::uint32_t vector) const {
  const std::size_t first = std::size_t{vector} * s.size;
  const std::size_t n = s.firing[vector];
  if (parameters_.is_dense())
    return {{s.lines.data() + first, n}, {}, {s.levels.data() + first, n}};
  return {{s.lines.data() + first, n}, {s.trains.data() + first * words_, n * words_}, {}};
}

void pulse_trains::draw(const_burst x, const_burst d, float learning_rate, std::uint64_t first_vector) {
  const float rate = std::abs(learning_rate);
  const std::int32_t direction = learning_rate < 0 ? -1 : 1;
  reserve(longest_train(parameters_, granularity_, rate));
  inputs_.pulses = outputs_.pulses = slots_ = random_bits_ = 0;
  vectors_ = x.vectors;
  for (std::uint32_t v = 0; v < vectors_; ++v) {
    const auto plan = plan_pulses(parameters_, granularity_, rate, largest_magnitude(x[v]), largest_magnitude(d[v]));
    bit_lengths_[v] = plan.bit_length;
    slots_ += plan.bit_length;
    find_probabilities(inputs_, x[v], plan.input_factor, first_vector + v);
    find_probabilities(outputs_, d[v], plan.output_factor, first_vector + v);
    if (parameters_.is_dense()) {
      set_levels(inputs_, x[v], 1, v);
      set_levels(outputs_, d[v], direction, v);
    } else {
      draw_trains(inputs_, x[v], 1, v, first_vector + v);
      draw_trains(outputs_, d[v], direction, v, first_vector + v);
      list_lines_by_slot(v);
    }
  }
}

void pulse_trains::find_probabilities(side& s, std::span<const float> operand, float factor,
                                      std::uint64_t noise_vector) const {
  for (std::size_t l = 0; l < s.size; ++l)
    s.probabilities[l] = std::abs(operand[l]) * factor;
  if (s.steps.step <= 0)
    return;
  if (!s.steps.stochastic) {
    for (auto& p : s.probabilities)
      p = s.steps.quantise(p);
    return;
  }
  stream_.fill_uniforms(noise_vector, s.slot_tag | rounding_tag, s.uniforms);
  for (std::size_t l = 0; l < s.size; ++l)
    s.probabilities[l] = s.steps.quantise(s.probabilities[l], s.uniforms[l]);
}

/// Lines that fire at all, with what the count of a cross-point is made of (dense_runs).
void pulse_trains::set_levels(side& s, std::span<const float> operand, std::int32_t direction,
                              std::uint32_t vector) const {
  const auto bit_length = static_cast<float>(bit_lengths_[vector]);
  const std::size_t first = std::size_t{vector} * s.size;
  std::uint32_t firing = 0;
  for (std::uint32_t l = 0; l < s.size; ++l) {
    const float p = std::min(s.probabilities[l], 1.0F);
    const float pulses = std::rint(bit_length * p);
    if (!(pulses > 0))
      continue; // then no product of levels reaches 1/2 either
    s.lines[first + firing] = {l, sign_of(operand[l], direction)};
    if (parameters_.pulse_type == pulse_type::mean_count)
      s.levels[first + firing] = pulses;
    else
      s.levels[first + firing] = &s == &outputs_ ? bit_length * p : p;
    ++firing;
    s.pulses += static_cast<std::uint64_t>(pulses);
  }
  s.firing[vector] = firing;
}

void pulse_trains::draw_trains(side& s, std::span<const float> operand, std::int32_t direction, std::uint32_t vector,
                               std::uint64_t noise_vector) {
  const std::uint32_t bit_length = bit_lengths_[vector];
  const std::size_t first = std::size_t{vector} * s.size;
  const std::span<std::uint64_t> trains(s.trains.data() + first * words_, s.size * words_);
  s.firing[vector] = 0;
  if (bit_length == 0)
    return;
  line_batch batch;
  const auto flush = [&] {
    draw_batch(batch, s.slot_tag, bit_length, noise_vector, trains.subspan(s.firing[vector] * words_));
    keep_firing(batch, s, vector);
    random_bits_ += batch.count * bit_length;
    batch.count = 0;
  };
  for (std::uint32_t l = 0; l < s.size; ++l) {
    if (!(s.probabilities[l] > 0))
      continue;
    batch.line[batch.count] = l;
    batch.last_word[batch.count] = last_firing_word(s.probabilities[l]);
    batch.sign[batch.count] = sign_of(operand[l], direction);
    if (++batch.count == lanes)
      flush();
  }
  if (batch.count > 0)
    flush();
}

/// Draws the trains of a batch of lines into consecutive places.
void pulse_trains::draw_batch(const line_batch& batch, std::uint32_t slot_tag, std::uint32_t bit_length,
                              std::uint64_t noise_vector, std::span<std::uint64_t> trains) const {
  for (std::uint32_t word = 0; word < words_; ++word) {
    const std::uint32_t slots = std::min(64U, bit_length - std::min(bit_length, word * 64));
    std::array<std::uint64_t, lanes> train{};
    for (std::uint32_t slot = 0; slot < slots; slot += 4) { // a block of random words serves four slots
      std::array<random_block, lanes> random;
      for (std::size_t l = 0; l < lanes; ++l)
        random[l] = stream_.words(noise_vector, batch.line[l], slot_tag | ((word * 64 + slot) / 4));
      for (std::size_t l = 0; l < lanes; ++l) {
        std::uint64_t four = 0;
        for (std::uint32_t q = 0; q < 4; ++q)
          four |= static_cast<std::uint64_t>(random[l][q] <= batch.last_word[l]) << q;
        train[l] |= four << slot;
      }
    }
    const std::uint64_t used = slots == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << slots) - 1;
    for (std::size_t l = 0; l < batch.count; ++l)
      trains[l * words_ + word] = train[l] & used;
  }
}

/// Appends the lines of a batch that fire at all and closes the gaps that the others leave among the trains.
void pulse_trains::keep_firing(const line_batch& batch, side& s, std::uint32_t vector) const {
  const std::size_t first = std::size_t{vector} * s.size;
  const std::size_t start = first + s.firing[vector];
  for (std::size_t l = 0; l < batch.count; ++l) {
    const std::size_t place = first + s.firing[vector];
    int pulses = 0;
    for (std::size_t word = 0; word < words_; ++word) {
      const auto bits = s.trains[(start + l) * words_ + word];
      s.trains[place * words_ + word] = bits;
      pulses += count_ones(bits);
    }
    if (pulses == 0)
      continue;
    s.lines[place] = {batch.line[l], batch.sign[l]};
    ++s.firing[vector];
    s.pulses += static_cast<std::uint64_t>(pulses);
  }
}

/// The trains of the inputs, transposed: what an output line needs is a few slots of many inputs.
void pulse_trains::list_lines_by_slot(std::uint32_t vector) {
  const auto trains = inputs(vector).trains;
  const std::span<std::uint64_t> by_slot(lines_by_slot_.data() + std::size_t{vector} * longest_ * slot_words_,
                                         bit_lengths_[vector] * slot_words_);
  std::ranges::fill(by_slot, 0U);
  for (std::size_t k = 0; k < inputs_.firing[vector]; ++k)
    for (std::size_t word = 0; word < words_; ++word)
      for (auto bits = trains[k * words_ + word]; bits != 0; bits &= bits - 1) {
        const auto slot = word * word_bits + static_cast<std::size_t>(std::countr_zero(bits));
        by_slot[slot * slot_words_ + k / word_bits] |= std::uint64_t{1} << (k % word_bits);
      }
}

std::span<const pulse_run> pulse_trains::runs(std::uint32_t vector, std::size_t output,
                                              std::span<pulse_run> room) const {
  return parameters_.is_dense() ? dense_runs(vector, output, room) : sparse_runs(vector, output, room);
}

/// Slot by slot, so that the work follows the coincidences and not the pairs of firing lines.
std::span<const pulse_run> pulse_trains::sparse_runs(std::uint32_t vector, std::size_t output,
                                                     std::span<pulse_run> room) const {
  const auto in = inputs(vector);
  const auto out = outputs(vector);
  const auto [line, sign] = out.lines[output];
  const std::size_t words = words_;
  const std::size_t slot_words = slot_words_;
  const auto train = out.trains.subspan(output * words, words);
  const std::uint64_t* const by_slot = lines_by_slot_.data() + std::size_t{vector} * longest_ * slot_words;
  const std::uint32_t first_cell = line * inputs_.size;
  std::size_t count = 0;
  for (std::size_t first = 0; first * word_bits < in.lines.size(); first += chunk) {
    std::array<std::uint64_t, chunk> meets{};
    for (std::size_t word = 0; word < words; ++word)
      for (auto bits = train[word]; bits != 0; bits &= bits - 1) {
        const auto slot = word * word_bits + static_cast<std::size_t>(std::countr_zero(bits));
        for (std::size_t w = 0; w < chunk; ++w)
          meets[w] |= by_slot[slot * slot_words + first + w];
      }
    for (std::size_t w = 0; w < chunk; ++w)
      for (auto bits = meets[w]; bits != 0; bits &= bits - 1) {
        const auto k = (first + w) * word_bits + static_cast<std::size_t>(std::countr_zero(bits));
        int coincidences = 0;
        for (std::size_t word = 0; word < words; ++word)
          coincidences += count_ones(train[word] & in.trains[k * words + word]);
        room[count++] = {first_cell + in.lines[k].line, -sign * in.lines[k].sign * coincidences};
      }
  }
  return room.first(count);
}

std::span<const pulse_run> pulse_trains::dense_runs(std::uint32_t vector, std::size_t output,
                                                    std::span<pulse_run> room) const {
  const auto in = inputs(vector);
  const auto out = outputs(vector);
  const auto [line, sign] = out.lines[output];
  const float level = out.levels[output];
  const float divisor =
      parameters_.pulse_type == pulse_type::mean_count ? static_cast<float>(bit_lengths_[vector]) : 1.0F;
  const std::uint32_t first_cell = line * inputs_.size;
  std::size_t count = 0;
  for (std::size_t k = 0; k < in.lines.size(); ++k) {
    const auto pulses = static_cast<std::int32_t>(rounded(level * in.levels[k] / divisor));
    room[count] = {first_cell + in.lines[k].line, -sign * in.lines[k].sign * pulses};
    count += pulses != 0;
  }
  return room.first(count);
}

double pulse_trains::expected_coincidences() const {
  return slots_ == 0
             ? 0
             : static_cast<double>(inputs_.pulses) * static_cast<double>(outputs_.pulses) / static_cast<double>(slots_);
}

operation_activity pulse_trains::activity(std::uint64_t coincidences) const {
  operation_activity a;
  a.pulse_slots = slots_;
  a.input_line_pulses = inputs_.pulses;
  a.output_line_pulses = outputs_.pulses;
  a.coincidences = coincidences;
  // Every pulse of a line passes all its cells; a cell in a coincidence sees two pulses.
  a.half_selected = inputs_.pulses * outputs_.size + outputs_.pulses * inputs_.size - 2 * coincidences;
  a.random_bits = random_bits_;
  return a;
}

} // namespace tilework::physics
