// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/checked_operands.h>
#include <tilework/numerics/largest_magnitude.h>
#include <tilework/numerics/random.h>
#include <tilework/numerics/transfer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace tilework::numerics {
namespace {

constexpr float largest_count = 0x1p24F; // counts are exact in float and in std::int32_t up to here

/// v in [-bound, bound]. By value, unlike std::clamp, and without std::clamp's branches: loops over it become vector
/// code.
float limited(float v, float bound) {
  const float below = v < bound ? v : bound;
  return below > -bound ? below : -bound;
}

/// trunc(v) in [-most, most], `most` a whole number up to largest_count; by conversion, which every instruction set
/// has.
float whole_pulses(float v, float most) {
  return static_cast<float>(static_cast<std::int32_t>(limited(v, most)));
}

/// How pulses leave an element h of a hidden matrix: n = trunc(h / unit), then h <- keep h - take n unit in [-cap,
/// cap].
struct release {
  float unit = 1;
  float most = 1;
  float keep = 0;
  float take = 0;
  float cap = std::numeric_limits<float>::infinity();
};

release release_of(std::int32_t most_pulses, float momentum, bool forget) {
  release r;
  r.most = std::min(static_cast<float>(most_pulses), largest_count);
  r.keep = forget ? momentum : 1.0F;
  r.take = forget ? 0.0F : 1.0F - momentum;
  return r;
}

/// hidden <- carry hidden + gain line, and pulses out of it: line <- -n. Rules by value: elements cannot change them.
std::uint64_t accumulate(release r, float carry, float gain, std::span<float> hidden, std::span<float> line) {
  const std::size_t n = line.size();
  float* const h = hidden.data();
  float* const a = line.data();
  std::uint32_t fired = 0;
  for (std::size_t o = 0; o < n; ++o) {
    const float full = carry * h[o] + gain * a[o];
    const float pulses = whole_pulses(full / r.unit, r.most);
    const float left = limited(r.keep * full - r.take * pulses * r.unit, r.cap);
    h[o] = pulses != 0 ? left : full;
    a[o] = -pulses;
    fired += pulses != 0 ? 1U : 0U;
  }
  return fired;
}

// std::transform with two inputs rather than std::ranges::transform: one end to look for, so it becomes vector code.
void sum_of_copies(const const_burst& reads, std::span<float> sum) {
  std::ranges::copy(reads[0], sum.begin());
  for (std::uint32_t j = 1; j < reads.vectors; ++j)
    std::transform(sum.begin(), sum.end(), reads[j].begin(), sum.begin(), std::plus{});
}

transfer_activity direct_line(const const_burst& reads, std::span<float> counts) {
  sum_of_copies(reads, counts);
  std::ranges::transform(counts, counts.begin(), std::negate{});
  return {.hidden_elements = 0, .fired = counts.size() - static_cast<std::uint64_t>(std::ranges::count(counts, 0.0F))};
}

transfer_activity buffered_line(const buffered_rule& rule, const const_burst& reads, std::span<float> hidden,
                                std::span<float> counts, float rate) {
  sum_of_copies(reads, counts);
  const float momentum = rule.forget_buffer ? rule.momentum : std::clamp(rule.momentum, 0.0F, 1.0F);
  release r = release_of(rule.most_pulses, momentum, rule.forget_buffer);
  r.unit = rule.threshold;
  return {.hidden_elements = counts.size(), .fired = accumulate(r, 1, std::abs(rate), hidden, counts)};
}

/// When the choppers of a stage flip; sweeps over all lines are counted from 0.
class chopper_clock {
public:
  chopper_clock(const chopped_rule& rule, const line_order& order)
      : rule_(rule),
        order_(order),
        period_(rule.in_chop_prob > 0
                    ? std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(1.0F / rule.in_chop_prob)), 2)
                    : std::numeric_limits<std::uint64_t>::max()) {}

  [[nodiscard]] std::uint64_t period() const { return period_; }
  [[nodiscard]] std::uint64_t sweep(std::uint64_t read) const {
    return (read + (rule_.study_schedule ? order_.first : 0)) / order_.lines;
  }
  /// Whether the chopper of the line flips after this read of it. A function of the number of the read, so that the
  /// next read of the line knows it without a flag.
  [[nodiscard]] bool flips(std::uint64_t read) const {
    if (rule_.input_choppers == chopper_schedule::never || !(rule_.in_chop_prob > 0))
      return false;
    const bool drawn =
        rule_.input_choppers == chopper_schedule::random &&
        random_stream(random_purpose::driven_choppers, {order_.seed, order_.stream}).uniform(read) < rule_.in_chop_prob;
    const bool due = rule_.input_choppers == chopper_schedule::regular || rule_.dynamic;
    return drawn || (due && sweep(read) % period_ == (rule_.study_schedule ? 0 : period_ - 1));
  }
  /// Whether line s was flipped after it was read last, which was before this read of it.
  [[nodiscard]] bool was_flipped(std::uint64_t read) const {
    return read >= order_.lines && flips(read - order_.lines);
  }
  /// Flips the choppers of the other side after the last line of a sweep.
  void flip_opposite(std::uint64_t read, std::span<float> choppers) const {
    const random_stream stream(random_purpose::opposite_choppers, {order_.seed, order_.stream, sweep(read)});
    for (std::size_t o = 0; o < choppers.size(); ++o)
      choppers[o] = stream.uniform(o) < rule_.out_chop_prob ? -choppers[o] : choppers[o];
  }

