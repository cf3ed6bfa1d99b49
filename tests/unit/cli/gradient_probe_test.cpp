// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/gradient_probe.h>

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

namespace tilework::cli {
namespace {

// Two vectors, three inputs, two outputs: sum d x^T = {{2, 0, 3}, {0, -1, 1}}.
const std::vector<float> x{2, 0, 3, 0, 1, -1}; // NOLINT(cert-err58-cpp)
const std::vector<float> d{1, 0, 0, -1};       // NOLINT(cert-err58-cpp)

std::optional<double> cosine(const std::vector<float>& change) {
  return descent_cosine(change, {x.data(), 2, 3, 3}, {d.data(), 2, 2, 2});
}

TEST(descent_cosine, is_1_along_the_descent_and_minus_1_against_it) {
  EXPECT_DOUBLE_EQ(cosine({-2, 0, -3, 0, 1, -1}).value(), 1);
  EXPECT_DOUBLE_EQ(cosine({-.2F, 0, -.3F, 0, .1F, -.1F}).value(), 1);
  EXPECT_DOUBLE_EQ(cosine({2, 0, 3, 0, -1, 1}).value(), -1);
}

TEST(descent_cosine, of_other_directions) {
  EXPECT_DOUBLE_EQ(cosine({0, 5, 0, 5, 0, 0}).value(), 0);
  EXPECT_NEAR(cosine({-1, 0, 0, 0, 0, 0}).value(), 2 / std::sqrt(15), 1e-15);
}

TEST(descent_cosine, is_empty_where_nothing_moves) {
  EXPECT_EQ(cosine({0, 0, 0, 0, 0, 0}), std::nullopt);
  const std::vector<float> none(6);
  EXPECT_EQ(descent_cosine(x, {none.data(), 2, 3, 3}, {d.data(), 2, 2, 2}), std::nullopt);
}

TEST(gradient_probe, remembers_whether_it_had_begun) {
  for (const bool begun : {false, true}) {
    gradient_probe probe;
    if (begun)
      probe.begin({{{1, 2}, {0}}});
    std::stringstream state;
    byte_writer writer(state);
    probe.save(writer);
    gradient_probe other;
    byte_reader reader(state);
    EXPECT_EQ(other.restore(reader), begun);
    EXPECT_EQ(other.cosine(0), std::nullopt);
  }
}

} // namespace
} // namespace tilework::cli
