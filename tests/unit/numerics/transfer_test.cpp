// SPDX-License-Identifier: Apache-2.0
// The rules of transfer against plain code that keeps flags and counters where the rules compute them.
#include <tilework/numerics/random.h>
#include <tilework/numerics/transfer.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>
#include <stdexcept>
#include <vector>

namespace tilework::numerics {
namespace {

mutable_burst view(std::vector<float>& v, std::size_t n, std::size_t m) {
  const auto length = static_cast<std::uint32_t>(m);
  return {v.data(), static_cast<std::uint32_t>(n), length, length};
}

std::vector<float> uniform(std::size_t n, float bound, std::uint64_t key) {
  std::vector<float> v(n);
  const random_stream stream(random_purpose::spiral, {key});
  for (std::size_t i = 0; i < n; ++i)
    v[i] = bound * (2 * stream.uniform(i) - 1);
  return v;
}

/// Operands of accumulate_line.
struct line_bench {
  transfer_stage stage;
  std::uint32_t length = 3;
  std::uint32_t copies = 1;
  std::vector<float> reads = std::vector<float>(std::size_t{copies} * length);
  std::vector<float> rates{0.5F};
  std::vector<float> driven = std::vector<float>(stage.order.lines, 1);
  std::vector<float> opposite = std::vector<float>(length, 1);
  std::vector<float> hidden = std::vector<float>(std::size_t{stage.order.lines} * length);
  std::vector<float> references = std::vector<float>(std::size_t{2 * copies} * stage.order.lines * length);
  std::vector<float> counts = std::vector<float>(length);

  line_bench(const transfer_rule& rule, std::uint32_t lines, std::uint32_t n = 3, std::uint32_t copies_read = 1)
      : stage{.order = {.lines = lines, .seed = 7, .stream = 3}, .rule = rule}, length(n), copies(copies_read) {}

  transfer_activity run(float rate, std::uint64_t read) {
    const bool columns = stage.side == line_side::inputs;
    const auto lines = stage.order.lines;
    const auto c = view(driven, 1, lines);
    const auto o = view(opposite, 1, length);
    const auto h = view(hidden, lines, length);
    const auto r = references.empty() ? mutable_burst{} : view(references, std::size_t{2 * copies} * lines, length);
    const const_burst rate_operand = rates.empty() ? mutable_burst{} : view(rates, rates.size(), 1);
    const std::array<const_burst, 6> in{
        view(reads, copies, length), rate_operand, columns ? c : o, columns ? o : c, h, r};
    const std::array<mutable_burst, 5> out{view(counts, 1, length), in_place(in[2]), in_place(in[3]), h, r};
    return evaluate(transfer_function::accumulate_line, stage, in, out,
                    {.rate = rate, .fast_rate = 0.25F, .line = stage.order.line_of(read), .read = read});
  }

private:
  mutable_burst in_place(const const_burst& b) {
    return b.data == driven.data() ? view(driven, 1, driven.size()) : view(opposite, 1, length);
  }
};

TEST(line_order, walks_over_the_lines_and_wraps) {
  const line_order order{.lines = 3, .first = 1};
  std::vector<std::uint32_t> lines(5);
  for (std::size_t r = 0; r < lines.size(); ++r)
    lines[r] = order.line_of(r);
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{1, 2, 0, 1, 2}));
}

TEST(line_order, a_drawn_line_is_followed_by_its_neighbours) {
  const line_order order{.lines = 5, .per_event = 3, .random = true, .seed = 2, .stream = 9};
  std::vector<int> drawn(5);
  constexpr int events = 5000;
  for (std::uint64_t e = 0; e < events; ++e) {
    const auto first = order.line_of(3 * e);
    ASSERT_LT(first, 5U);
    EXPECT_EQ(order.line_of(3 * e + 1), (first + 1) % 5);
    EXPECT_EQ(order.line_of(3 * e + 2), (first + 2) % 5);
    ++drawn[first];
  }
  double chi_square = 0;
  for (const int n : drawn)
    chi_square += (n - 1000.0) * (n - 1000.0) / 1000;
  EXPECT_LT(chi_square, 27.9); // 4 degrees of freedom, false alarm 1e-5
  auto other = order;
  other.stream = 10;
  int equal = 0;
  for (std::uint64_t e = 0; e < 100; ++e)
    equal += order.line_of(3 * e) == other.line_of(3 * e) ? 1 : 0;
  EXPECT_LT(equal, 60);
}

