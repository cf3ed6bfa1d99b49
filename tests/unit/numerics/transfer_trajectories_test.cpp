// SPDX-License-Identifier: Apache-2.0
// Trajectories of AIHWKit's compounds on a 2 x 2 tile of ideal devices: a few lines of model around the rules, and the
// values that the reference engine gives. Devices have constant steps and bounds of 1, pulses are rint(BL p q), reads
// are exact, x = (1, 1), and a line is transferred after every vector.
#include <tilework/numerics/transfer.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace tilework::numerics {
namespace {

using pair = std::array<float, 2>;
constexpr float tolerance = 1e-6F;

float largest(const pair& v) {
  return std::max(std::abs(v[0]), std::abs(v[1]));
}

struct pulse_rule {
  float granularity = 0.001F;
  int desired_bl = 31;
  bool managed = true;
};

/// A 2 x 2 array of ideal devices.
struct ideal_array {
  float step = 0.001F;
  std::array<pair, 2> w{}; // per output

  [[nodiscard]] pair column(std::uint32_t j) const { return {w[0].at(j), w[1].at(j)}; }
  /// Pulses of W <- W - rate d x^T; choppers turn their signs.
  void update(const pulse_rule& rule, const pair& x, const pair& d, float rate, const pair& cx = {1, 1},
              const pair& cd = {1, 1}) {
    auto bl = static_cast<float>(rule.desired_bl);
    float a = 1;
    float b = 1;
    if (rule.managed) {
      const float k = rate * largest(x) * largest(d) / rule.granularity;
      if (k == 0)
        return;
      bl = std::min(std::ceil(k), bl);
      a = std::sqrt(rate / (rule.granularity * bl));
      const float ratio =
          std::sqrt(largest(x) / (largest(d) * std::min(1.0F, static_cast<float>(rule.desired_bl) / k)));
      b = a / ratio;
      a *= ratio;
    } else {
      a = b = std::sqrt(rate / (rule.granularity * bl));
    }
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 2; ++j) {
        const float p = std::min(1.0F, std::abs(x.at(j)) * b);
        const float q = std::min(1.0F, std::abs(d.at(i)) * a);
        const float sign = std::copysign(1.0F, x.at(j) * d.at(i)) * cx.at(j) * cd.at(i);
        w.at(i).at(j) = std::clamp(w.at(i).at(j) - sign * step * std::rint(bl * p * q), -1.0F, 1.0F);
      }
  }
};

/// A fast and a slow array and what is between them.
struct two_arrays {
  transfer_stage stage;
  pulse_rule updates;
  pulse_rule writes;
  float write_rate = 0;
  bool automatic = false; ///< learning rate of the fast array
  float learning_rate = 0.1F;
  ideal_array fast{};
  ideal_array slow{};
  std::vector<float> means = std::vector<float>(2);
  std::vector<float> input_choppers = std::vector<float>(2, 1);
  std::vector<float> output_choppers = std::vector<float>(2, 1);
  std::vector<float> hidden = std::vector<float>(4);
  std::vector<float> references = std::vector<float>(8);
  std::uint64_t vectors = 0;

  [[nodiscard]] pair hidden_row() const { return {hidden[0], hidden[2]}; } // of output 0
  [[nodiscard]] pair mean_row() const { return {references[0], references[2]}; }
  [[nodiscard]] pair reference_row() const { return {references[4], references[6]}; }

  void train(const pair& d) {
    const pair x{1, 1};
    float rate = learning_rate;
    if (automatic) {
      std::array<float, 2> maxima{largest(x), largest(d)};
      const std::array<const_burst, 2> in{const_burst{maxima.data(), 1, 2, 2}, view(means, 1, 2)};
      const std::array<mutable_burst, 2> out{mutable_burst{&rate, 1, 1, 1}, view(means, 1, 2)};
      evaluate(transfer_function::fast_rate, stage, in, out, {.rate = learning_rate});
    }
    fast.update(updates, x, d, rate, {input_choppers[0], input_choppers[1]}, {output_choppers[0], output_choppers[1]});
    transfer(rate);
    ++vectors;
  }

private:
  static mutable_burst view(std::vector<float>& v, std::uint32_t n, std::uint32_t m) { return {v.data(), n, m, m}; }