private:
  const chopped_rule& rule_;
  const line_order& order_;
  std::uint64_t period_;
};

/// One line of a hidden matrix with choppers.
struct chopped_operands {
  const_burst reads;
  mutable_burst references;       ///< dynamic rules
  std::span<float> hidden;        ///< of the line
  std::span<float> counts;        ///< of the line
  float* chopper = nullptr;       ///< of the line, null: never flipped
  std::span<float> opposite = {}; ///< choppers of the other side, empty: never flipped
};

/// Sum over copies of the reads relative to their references.
void sum_of_deviations(const chopped_rule& rule, const chopper_clock& clock, const line_order& order,
                       const chopped_operands& o, const transfer_scalars& scalars) {
  const float beta = std::min(rule.tail_weightening / static_cast<float>(clock.period()), 1.0F);
  const bool switched = rule.study_schedule ? clock.flips(scalars.read) : clock.was_flipped(scalars.read);
  std::ranges::fill(o.counts, 0.0F);
  for (std::uint32_t j = 0; j < o.reads.vectors; ++j) {
    const auto mean = o.references[2 * std::size_t{j} * order.lines + scalars.line];
    const auto reference = o.references[(2 * std::size_t{j} + 1) * order.lines + scalars.line];
    const auto read = o.reads[j];
    if (switched && !rule.study_schedule)
      std::ranges::copy(mean, reference.begin());
    for (std::size_t i = 0; i < read.size(); ++i)
      o.counts[i] += read[i] - reference[i];
    for (std::size_t i = 0; i < read.size(); ++i)
      mean[i] = (1.0F - beta) * mean[i] + beta * read[i];
    if (switched && rule.study_schedule)
      std::ranges::copy(mean, reference.begin());
  }
}

float hidden_gain(const chopped_rule& rule, const chopper_clock& clock, const transfer_scalars& scalars,
                  float fast_rate) {
  float gain = std::abs(scalars.rate) / (rule.relative_to_fast_rate ? fast_rate * rule.threshold : rule.threshold);
  if (rule.dynamic && rule.correct_accumulation) {
    const std::uint64_t reads_since_flip = clock.sweep(scalars.read) % clock.period() + 1;
    gain /= std::min(static_cast<float>(reads_since_flip), 1.0F / rule.fast_granularity);
  }
  return gain;
}

