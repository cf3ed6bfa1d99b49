// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/product_kernels.h>
#include <tilework/physics/crossbar/train_kernels.h>
#include <tilework/physics/random/noise_stream.h>
#include <tilework/physics/simd/dispatch.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace tilework::physics {
namespace {

template <typename F>
void for_each_instruction_set(F f) {
  for (const auto& [name, isa] : names_of(instruction_set{}))
    if (is_supported(isa))
      f(name, dispatch_index(isa));
}

/// Lists of one side, with what must not be touched behind them.
struct lists {
  lists(std::size_t size, std::size_t n_words) : stride((size + 15) / 16 * 16), words(n_words) {}
  [[nodiscard]] train_room room() {
    return {stride, words, lines.data(), signs.data(), trains.data(), thresholds.data()};
  }
  std::size_t stride;
  std::size_t words;
  std::vector<std::uint32_t> lines = std::vector<std::uint32_t>(stride);
  std::vector<std::int32_t> signs = std::vector<std::int32_t>(stride);
  std::vector<std::uint32_t> trains = std::vector<std::uint32_t>(words * stride, 77);
  std::vector<std::int32_t> thresholds = std::vector<std::int32_t>(stride);
};

struct listed_line {
  std::uint32_t line = 0;
  std::int32_t sign = 0;
  std::vector<std::uint32_t> train;
  bool operator==(const listed_line&) const = default;
};

/// The law in words: line after line, slot after slot.
std::vector<listed_line> expected_lines(const train_law& law, std::size_t words) {
  std::vector<listed_line> all;
  std::uint32_t number = 0;
  for (std::uint32_t l = 0; l < law.operand.size(); ++l) {
    const double p = law.probabilities[l];
    if (!(p > 0) && !law.lists_silent)
      continue;
    listed_line line{l, law.operand[l] < 0 ? -law.direction : law.direction, std::vector<std::uint32_t>(words)};
    bool fires = false;
    for (std::uint32_t s = 0; p > 0 && s < law.bit_length; ++s) {
      const auto block = fastest_number_kernels().block({law.key, law.vector, number / 4, law.slot_tag | s});
      const double below = std::ceil(std::min(p, 1.0) * 0x1p32); // words that fire
      if (static_cast<double>(block[number % 4] ^ 0x80000000U) < below) {
        line.train[s / 32] |= 1U << (s % 32);
        fires = true;
      }
    }
    ++number;
    if (fires || law.lists_silent)
      all.push_back(line);
  }
  return all;
}

std::vector<listed_line> lines_of(const lists& l, std::size_t count) {
  std::vector<listed_line> all;
  for (std::size_t k = 0; k < count; ++k) {
    all.push_back({l.lines[k], l.signs[k], {}});
    for (std::size_t w = 0; w < l.words; ++w)
      all.back().train.push_back(l.trains[w * l.stride + k]);
  }
  return all;
}

TEST(train_kernels, draw_what_the_law_says_on_every_instruction_set) {
  const noise_stream random(3, purpose::dataset, {});
  for (const std::size_t size : {1U, 15U, 16U, 17U, 100U, 203U})
    for (const std::uint32_t slots : {1U, 3U, 4U, 31U, 32U, 33U, 70U})
      for (const bool lists_silent : {false, true}) {
        std::vector<float> x(size);
        std::vector<float> keep(size);
        random.fill_normals(size, slots, x);
        random.fill_uniforms(size, 100 + slots, keep);
        for (std::size_t l = 0; l < size; ++l)
          x[l] *= keep[l] < .4F ? 0 : keep[l] < .6F ? .01F : 1;
        lists room(size, 3);
        std::vector<float> p(room.stride);
        for (std::size_t l = 0; l < size; ++l)
          p[l] = std::abs(x[l]);
        const train_law law{x, slots % 2 == 0 ? 1 : -1, p.data(), slots, lists_silent, {5, 6}, size, 1U << 31U};
        const auto expected = expected_lines(law, room.words);
        std::uint64_t pulses = 0;
        for (const auto& line : expected)
          for (std::uint32_t s = 0; s < slots; ++s)
            pulses += (line.train[s / 32] >> (s % 32)) & 1U;
        for_each_instruction_set([&](std::string_view name, std::size_t isa) {
          std::ranges::fill(room.trains, 77U);
          const auto drawn = draw_trains(law, room.room(), isa);
          EXPECT_EQ(lines_of(room, drawn.listed), expected) << name << ", " << size << " lines, " << slots << " slots";
          EXPECT_EQ(drawn.pulses, pulses) << name;
          for (std::size_t w = 0; w < room.words; ++w)
            for (std::size_t k = drawn.listed; k < (drawn.listed + 15) / 16 * 16; ++k)
              EXPECT_EQ(room.trains[w * room.stride + k], 0U) << name;
        });
      }
}

// A word u of 2^32 fires a line of probability (u + 1) / 2^32 and does not fire one of u / 2^32; both are floats if u
// has few bits or the difference is invisible. Words of all magnitudes.
TEST(train_kernels, probabilities_are_exact) {
  const std::vector<float> x{1};
  int tried = 0;
  for (std::uint64_t vector = 0; tried < 200; ++vector) {
    const auto u = fastest_number_kernels().block({{5, 6}, vector, 0, 0})[0] ^ 0x80000000U;
    const double above = (u + 1.0) * 0x1p-32;
    const double at = u * 0x1p-32;
    if (static_cast<double>(static_cast<float>(above)) != above && static_cast<double>(static_cast<float>(at)) != at)
      continue;
    ++tried;
    lists room(1, 1);
    for_each_instruction_set([&](std::string_view name, std::size_t isa) {
      const auto fires = [&](double probability) {
        std::vector<float> p(16);
        p[0] = static_cast<float>(probability);
        return draw_trains({x, 1, p.data(), 1, false, {5, 6}, vector, 0}, room.room(), isa).pulses == 1;
      };
      if (static_cast<double>(static_cast<float>(above)) == above) {
        EXPECT_TRUE(fires(above)) << name << " " << u;
      }
      if (static_cast<double>(static_cast<float>(at)) == at) {
        EXPECT_FALSE(fires(at)) << name << " " << u;
      }
    });
  }
}

TEST(train_kernels, probabilities_are_quantised_like_by_a_converter) {
  const noise_stream random(4, purpose::dataset, {});
  for (const std::size_t size : {1U, 16U, 37U, 256U})
    for (const float step : {0.0F, .03F})
      for (const bool stochastic : {false, true}) {
        std::vector<float> x(size);
        std::vector<float> uniforms(size);
        random.fill_normals(size, 0, x);
        random.fill_uniforms(size, 1, uniforms);
        x[0] = 0;
        const converter steps{.step = step, .stochastic = stochastic};
        std::size_t positive = 0;
        std::vector<float> expected((size + 15) / 16 * 16);
        for (std::size_t l = 0; l < size; ++l) {
          const float p = std::abs(x[l]) * .3F;
          expected[l] = stochastic ? steps.quantise(p, uniforms[l]) : steps.quantise(p);
          positive += expected[l] > 0;
        }
        for_each_instruction_set([&](std::string_view name, std::size_t isa) {
          std::vector<float> p(expected.size(), 7);
          EXPECT_EQ(find_probabilities(steps, .3F, x, stochastic ? uniforms.data() : nullptr, p, isa), positive)
              << name;
          EXPECT_EQ(p, expected) << name;
        });
      }
}

} // namespace
} // namespace tilework::physics
