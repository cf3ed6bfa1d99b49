// SPDX-License-Identifier: Apache-2.0
/// \file Pairs of neighbouring random streams, and how correlated they are.
#pragma once

#include <tilework/physics/random/noise_stream.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tilework::physics {

/// Where numbers of a stream are taken from.
struct stream_address {
  std::uint64_t seed = 1;
  physics::purpose purpose = purpose::forward_noise;
  logical_array array{1, 1, 1, 1, 1};
  std::uint64_t vector = 5;
  std::uint32_t slot = 3;
  std::uint32_t first_element = 0;

  [[nodiscard]] std::vector<float> normals(std::size_t count) const {
    std::vector<float> values(first_element + count);
    noise_stream(seed, purpose, array).fill_normals(vector, slot, values);
    values.erase(values.begin(), values.begin() + first_element);
    return values;
  }
};

struct neighbour {
  std::string_view what;
  stream_address address;
};

/// Addresses that differ from stream_address{} in one thing, by as little as possible.
inline constexpr std::array<neighbour, 17> neighbours{{
    {"seed", {.seed = 2}},
    {"seed, high word", {.seed = 1 + (1ULL << 32U)}},
    {"purpose: evaluation", {.purpose = purpose::forward_noise_evaluation}},
    {"purpose: backward", {.purpose = purpose::backward_noise}},
    {"purpose: pulses", {.purpose = purpose::cycle_to_cycle}},
    {"layer", {.array = {2, 1, 1, 1, 1}}},
    {"input split", {.array = {1, 2, 1, 1, 1}}},
    {"output split", {.array = {1, 1, 2, 1, 1}}},
    {"copy", {.array = {1, 1, 1, 2, 1}}},
    {"role", {.array = {1, 1, 1, 1, 2}}},
    {"vector", {.vector = 6}},
    {"vector, high word", {.vector = 5 + (1ULL << 32U)}},
    {"slot", {.slot = 4}},
    {"slot, high half", {.slot = 3 + (1U << 16U)}},
    {"next line", {.first_element = 1}},
    {"line after next", {.first_element = 2}},
    {"line of the next block", {.first_element = 4}},
}};

/// Correlations of two samples of standard normals, of the numbers and of their squares, in standard errors.
struct correlations {
  double of_numbers = 0;
  double of_squares = 0;
};
inline correlations correlate(const std::vector<float>& a, const std::vector<float>& b) {
  double numbers = 0;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    numbers += x * y;
    squares += (x * x - 1) * (y * y - 1); // variance 2 * 2
  }
  const auto n = static_cast<double>(a.size());
  return {numbers / std::sqrt(n), squares / (2 * std::sqrt(n))};
}

} // namespace tilework::physics