transfer_activity chopped_line(const chopped_rule& rule, const line_order& order, const chopped_operands& o,
                               const transfer_scalars& scalars, float fast_rate) {
  const chopper_clock clock(rule, order);
  if (rule.dynamic)
    sum_of_deviations(rule, clock, order, o, scalars);
  else
    sum_of_copies(o.reads, o.counts);
  if (!o.opposite.empty())
    std::transform(o.counts.begin(), o.counts.end(), o.opposite.begin(), o.counts.begin(), std::multiplies{});

  release r = release_of(rule.most_pulses, rule.momentum, rule.forget_buffer);
  if (rule.dynamic && !rule.forget_buffer && rule.buffer_cap > 0)
    r.cap = r.most * rule.buffer_cap;
  const float sign = o.chopper != nullptr ? *o.chopper : 1.0F;
  const float gain = sign * hidden_gain(rule, clock, scalars, fast_rate);
  transfer_activity activity{.hidden_elements = o.counts.size(),
                             .fired = accumulate(r, rule.no_buffer ? 0.0F : 1.0F, gain, o.hidden, o.counts)};
  if (rule.dynamic && rule.warm_up && !rule.study_schedule && clock.sweep(scalars.read) <= clock.period()) {
    std::ranges::fill(o.counts, 0.0F);
    activity.fired = 0;
  }
  if (o.chopper != nullptr && clock.flips(scalars.read))
    *o.chopper = -*o.chopper;
  if (!o.opposite.empty() && !rule.dynamic && rule.out_chop_prob > 0 && scalars.line + 1 == order.lines)
    clock.flip_opposite(scalars.read, o.opposite);
  return activity;
}

/// All elements of the choppers of one side, empty if there are none.
std::span<float> choppers(const checked_operands& o, std::size_t i_in, std::uint32_t length) {
  return o.has_in(i_in) ? o.in_place(i_in, i_in - 1, 1, length)[0] : std::span<float>{};
}

chopped_operands operands_of(const checked_operands& o, const chopped_rule& rule, const transfer_stage& stage,
                             const transfer_scalars& scalars) {
  const auto reads = o.in(0);
  const auto lines = stage.order.lines;
  const bool columns = stage.side == line_side::inputs;
  const auto driven = choppers(o, columns ? 2 : 3, lines);
  chopped_operands result{.reads = reads,
                          .references = {},
                          .hidden = o.in_place(4, 3, lines, reads.length)[scalars.line],
                          .counts = o.out(0, 1, reads.length)[0],
                          .chopper = driven.empty() ? nullptr : &driven[scalars.line],
                          .opposite = choppers(o, columns ? 3 : 2, reads.length)};
  if (rule.dynamic)
    result.references = o.in_place(5, 4, 2 * reads.vectors * lines, reads.length);
  o.require(result.chopper == nullptr || std::abs(*result.chopper) == 1.0F, "choppers must be +1 or -1");
  o.require(result.chopper != nullptr || rule.input_choppers == chopper_schedule::never,
            "input operand is missing: choppers of the lines that are read");
  o.require(!result.opposite.empty() || rule.dynamic || !(rule.out_chop_prob > 0),
            "input operand is missing: choppers of the other side");
  return result;
}

transfer_activity accumulate_line(const checked_operands& o, const transfer_stage& stage,
                                  const transfer_scalars& scalars) {
  const auto reads = o.in(0);
  const auto counts = o.out(0, 1, reads.length)[0];
  o.require(reads.vectors > 0 && scalars.line < stage.order.lines, "there is no such line");
  if (std::holds_alternative<direct_rule>(stage.rule))
    return direct_line(reads, counts);
  if (const auto* rule = std::get_if<buffered_rule>(&stage.rule)) {
    const auto hidden = o.in_place(4, 3, stage.order.lines, reads.length);
    if (scalars.rate != 0)
      return buffered_line(*rule, reads, hidden[scalars.line], counts, scalars.rate);
  } else {
    const auto* chopped = std::get_if<chopped_rule>(&stage.rule);
    o.require(chopped != nullptr, "the rule of the stage accumulates no lines");
    const auto all = operands_of(o, *chopped, stage, scalars);
    float fast_rate = scalars.fast_rate;
    if (o.has_in(1)) {
      o.require(o.in(1).vectors > 0 && o.in(1).length == 1, "input operand has the wrong shape");
      fast_rate = o.in(1)[o.in(1).vectors - 1][0];
    }
    if (scalars.rate != 0)
      return chopped_line(*chopped, stage.order, all, scalars, fast_rate);
  }
  std::ranges::fill(counts, 0.0F);
  return {};
}

float updated_mean(float mean, float value, float weight) {
  if (mean <= 0)
    return value;
  return value <= 0 ? mean : (1.0F - weight) * mean + weight * value;
}