TEST(direct_rule, counts_are_the_negative_sum_of_the_copies) {
  line_bench b(direct_rule{}, 2, 3, 2);
  b.reads = {1, -2, 0.5F, 0.25F, 2, -1};
  EXPECT_EQ(b.run(0, 0).fired, 2U);
  EXPECT_EQ(b.counts, (std::vector<float>{-1.25F, 0, 0.5F}));
}

TEST(buffered_rule, releases_whole_thresholds) {
  for (const bool forget : {true, false}) {
    const buffered_rule rule{.threshold = 0.1F, .most_pulses = 2, .momentum = 0.25F, .forget_buffer = forget};
    line_bench b(rule, 3, 50, 2);
    std::vector<float> h(150);
    std::uint64_t fired = 0;
    for (std::uint64_t read = 0; read < 30; ++read) {
      b.reads = uniform(100, 1, read);
      const auto activity = b.run(-0.2F, read); // only its size counts
      EXPECT_EQ(activity.hidden_elements, 50U);
      const std::size_t s = read % 3;
      std::uint64_t nonzero = 0;
      for (std::size_t o = 0; o < 50; ++o) {
        float full = h[s * 50 + o] + 0.2F * (b.reads[o] + b.reads[50 + o]);
        const float n = std::clamp(std::trunc(full / 0.1F), -2.F, 2.F);
        if (n != 0) {
          full = forget ? 0.25F * full : full - 0.75F * n * 0.1F;
          ++nonzero;
        }
        h[s * 50 + o] = full;
        ASSERT_EQ(b.counts[o], -n);
        ASSERT_FLOAT_EQ(b.hidden[s * 50 + o], full);
      }
      EXPECT_EQ(activity.fired, nonzero);
      fired += nonzero;
    }
    EXPECT_GT(fired, 500U);
  }
}

TEST(buffered_rule, momentum_is_limited_where_the_buffer_is_not_forgotten) {
  line_bench b(buffered_rule{.threshold = 1, .most_pulses = 1, .momentum = 3, .forget_buffer = false}, 1, 1);
  b.reads = {1.5F};
  b.run(1, 0);
  EXPECT_EQ(b.hidden[0], 1.5F);
}

/// The chopped rules as one reads them, with a flag per line.
struct plain_chopped {
  chopped_rule rule;
  std::uint32_t lines;
  std::uint32_t length;
  std::uint32_t copies;
  std::vector<float> c = std::vector<float>(lines, 1);
  std::vector<float> o = std::vector<float>(length, 1);
  std::vector<bool> switched = std::vector<bool>(lines);
  std::vector<float> h = std::vector<float>(std::size_t{lines} * length);
  std::vector<float> m = std::vector<float>(std::size_t{copies} * lines * length);
  std::vector<float> r = m;
  std::uint64_t t = 0; ///< sweeps that are complete
  std::vector<float> n = std::vector<float>(length);

  [[nodiscard]] std::uint64_t period() const {
    return std::max(static_cast<std::uint64_t>(std::ceil(1 / rule.in_chop_prob)), std::uint64_t{2});
  }
  /// \param flip what was drawn for a random chopper
  void read(std::size_t s, const std::vector<float>& a, float rate, float fast_rate, bool flip) {
    const std::uint64_t n_c = period();
    const std::uint64_t j = t % n_c + 1;
    const float beta = std::min(rule.tail_weightening / static_cast<float>(n_c), 1.F);
    float gain = std::abs(rate) / (rule.relative_to_fast_rate ? fast_rate * rule.threshold : rule.threshold);
    if (rule.dynamic && rule.correct_accumulation)
      gain /= std::min(static_cast<float>(j), 1 / rule.fast_granularity);
    for (std::size_t i = 0; i < length; ++i) {
      float sum = 0;
      for (std::size_t copy = 0; copy < copies; ++copy) {
        const float read = a[copy * length + i];
        const std::size_t e = (copy * lines + s) * length + i;
        if (rule.dynamic && switched[s])
          r[e] = m[e];
        sum += rule.dynamic ? read - r[e] : read;
        m[e] = (1 - beta) * m[e] + beta * read;
      }
      float full = (rule.no_buffer ? 0 : h[s * length + i]) + c[s] * o[i] * gain * sum;
      n[i] = 0;
      if (std::abs(full) >= 1) {
        const auto most = static_cast<float>(rule.most_pulses);
        n[i] = std::clamp(std::trunc(full), -most, most);
        full = rule.forget_buffer ? rule.momentum * full : full - (1 - rule.momentum) * n[i];
        if (rule.dynamic && !rule.forget_buffer && rule.buffer_cap > 0)
          full = std::clamp(full, -most * rule.buffer_cap, most * rule.buffer_cap);
      }
      h[s * length + i] = full;
      if (rule.dynamic && rule.warm_up && t <= n_c)
        n[i] = 0;
    }
    switched[s] = (rule.input_choppers == chopper_schedule::regular && j == n_c) ||
                  (rule.input_choppers == chopper_schedule::random && flip);
    if (switched[s])
      c[s] = -c[s];
    if (s + 1 == lines)
      ++t;
  }
};