  void transfer(float fast_rate) {
    const std::uint32_t line = stage.order.line_of(vectors);
    pair read = fast.column(line);
    pair counts{};
    const auto cx = view(input_choppers, 1, 2);
    const auto cd = view(output_choppers, 1, 2);
    const auto h = view(hidden, 2, 2);
    const auto r = view(references, 4, 2);
    const std::array<const_burst, 6> in{
        const_burst{read.data(), 1, 2, 2}, const_burst{&fast_rate, 1, 1, 1}, cx, cd, h, r};
    const std::array<mutable_burst, 5> out{mutable_burst{counts.data(), 1, 2, 2}, cx, cd, h, r};
    const auto activity = evaluate(transfer_function::accumulate_line, stage, in, out,
                                   {.rate = learning_rate, .line = line, .read = vectors});
    if (activity.fired > 0)
      slow.update(writes, line == 0 ? pair{1, 0} : pair{0, 1}, counts, write_rate);
  }
};

void expect_row(const pair& actual, float first, float second, const char* what, int k) {
  EXPECT_NEAR(actual[0], first, tolerance) << what << " after " << k;
  EXPECT_NEAR(actual[1], second, tolerance) << what << " after " << k;
}

two_arrays with(const transfer_rule& rule, float fast_step, float slow_step) {
  two_arrays t;
  t.stage.order.lines = 2;
  t.stage.rule = rule;
  t.fast.step = fast_step;
  t.slow.step = slow_step;
  t.updates.granularity = (fast_step + slow_step) / 2; // of a compound: the mean
  t.writes = {.granularity = slow_step, .desired_bl = 1, .managed = false};
  t.write_rate = slow_step;
  return t;
}

constexpr pair gradient{-0.01F, -0.01F};

TEST(transfer_trajectory, tiki_taka) {
  auto t = with(direct_rule{}, 0.001F, 0.001F);
  t.writes = {};
  t.write_rate = t.learning_rate;
  for (int k = 1; k <= 12; ++k) {
    t.train(gradient);
    const auto a = 0.001F * static_cast<float>(k);
    expect_row(t.fast.w[0], a, a, "A", k);
    if (k < 5) // half a pulse and less
      expect_row(t.slow.w[0], 0, 0, "C", k);
    if (k == 6)
      expect_row(t.slow.w[0], 0, .001F, "C", k);
    if (k == 8)
      expect_row(t.slow.w[0], .001F, .002F, "C", k);
    if (k == 10)
      expect_row(t.slow.w[0], .002F, .003F, "C", k);
    if (k == 12)
      expect_row(t.slow.w[0], .003F, .004F, "C", k);
  }
}

TEST(transfer_trajectory, buffered) {
  auto t = with(buffered_rule{.threshold = 0.002F, .most_pulses = 1, .momentum = 0.1F}, 0.001F, 0.002F);
  for (int k = 1; k <= 12; ++k) {
    t.train(gradient);
    const auto a = 0.001F * static_cast<float>(k);
    expect_row(t.fast.w[0], a, a, "A", k);
    if (k == 1)
      expect_row(t.hidden_row(), .0001F, 0, "H", k);
    if (k == 2)
      expect_row(t.hidden_row(), .0001F, .0002F, "H", k);
    if (k == 4)
      expect_row(t.hidden_row(), .0004F, .0006F, "H", k);
    if (k == 6)
      expect_row(t.hidden_row(), .0009F, .0012F, "H", k);
    if (k < 8)
      expect_row(t.slow.w[0], 0, 0, "C", k);
    if (k == 8) {
      expect_row(t.hidden_row(), .0016F, .0002F, "H", k);
      expect_row(t.slow.w[0], 0, .002F, "C", k);
    }
    if (k == 10)
      expect_row(t.slow.w[0], .002F, .002F, "C", k);
    if (k == 12)
      expect_row(t.slow.w[0], .002F, .004F, "C", k);
  }
}

two_arrays chopped(bool dynamic) {
  chopped_rule rule;
  rule.threshold = 0.001F * 50 / 2;
  rule.input_choppers = chopper_schedule::regular;
  rule.in_chop_prob = 0.25F;
  rule.dynamic = dynamic;
  rule.tail_weightening = 2;
  auto t = with(rule, 0.001F, 0.002F);
  t.automatic = true;
  t.stage.fast_rate = {.fast_lr = 0.5F, .desired_bl = 31, .granularity = 0.001F};
  return t;
}