void fast_rate(const checked_operands& o, const fast_rate_rule& rule, const transfer_scalars& scalars) {
  const auto maxima = o.in(0);
  o.require(maxima.length == 2, "input operand has the wrong shape");
  const auto before = o.in(1, 1, 2)[0];
  const auto rates = o.out(0, maxima.vectors, 1);
  const auto after = o.out(1, 1, 2)[0];
  const float weight = (1.0F - rule.auto_momentum) / static_cast<float>(scalars.mini_batch);
  const float numerator = rule.fast_lr * static_cast<float>(rule.desired_bl) * rule.granularity *
                          (rule.times_learning_rate ? scalars.rate : 1.0F);
  std::array<float, 2> mean{before[0], before[1]};
  if (rule.per_mini_batch)
    for (std::size_t side = 0; side < 2; ++side) {
      float largest = 0;
      for (std::uint32_t v = 0; v < maxima.vectors; ++v)
        largest = std::max(largest, maxima[v][side]);
      mean.at(side) = updated_mean(before[side] > 0 ? before[side] : 1.0F, largest, weight);
    }
  for (std::uint32_t v = 0; v < maxima.vectors; ++v) {
    for (std::size_t side = 0; side < 2 && !rule.per_mini_batch; ++side)
      mean.at(side) = updated_mean(mean.at(side), maxima[v][side], weight);
    const float product = mean[0] * mean[1];
    rates[v][0] = product > 0 ? numerator / product : numerator;
  }
  std::ranges::copy(mean, after.begin());
}

/// Quantises vectors, one element after the other; without bins it leaves them as they are.
class quantiser {
public:
  quantiser(std::int32_t bins, bool stochastic, random_purpose purpose, const line_order& key)
      : half_(std::floor(static_cast<float>(bins) / 2)),
        on_(bins > 0),
        stochastic_(stochastic),
        purpose_(purpose),
        key_(key) {}

  [[nodiscard]] float width(std::span<const float> whole) const {
    const float largest = on_ ? largest_magnitude(whole) : 0.0F;
    return largest > 0 && half_ > 0 ? largest / half_ : 1.0F;
  }
  /// Elements [first, first + out.size()) of a vector, times a factor.
  void run(std::span<const float> whole, float width, std::uint64_t vector, float factor, std::size_t first,
           std::span<float> out) const {
    const auto v = whole.subspan(first, out.size());
    if (!on_) {
      std::ranges::transform(v, out.begin(), [=](float e) { return factor * e; });
      return;
    }
    const random_stream draws(purpose_, {key_.seed, key_.stream, vector});
    for (std::size_t e = 0; e < out.size(); ++e) {
      const float shift = stochastic_ ? draws.uniform(first + e) - 0.5F : 0.0F;
      out[e] = factor * (std::clamp(std::rint(v[e] / width + shift), -half_, half_) * width);
    }
  }

private:
  float half_;
  bool on_;
  bool stochastic_;
  random_purpose purpose_;
  const line_order& key_;
};

const rank_one_rule& rank_one_of(const checked_operands& o, const transfer_stage& stage) {
  const auto* rule = std::get_if<rank_one_rule>(&stage.rule);
  o.require(rule != nullptr, "the rule of the stage has no digital gradient");
  return *rule;
}

transfer_activity accumulate_product(const checked_operands& o, const transfer_stage& stage,
                                     const transfer_scalars& scalars) {
  rank_one_of(o, stage);
  const auto x = o.in(0);
  const auto d = o.in(1);
  o.require(d.vectors == x.vectors, "both operands must have as many vectors");
  const auto chi = o.in_place(2, 0, d.length, x.length);
  accumulate_product_rows(stage, x, d, chi, scalars, 0, d.length);
  return {.hidden_elements = x.elements() * d.length, .fired = 0};
}

transfer_activity take_lines(const checked_operands& o, const transfer_stage& stage, const transfer_scalars& scalars) {
  const float unit = rank_one_of(o, stage).granularity;
  const auto whole = o.in(0);
  const auto chi = o.in_place(0, 1, whole.vectors, whole.length);
  const auto counts = o.out(0);
  o.require(counts.length == chi.length && counts.vectors <= chi.vectors && scalars.line < chi.vectors,
            "there are no such lines");
  std::uint32_t fired = 0;
  for (std::uint32_t r = 0; r < counts.vectors; ++r) {
    const auto from = chi[(scalars.line + r) % chi.vectors];
    const auto to = counts[r];
    for (std::size_t j = 0; j < from.size(); ++j) {
      const float pulses = whole_pulses(from[j] / unit, largest_count);
      from[j] -= pulses * unit;
      to[j] = pulses;
      fired += pulses != 0 ? 1U : 0U;
    }
  }
  return {.hidden_elements = counts.elements(), .fired = fired};
}

} // namespace