/// Runs a rule and its plain form side by side; random choppers of the plain one follow those of the rule.
/// \return share of reads after which the line's chopper flipped
double compare(const chopped_rule& rule, std::uint32_t copies, line_side side, bool with_rates, std::uint64_t reads) {
  constexpr std::uint32_t lines = 3;
  constexpr std::uint32_t length = 20;
  line_bench b(rule, lines, length, copies);
  b.stage.side = side;
  if (!with_rates)
    b.rates.clear();
  else
    b.rates = {9, 0.5F}; // the last one counts
  plain_chopped plain{rule, lines, length, copies};
  std::uint64_t flips = 0;
  std::uint64_t fired = 0;
  for (std::uint64_t read = 0; read < reads; ++read) {
    b.reads = uniform(std::size_t{copies} * length, 1, read);
    for (auto& a : b.reads)
      a += 0.3F; // choppers matter
    const auto before = b.driven;
    const auto opposite_before = b.opposite;
    const auto activity = b.run(0.1F, read);
    const std::size_t s = read % lines;
    const bool flipped = b.driven[s] != before[s];
    flips += flipped ? 1 : 0;
    fired += activity.fired;
    plain.o = opposite_before;
    plain.read(s, b.reads, 0.1F, with_rates ? 0.5F : 0.25F, flipped);
    EXPECT_EQ(b.driven, plain.c) << read;
    std::uint64_t nonzero = 0;
    for (std::size_t i = 0; i < length; ++i) {
      EXPECT_EQ(b.counts[i], -plain.n[i]) << read;
      nonzero += plain.n[i] != 0 ? 1U : 0U;
    }
    EXPECT_EQ(activity.fired, nonzero);
    EXPECT_EQ(activity.hidden_elements, length);
    for (std::size_t e = 0; e < plain.h.size(); ++e)
      EXPECT_FLOAT_EQ(b.hidden[e], plain.h[e]) << read;
    if (rule.dynamic)
      for (std::size_t copy = 0; copy < copies; ++copy)
        for (std::size_t e = 0; e < plain.h.size(); ++e) {
          EXPECT_FLOAT_EQ(b.references[2 * copy * plain.h.size() + e], plain.m[copy * plain.h.size() + e]);
          EXPECT_FLOAT_EQ(b.references[(2 * copy + 1) * plain.h.size() + e], plain.r[copy * plain.h.size() + e]);
        }
    if (s + 1 != lines || rule.dynamic || rule.out_chop_prob == 0) {
      EXPECT_EQ(b.opposite, opposite_before);
    }
    if (testing::Test::HasFailure())
      return 0;
  }
  EXPECT_GT(fired, reads); // more than one of 20 elements
  return static_cast<double>(flips) / static_cast<double>(reads);
}

chopped_rule chopped(bool dynamic, chopper_schedule schedule) {
  chopped_rule rule;
  rule.threshold = 0.15F;
  rule.most_pulses = 2;
  rule.momentum = 0.2F;
  rule.input_choppers = schedule;
  rule.in_chop_prob = schedule == chopper_schedule::never ? 0.F : 0.2F;
  rule.dynamic = dynamic;
  rule.tail_weightening = 2;
  return rule;
}