TEST(transfer_trajectory, choppers) {
  auto t = chopped(false);
  for (int k = 1; k <= 24; ++k) {
    t.train(gradient);
    if (k == 1) {
      expect_row(t.fast.w[0], .01F, .01F, "A", k);
      expect_row(t.hidden_row(), .04F, 0, "H", k);
    }
    if (k == 2)
      expect_row(t.hidden_row(), .04F, .08F, "H", k);
    if (k == 4)
      expect_row(t.fast.w[0], .04F, .04F, "A", k);
    if (k == 8) {
      expect_row(t.fast.w[0], .06F, .08F, "A", k);
      expect_row(t.hidden_row(), .64F, .80F, "H", k);
    }
    if (k == 14)
      expect_row(t.hidden_row(), .28F, .32F, "H", k);
    if (k == 16) {
      expect_row(t.fast.w[0], 0, 0, "A", k);
      expect_row(t.hidden_row(), .32F, .32F, "H", k);
    }
    if (k == 22)
      expect_row(t.hidden_row(), .68F, .80F, "H", k);
    if (k < 24)
      expect_row(t.slow.w[0], 0, 0, "C", k);
    if (k == 24) {
      expect_row(t.fast.w[0], .06F, .08F, "A", k);
      expect_row(t.hidden_row(), .96F, 0, "H", k);
      expect_row(t.slow.w[0], 0, .002F, "C", k);
    }
  }
}

TEST(transfer_trajectory, running_reference) {
  auto t = chopped(true);
  for (int k = 1; k <= 32; ++k) {
    t.train(gradient);
    if (k == 1)
      expect_row(t.mean_row(), .005F, 0, "M", k);
    if (k == 3)
      expect_row(t.mean_row(), .0175F, .01F, "M", k);
    if (k == 8) {
      expect_row(t.mean_row(), .051875F, .06125F, "M", k);
      expect_row(t.reference_row(), 0, 0, "R", k);
      expect_row(t.hidden_row(), .64F, .80F, "H", k);
    }
    if (k == 10 || k == 16)
      expect_row(t.reference_row(), .051875F, .06125F, "R", k);
    if (k == 10)
      expect_row(t.hidden_row(), .6475F, .805F, "H", k);
    if (k < 14)
      expect_row(t.slow.w[0], 0, 0, "C", k);
    if (k == 14) {
      expect_row(t.hidden_row(), .9025F, 0, "H", k);
      expect_row(t.slow.w[0], 0, .002F, "C", k);
    }
    if (k == 16) {
      expect_row(t.hidden_row(), 0, .245F, "H", k);
      expect_row(t.slow.w[0], .002F, .002F, "C", k);
    }
    if (k == 18)
      expect_row(t.reference_row(), .007617F, .017578F, "R", k);
    if (k == 26)
      expect_row(t.reference_row(), .052351F, .062349F, "R", k);
    if (k == 30)
      expect_row(t.slow.w[0], .002F, .004F, "C", k);
    if (k == 32)
      expect_row(t.slow.w[0], .004F, .004F, "C", k);
  }
}

// Two vectors per mini-batch; what they left behind is taken after the first vector of the next one.
TEST(transfer_trajectory, mixed_precision) {
  ideal_array array;
  transfer_stage stage;
  stage.order.lines = 2;
  stage.rule = rank_one_rule{.granularity = 0.001F};
  std::vector<float> x(2, 1);
  std::vector<float> d(2, -0.013F);
  std::vector<float> chi(4);
  std::vector<float> counts(4);
  const auto row = [](std::vector<float>& v) { return mutable_burst{v.data(), 1, 2, 2}; };
  const mutable_burst matrix{chi.data(), 2, 2, 2};
  const std::array expected_chi{-.0026F, -.0022F, -.0018F, -.0014F};
  for (std::uint64_t c = 0; c < 8; ++c) {
    const std::array<const_burst, 3> in{row(x), row(d), matrix};
    const std::array<mutable_burst, 1> sum{matrix};
    evaluate(transfer_function::accumulate_product, stage, in, sum, {.rate = 0.1F, .first_vector = c});
    if (c > 0 && c % 2 == 0) {
      const std::array<const_burst, 1> from{matrix};
      const std::array<mutable_burst, 2> taken{mutable_burst{counts.data(), 2, 2, 2}, matrix};
      evaluate(transfer_function::take_lines, stage, from, taken, {});
      for (std::size_t i = 0; i < 2; ++i)
        array.update({}, {counts[2 * i], counts[2 * i + 1]}, i == 0 ? pair{1, 0} : pair{0, 1}, 0.001F);
    }
    if (c % 2 == 1) {
      const auto call = static_cast<int>(c / 2);
      expect_row({chi[0], chi[1]}, expected_chi.at(c / 2), expected_chi.at(c / 2), "chi", call + 1);
      const float w = 0.003F * static_cast<float>(call);
      expect_row(array.w[0], w, w, "W", call + 1);
      expect_row(array.w[1], w, w, "W", call + 1);
    }
  }
}

} // namespace
} // namespace tilework::numerics