std::uint32_t line_order::line_of(std::uint64_t read) const {
  if (!random)
    return static_cast<std::uint32_t>((first + read) % lines);
  const random_stream draws(random_purpose::transfer_lines, {seed, stream});
  return static_cast<std::uint32_t>((draws.below(read / per_event, lines) + read % per_event) % lines);
}

void add_to_first(const mutable_burst& vectors) {
  const auto sum = vectors[0];
  for (std::uint32_t v = 1; v < vectors.vectors; ++v)
    std::transform(sum.begin(), sum.end(), vectors[v].begin(), sum.begin(), std::plus{});
}

// Blocks of the product stay in the first cache while all vectors of a group are added to them.
void accumulate_product_rows(const transfer_stage& stage, const const_burst& x, const const_burst& d,
                             const mutable_burst& chi, const transfer_scalars& scalars, std::uint32_t first,
                             std::uint32_t count) {
  constexpr std::uint32_t group = 8;
  constexpr std::uint32_t row_block = 64;
  constexpr std::uint32_t column_block = 256;
  const auto& rule = std::get<rank_one_rule>(stage.rule);
  const quantiser of_x(rule.x_bins, rule.stochastic_x, random_purpose::input_rounding, stage.order);
  const quantiser of_d(rule.d_bins, rule.stochastic_d, random_purpose::gradient_rounding, stage.order);
  std::array<std::array<float, column_block>, group> xs{};
  std::array<std::array<float, row_block>, group> ds{};
  std::array<float, group> x_width{};
  std::array<float, group> d_width{};
  const std::uint32_t end = first + count;
  for (std::uint32_t v0 = 0; v0 < x.vectors; v0 += group) {
    const std::uint32_t vectors = std::min(group, x.vectors - v0);
    for (std::uint32_t v = 0; v < vectors; ++v) {
      x_width[v] = of_x.width(x[v0 + v]);
      d_width[v] = of_d.width(d[v0 + v]);
    }
    for (std::uint32_t i0 = first; i0 < end; i0 += row_block) {
      const std::uint32_t rows = std::min(row_block, end - i0);
      for (std::uint32_t v = 0; v < vectors; ++v)
        of_d.run(d[v0 + v], d_width[v], scalars.first_vector + v0 + v, scalars.rate, i0, std::span(ds[v]).first(rows));
      for (std::uint32_t j0 = 0; j0 < x.length; j0 += column_block) {
        const std::uint32_t columns = std::min(column_block, x.length - j0);
        for (std::uint32_t v = 0; v < vectors; ++v)
          of_x.run(x[v0 + v], x_width[v], scalars.first_vector + v0 + v, 1, j0, std::span(xs[v]).first(columns));
        for (std::uint32_t i = 0; i < rows; ++i) {
          float* const sum = chi[i0 + i].data() + j0;
          for (std::uint32_t v = 0; v < vectors; ++v)
            for (std::uint32_t j = 0; j < columns; ++j)
              sum[j] += ds[v][i] * xs[v][j];
        }
      }
    }
  }
}

transfer_activity evaluate(transfer_function function, const transfer_stage& stage, std::span<const const_burst> in,
                           std::span<const mutable_burst> out, const transfer_scalars& scalars) {
  const checked_operands o(name_of(function), in, out);
  switch (function) {
  case transfer_function::none:
    break;
  case transfer_function::fast_rate:
    fast_rate(o, stage.fast_rate, scalars);
    break;
  case transfer_function::accumulate_line:
    return accumulate_line(o, stage, scalars);
  case transfer_function::accumulate_product:
    return accumulate_product(o, stage, scalars);
  case transfer_function::take_lines:
    return take_lines(o, stage, scalars);
  }
  return {};
}

} // namespace tilework::numerics