TEST(chopped_rule, regular_choppers_flip_in_the_last_sweep_of_a_period) {
  auto rule = chopped(false, chopper_schedule::regular);
  EXPECT_NEAR(compare(rule, 1, line_side::inputs, true, 300), 0.2, 1e-9);
  rule.forget_buffer = false;
  compare(rule, 2, line_side::outputs, false, 100);
  rule.relative_to_fast_rate = true;
  compare(rule, 1, line_side::inputs, true, 100);
  compare(rule, 1, line_side::inputs, false, 100);
  rule.no_buffer = true;
  rule.threshold = 0.05F;
  compare(rule, 1, line_side::inputs, true, 100);
}

TEST(chopped_rule, random_choppers_flip_with_their_probability) {
  const auto rule = chopped(false, chopper_schedule::random);
  constexpr std::uint64_t reads = 3000;
  EXPECT_NEAR(compare(rule, 1, line_side::inputs, true, reads), 0.2, 5 * std::sqrt(.2 * .8 / reads)); // 6e-7
}

TEST(chopped_rule, without_choppers_operands_may_be_missing) {
  line_bench b(chopped(false, chopper_schedule::never), 2, 2);
  auto& h = b.hidden;
  b.reads = {1, -2};
  const std::array<const_burst, 6> in{view(b.reads, 1, 2), {}, {}, {}, view(h, 2, 2), {}};
  const std::array<mutable_burst, 5> out{view(b.counts, 1, 2), {}, {}, view(h, 2, 2), {}};
  evaluate(transfer_function::accumulate_line, b.stage, in, out, {.rate = 0.1F, .line = 1, .read = 1});
  EXPECT_FLOAT_EQ(h[2], 2.F / 3);
  EXPECT_FLOAT_EQ(h[3], -0.2F * 4 / 3);
  EXPECT_EQ(b.counts[0], 0);
  EXPECT_EQ(b.counts[1], 1);
  compare(chopped(false, chopper_schedule::never), 2, line_side::inputs, true, 100);
}

TEST(chopped_rule, choppers_of_the_other_side_flip_after_the_last_line) {
  auto rule = chopped(false, chopper_schedule::regular);
  rule.out_chop_prob = 0.25F;
  compare(rule, 1, line_side::inputs, true, 200);
  compare(rule, 1, line_side::outputs, true, 200);
  line_bench b(rule, 2, 1000);
  std::uint64_t flips = 0;
  for (std::uint64_t read = 0; read < 20; ++read) {
    const auto before = b.opposite;
    b.run(0.1F, read);
    std::uint64_t changed = 0;
    for (std::size_t o = 0; o < 1000; ++o) {
      ASSERT_EQ(std::abs(b.opposite[o]), 1);
      changed += b.opposite[o] != before[o] ? 1U : 0U;
    }
    if (read % 2 == 0) {
      EXPECT_EQ(changed, 0U);
    }
    flips += changed;
  }
  EXPECT_NEAR(static_cast<double>(flips) / 10'000, 0.25, 5 * std::sqrt(.25 * .75 / 10'000)); // 6e-7
}

TEST(dynamic_rule, is_relative_to_a_reference_that_is_frozen_when_the_chopper_flips) {
  auto rule = chopped(true, chopper_schedule::regular);
  EXPECT_NEAR(compare(rule, 1, line_side::inputs, true, 300), 0.2, 1e-9);
  compare(rule, 3, line_side::inputs, true, 300);
  rule.warm_up = false;
  compare(rule, 2, line_side::outputs, false, 300);
  rule.correct_accumulation = true;
  rule.fast_granularity = 0.4F;
  compare(rule, 2, line_side::inputs, true, 300);
}

TEST(dynamic_rule, needs_one_reference_where_reads_were_added_before) {
  constexpr std::uint32_t copies = 8;
  constexpr std::uint32_t lines = 3;
  constexpr std::uint32_t length = 40;
  for (const bool study : {false, true}) {
    auto rule = chopped(true, chopper_schedule::regular);
    rule.study_schedule = study;
    rule.threshold = 1e6F; // nothing is released: the hidden values show what was added up
    rule.warm_up = false;
    line_bench gathered(rule, lines, length, copies);
    line_bench added(rule, lines, length);
    for (std::uint64_t read = 0; read < 300; ++read) {
      gathered.reads = uniform(std::size_t{copies} * length, 1, read);
      for (auto& a : gathered.reads)
        a += 0.3F;
      auto parts = gathered.reads;
      add_to_first(view(parts, copies, length));
      added.reads.assign(parts.begin(), parts.begin() + length);
      gathered.run(0.1F, read);
      added.run(0.1F, read);
      EXPECT_EQ(gathered.driven, added.driven);
    }
    // Sums of 8 reads of at most 1.3, in 300 steps of rounding errors of 2^-24 each.
    constexpr float rounding = 8 * 1.3F * 300 * 0x1p-24F;
    const float gain = 0.1F / rule.threshold;
    float largest = 0;
    for (std::size_t e = 0; e < added.hidden.size(); ++e) {
      largest = std::max(largest, std::abs(gathered.hidden[e]) / gain);
      EXPECT_NEAR(gathered.hidden[e] / gain, added.hidden[e] / gain, 4 * rounding) << e;
      for (const std::size_t of : {0U, 1U}) { // means, references
        float sum = 0;
        for (std::size_t copy = 0; copy < copies; ++copy)
          sum += gathered.references[(2 * copy + of) * lines * length + e];
        EXPECT_NEAR(sum, added.references[of * lines * length + e], rounding) << e;
      }
    }
    EXPECT_GT(largest, 1000 * rounding);
  }
}

TEST(buffered_rule, gives_the_same_bits_where_reads_were_added_before) {
  const buffered_rule rule{.threshold = 1, .most_pulses = 2, .momentum = 0.1F};
  line_bench gathered(rule, 2, 30, 5);
  line_bench added(rule, 2, 30);
  for (std::uint64_t read = 0; read < 100; ++read) {
    gathered.reads = uniform(std::size_t{5} * 30, 1, read);
    auto parts = gathered.reads;
    add_to_first(view(parts, 5, 30));
    added.reads.assign(parts.begin(), parts.begin() + 30);
    gathered.run(1, read);
    added.run(1, read);
    ASSERT_EQ(gathered.counts, added.counts);
    ASSERT_EQ(gathered.hidden, added.hidden);
  }
}

TEST(dynamic_rule, that_does_not_forget_caps_its_buffer) {
  auto rule = chopped(true, chopper_schedule::regular);
  rule.forget_buffer = false;
  rule.warm_up = false;
  rule.threshold = 0.05F;
  compare(rule, 1, line_side::inputs, true, 200);
  rule.buffer_cap = 0.5F;
  compare(rule, 1, line_side::inputs, true, 200);
}

// At random: with the probability, and in the last sweep of the period in any case.
TEST(dynamic_rule, random_choppers_flip_at_the_end_of_a_period_too) {
  const auto rule = chopped(true, chopper_schedule::random);
  constexpr std::uint64_t reads = 3000;
  const double share = compare(rule, 2, line_side::inputs, true, reads);
  EXPECT_NEAR(share, 0.2 + 0.8 * 0.2, 5 * std::sqrt(.8 * .2 * .8 / reads)); // 6e-7
}

TEST(dynamic_rule, gives_no_pulses_while_it_warms_up) {
  line_bench b(chopped(true, chopper_schedule::regular), 1, 1);
  for (std::uint64_t read = 0; read < 12; ++read) {
    b.reads = {5};
    b.hidden = {3};
    const auto fired = b.run(1e-9F, read).fired;
    EXPECT_EQ(fired, read <= 5 ? 0U : 1U) << read;
    EXPECT_EQ(b.counts[0], read <= 5 ? 0 : -2) << read;
    EXPECT_FLOAT_EQ(b.hidden[0], 0.6F); // released all the same
  }
}

// In the study a chopper flips in the first sweep already, except for that of line 0, which the counter's wrap
// precedes.
TEST(study_schedule, flips_while_the_counter_of_wraps_is_a_multiple_of_the_period) {
  auto rule = chopped(true, chopper_schedule::regular);
  rule.study_schedule = true;
  rule.in_chop_prob = 0.005F;
  for (const auto& [lines, expected] : {std::pair{784U, 783U}, std::pair{256U, 255U}, std::pair{128U, 255U}}) {
    line_bench b(rule, lines, 1);
    b.stage.order.first = 1;
    std::uint64_t flips = 0;
    for (std::uint64_t read = 0; read < 40 * 938; ++read) {
      const auto line = b.stage.order.line_of(read);
      const float before = b.driven[line];
      b.run(0.1F, read);
      flips += b.driven[line] != before ? 1U : 0U;
      if (read == 0) {
        EXPECT_EQ(b.driven[1], -1);
      }
    }
    EXPECT_EQ(flips, expected); // of 40 epochs of 938 mini-batches
  }
}

TEST(study_schedule, references_follow_at_the_flip_and_writes_begin_at_once) {
  auto rule = chopped(true, chopper_schedule::regular);
  rule.study_schedule = true;
  rule.threshold = 1;
  rule.most_pulses = 1;
  rule.momentum = 0;
  rule.in_chop_prob = 0.5F;
  rule.tail_weightening = 0.5F; // beta = 1/4
  constexpr std::uint32_t lines = 2;
  line_bench b(rule, lines, 1, 2);
  b.stage.order.first = 1;
  std::array<float, 2> c{1, 1};
  std::array<float, 2> h{};
  std::array<std::array<float, 2>, 2> mean{};
  std::array<std::array<float, 2>, 2> reference{};
  std::uint64_t counter = 0;
  std::uint32_t k = 0;
  std::uint64_t fired = 0;
  for (std::uint64_t read = 0; read < 40; ++read) {
    k = (k + 1) % lines;
    counter += k == 0 ? 1 : 0;
    b.reads = uniform(2, 1, read);
    fired += b.run(0.7F, read).fired;
    float sum = 0;
    for (std::size_t j = 0; j < 2; ++j) {
      sum += b.reads[j] - reference.at(j).at(k);
      mean.at(j).at(k) = 0.75F * mean.at(j).at(k) + 0.25F * b.reads[j];
    }
    h.at(k) += c.at(k) * 0.7F * sum;
    const float n = std::clamp(std::trunc(h.at(k)), -1.F, 1.F);
    if (n != 0)
      h.at(k) = 0;
    if (counter % 2 == 0) {
      c.at(k) = -c.at(k);
      for (std::size_t j = 0; j < 2; ++j)
        reference.at(j).at(k) = mean.at(j).at(k);
    }
    EXPECT_EQ(b.counts[0], -n);
    EXPECT_EQ(b.driven, (std::vector<float>{c[0], c[1]}));
    EXPECT_FLOAT_EQ(b.hidden[k], h.at(k));
    for (std::size_t j = 0; j < 2; ++j) {
      EXPECT_FLOAT_EQ(b.references[2 * j * lines + k], mean.at(j).at(k));
      EXPECT_FLOAT_EQ(b.references[(2 * j + 1) * lines + k], reference.at(j).at(k));
    }
  }
  EXPECT_GT(fired, 5U);
}

TEST(accumulate_line, without_a_rate_nothing_happens) {
  line_bench b(chopped(true, chopper_schedule::regular), 1, 2);
  b.reads = {5, 5};
  b.counts = {7, 7};
  b.hidden = {3, 3};
  EXPECT_EQ(b.run(0, 4).fired, 0U); // where it would flip
  EXPECT_EQ(b.counts[0], 0);
  EXPECT_EQ(b.hidden[0], 3);
  EXPECT_EQ(b.driven[0], 1);
}

TEST(accumulate_line, rejects_what_does_not_fit) {
  line_bench b(chopped(true, chopper_schedule::regular), 2, 2);
  b.driven[0] = 0; // never filled
  EXPECT_THROW(b.run(0.1F, 0), std::invalid_argument);
  b.driven[0] = 1;
  EXPECT_NO_THROW(b.run(0.1F, 0));
  b.references.clear();
  EXPECT_THROW(b.run(0.1F, 0), std::invalid_argument);
  line_bench mixed(rank_one_rule{}, 2, 2);
  EXPECT_THROW(mixed.run(0.1F, 0), std::invalid_argument);
  std::vector<float> copy = b.hidden; // state must stay where it is
  b.stage.rule = buffered_rule{};
  const std::array<const_burst, 5> in{view(b.reads, 1, 2), {}, {}, {}, view(copy, 2, 2)};
  const std::array<mutable_burst, 4> out{view(b.counts, 1, 2), {}, {}, view(b.hidden, 2, 2)};
  EXPECT_THROW(evaluate(transfer_function::accumulate_line, b.stage, in, out, {.rate = 1}), std::invalid_argument);
}

std::vector<float> rates_of(const fast_rate_rule& rule, std::vector<float> maxima, std::vector<float>& means,
                            const transfer_scalars& scalars) {
  transfer_stage stage;
  stage.fast_rate = rule;
  const std::size_t n = maxima.size() / 2;
  std::vector<float> rates(n);
  const std::array<const_burst, 2> in{view(maxima, n, 2), view(means, 1, 2)};
  const std::array<mutable_burst, 2> out{view(rates, n, 1), view(means, 1, 2)};
  evaluate(transfer_function::fast_rate, stage, in, out, scalars);
  return rates;
}

TEST(fast_rate, follows_running_means_of_the_maxima) {
  fast_rate_rule rule{.fast_lr = 2, .desired_bl = 10, .granularity = 0.01F, .auto_momentum = 0.8F};
  std::vector<float> means{0, 0};
  const auto rates = rates_of(rule, {0, 0, /**/ 2, 0, /**/ 4, 0.5F, /**/ 0, 1.5F}, means, {.mini_batch = 2});
  EXPECT_FLOAT_EQ(rates[0], 0.2F); // no division yet
  EXPECT_FLOAT_EQ(rates[1], 0.2F);
  EXPECT_FLOAT_EQ(rates[2], 0.2F / (2.2F * 0.5F));
  EXPECT_FLOAT_EQ(rates[3], 0.2F / (2.2F * 0.6F)); // a maximum of 0 is passed over
  EXPECT_FLOAT_EQ(means[0], 2.2F);
  EXPECT_FLOAT_EQ(means[1], 0.6F);
  rule.times_learning_rate = true;
  EXPECT_FLOAT_EQ(rates_of(rule, {2.2F, 0.6F}, means, {.rate = 0.5F, .mini_batch = 2})[0], 0.1F / (2.2F * 0.6F));
}

/// Operands of mixed precision.
struct product_bench {
  transfer_stage stage;
  std::uint32_t inputs = 300; // more than one block
  std::uint32_t outputs = 70;
  std::uint32_t vectors = 11;
  std::vector<float> x = uniform(std::size_t{vectors} * inputs, 1, 1);
  std::vector<float> d = uniform(std::size_t{vectors} * outputs, 0.1F, 2);
  std::vector<float> chi = uniform(std::size_t{outputs} * inputs, 0.01F, 3);

  explicit product_bench(const rank_one_rule& rule) : stage{.order = {.seed = 5, .stream = 6}, .rule = rule} {}
  transfer_activity run(std::uint32_t first = 0, std::uint32_t count = ~0U, std::uint64_t first_vector = 40) {
    count = std::min(count, vectors - first);
    const auto xs = burst(x, inputs, first, count);
    const auto ds = burst(d, outputs, first, count);
    const std::array<const_burst, 3> in{xs, ds, view(chi, outputs, inputs)};
    const std::array<mutable_burst, 1> out{view(chi, outputs, inputs)};
    return evaluate(transfer_function::accumulate_product, stage, in, out,
                    {.rate = 0.1F, .first_vector = first_vector + first});
  }
  static mutable_burst burst(std::vector<float>& v, std::uint32_t length, std::uint32_t first, std::uint32_t count) {
    return {v.data() + std::size_t{first} * length, count, length, length};
  }
};

TEST(accumulate_product, adds_vector_after_vector) {
  product_bench b(rank_one_rule{});
  auto expected = b.chi;
  for (std::size_t v = 0; v < b.vectors; ++v)
    for (std::size_t i = 0; i < b.outputs; ++i)
      for (std::size_t j = 0; j < b.inputs; ++j)
        expected[i * b.inputs + j] += 0.1F * b.d[v * b.outputs + i] * b.x[v * b.inputs + j];
  EXPECT_EQ(b.run().hidden_elements, 11U * 300 * 70);
  for (std::size_t e = 0; e < expected.size(); ++e)
    ASSERT_FLOAT_EQ(b.chi[e], expected[e]);
}

TEST(accumulate_product, does_not_depend_on_bursts_or_blocks_of_rows) {
  const rank_one_rule rule{.x_bins = 7, .d_bins = 5};
  product_bench whole(rule);
  whole.run();
  product_bench bursts(rule);
  for (std::uint32_t v = 0; v < 11; v += 3)
    bursts.run(v, 3);
  EXPECT_EQ(bursts.chi, whole.chi);
  product_bench rows(rule);
  for (std::uint32_t i = 0; i < 70; i += 32)
    accumulate_product_rows(rows.stage, view(rows.x, 11, 300), view(rows.d, 11, 70), view(rows.chi, 70, 300),
                            {.rate = 0.1F, .first_vector = 40}, i, std::min(32U, 70 - i));
  EXPECT_EQ(rows.chi, whole.chi);
  product_bench later(rule);
  later.run(0, ~0U, 41); // other draws
  EXPECT_NE(later.chi, whole.chi);
}

TEST(accumulate_product, bins_without_draws) {
  for (const int bins : {4, 5, 1}) {
    product_bench b(rank_one_rule{.x_bins = bins, .d_bins = 0, .stochastic_x = false});
    std::ranges::fill(b.chi, 0.F);
    b.run(0, 1);
    float largest = 0;
    for (std::size_t j = 0; j < 300; ++j)
      largest = std::max(largest, std::abs(b.x[j]));
    const float width = largest / 2;
    for (std::size_t i = 0; i < 70; ++i)
      for (std::size_t j = 0; j < 300; ++j) {
        const float q = bins == 1 ? 0 : std::rint(b.x[j] / width) * width;
        ASSERT_NEAR(b.chi[i * 300 + j], 0.1F * b.d[i] * q, 1e-7F);
      }
  }
}

TEST(accumulate_product, drawn_bins_are_right_on_average) {
  product_bench b(rank_one_rule{.x_bins = 5, .d_bins = 3});
  b.inputs = 3;
  b.outputs = 2;
  b.vectors = 1;
  b.x = {1, 0.2F, -0.7F};
  b.d = {0.5F, -0.1F};
  b.chi = std::vector<float>(6);
  constexpr int n = 20'000;
  std::array<double, 6> sum{};
  std::set<float> of_one_element;
  for (std::uint64_t v = 0; v < n; ++v) {
    std::ranges::fill(b.chi, 0.0F);
    b.run(0, 1, v);
    std::ranges::transform(sum, b.chi, sum.begin(), std::plus{});
    of_one_element.insert(b.chi[4]);
  }
  // q(d) of -0.1 is 0 or -0.5 and q(x) of 0.2 is 0 or 0.5: deviations of the products are below 0.25. 5 standard
  // errors, a false alarm has probability 6e-7 for each of 6 elements
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      const double mean = sum.at(i * 3 + j) / (0.1 * n);
      EXPECT_NEAR(mean, static_cast<double>(b.d[i]) * static_cast<double>(b.x[j]), 5 * 0.25 / std::sqrt(n));
    }
  EXPECT_EQ(of_one_element.size(), 2U); // 0 and -0.025
}

TEST(take_lines, takes_whole_pulses_from_row_after_row) {
  transfer_stage stage;
  stage.rule = rank_one_rule{.granularity = 0.25F};
  std::vector<float> chi{0.6F, -0.2F, /**/ -0.8F, 5, /**/ 0.25F, -0.25F};
  std::vector<float> counts(4);
  const std::array<const_burst, 1> in{view(chi, 3, 2)};
  const std::array<mutable_burst, 2> out{view(counts, 2, 2), view(chi, 3, 2)};
  const auto activity = evaluate(transfer_function::take_lines, stage, in, out, {.line = 2}); // rows 2 and 0
  EXPECT_EQ(counts, (std::vector<float>{1, -1, 2, 0}));
  EXPECT_EQ(activity.hidden_elements, 4U);
  EXPECT_EQ(activity.fired, 3U);
  EXPECT_FLOAT_EQ(chi[0], 0.1F);
  EXPECT_EQ(std::vector(chi.begin() + 1, chi.end()), (std::vector<float>{-0.2F, -0.8F, 5, 0, 0}));
}

} // namespace
} // namespace tilework::numerics
