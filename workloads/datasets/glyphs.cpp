// SPDX-License-Identifier: Apache-2.0
#include <tilework/numerics/random.h>
#include <tilework/workloads/datasets/glyphs.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <utility>
#include <vector>

namespace tilework::workload {
namespace {

struct point {
  float x = 0;
  float y = 0;
  friend constexpr point operator+(point a, point b) { return {a.x + b.x, a.y + b.y}; }
  friend constexpr point operator-(point a, point b) { return {a.x - b.x, a.y - b.y}; }
  friend constexpr point operator*(float s, point a) { return {s * a.x, s * a.y}; }
  friend constexpr float dot(point a, point b) { return a.x * b.x + a.y * b.y; }
};

/// Points that one movement of the pen passes through on a smooth curve; corners are where two strokes meet.
/// Coordinates: x to the right, y down, the digit fills [0, 1] x [0, 1].
struct stroke {
  std::array<point, 12> points{};
  std::size_t count = 0;
  constexpr stroke(std::initializer_list<point> percent) : count(percent.size()) {
    std::ranges::transform(percent, points.begin(), [](point p) { return 0.01F * p; });
  }
};

/// One way to write a digit.
struct shape {
  std::uint8_t digit = 0;
  std::array<stroke, 3> strokes;
};
constexpr stroke none{};

// Ways to write the digits; all ways of one digit are adjacent. Coordinates in percent.
// clang-format off
constexpr std::array<shape, 19> shapes{{
    {0, {stroke{{55, 0}, {25, 12}, {8, 50}, {22, 88}, {50, 100}, {80, 86}, {92, 50}, {80, 14}, {50, 1}}, none, none}},
    {0, {stroke{{70, 6}, {40, 0}, {12, 30}, {10, 70}, {40, 100}, {75, 90}, {90, 50}, {75, 12}, {42, 8}}, none, none}},
    {1, {stroke{{50, 0}, {50, 50}, {50, 100}}, none, none}},
    {1, {stroke{{30, 25}, {55, 0}}, stroke{{55, 0}, {53, 50}, {50, 100}}, none}},
    {1, {stroke{{30, 25}, {52, 0}}, stroke{{52, 0}, {50, 100}}, stroke{{25, 100}, {78, 98}}}},
    {2, {stroke{{12, 25}, {32, 3}, {65, 3}, {84, 26}, {68, 55}, {12, 100}}, stroke{{12, 100}, {90, 96}}, none}},
    {2, {stroke{{15, 20}, {45, 0}, {80, 20}, {65, 60}, {30, 95}, {10, 90}, {25, 76}, {55, 92}, {95, 95}}, none, none}},
    {3, {stroke{{14, 13}, {48, 0}, {80, 17}, {70, 40}, {40, 48}}, stroke{{40, 48}, {78, 57}, {86, 82}, {50, 100}, {10, 88}}, none}},
    {3, {stroke{{12, 2}, {80, 2}}, stroke{{80, 2}, {45, 40}}, stroke{{45, 40}, {80, 55}, {80, 87}, {42, 100}, {10, 86}}}},
    {4, {stroke{{20, 2}, {16, 30}, {14, 55}}, stroke{{14, 55}, {90, 52}}, stroke{{74, 5}, {70, 50}, {64, 100}}}},
    {4, {stroke{{64, 0}, {10, 66}}, stroke{{10, 66}, {92, 66}}, stroke{{64, 0}, {64, 100}}}},
    {5, {stroke{{86, 2}, {24, 3}}, stroke{{24, 3}, {20, 45}}, stroke{{20, 45}, {56, 37}, {86, 62}, {74, 92}, {40, 100}, {10, 90}}}},
    {6, {stroke{{70, 2}, {35, 25}, {14, 65}, {28, 96}, {62, 98}, {82, 76}, {62, 55}, {30, 60}, {16, 78}}, none, none}},
    {7, {stroke{{10, 6}, {88, 4}}, stroke{{88, 4}, {60, 45}, {40, 100}}, none}},
    {7, {stroke{{10, 6}, {88, 4}}, stroke{{88, 4}, {60, 50}, {42, 100}}, stroke{{32, 52}, {82, 50}}}},
    {8, {stroke{{78, 14}, {50, 0}, {22, 17}, {38, 40}, {68, 60}, {80, 82}, {50, 100}, {20, 82}, {36, 58}, {68, 38}, {80, 18}, {66, 4}}, none, none}},
    {8, {stroke{{50, 46}, {20, 24}, {50, 0}, {80, 24}, {50, 46}}, stroke{{50, 46}, {14, 74}, {50, 100}, {86, 74}, {50, 46}}, none}},
    {9, {stroke{{82, 20}, {55, 0}, {20, 18}, {24, 46}, {56, 50}, {80, 22}}, stroke{{80, 22}, {78, 60}, {68, 100}}, none}},
    {9, {stroke{{80, 16}, {48, 0}, {18, 24}, {38, 50}, {72, 38}, {84, 10}}, stroke{{84, 10}, {84, 55}, {66, 94}, {26, 98}}, none}},
}};
// clang-format on

/// Random numbers of one sample, drawn in sequence.
class sequence {
public:
  explicit sequence(numerics::random_stream stream) : stream_(stream) {}
  float uniform(float low, float high) { return low + (high - low) * stream_.uniform(next_++); }
  float normal(float deviation) { return deviation * static_cast<float>(stream_.normal(next_++)); }
  std::uint32_t below(std::uint32_t n) { return stream_.below(next_++, n); }

private:
  numerics::random_stream stream_;
  std::uint64_t next_ = 0;
};

/// How much the hands differ.
constexpr float elastic_deviation = 0.10F;  // of a node of the displacement grid, digit heights
constexpr float rotation_deviation = 0.10F; // rad
constexpr float slant_mean = 0.15F;
constexpr float slant_deviation = 0.17F;
constexpr float shift_deviation = 0.7F; // pixels

/// Displacements on a coarse grid, interpolated by cubic B-splines: bends whole strokes and keeps junctions together.
class elastic_field {
public:
  explicit elastic_field(sequence& random) {
    for (point& node : nodes_)
      node = {random.normal(elastic_deviation), random.normal(elastic_deviation)};
  }

  [[nodiscard]] point at(point p) const {
    const auto [column, across] = basis(p.x);
    const auto [row, down] = basis(p.y);
    point sum;
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j)
        sum = sum + down[i] * across[j] * nodes_[(row + i) * side + column + j];
    return sum;
  }

private:
  static constexpr std::size_t cells = 3;
  static constexpr std::size_t side = cells + 3;

  /// First of the four nodes around a coordinate, and their weights.
  static std::pair<std::size_t, std::array<float, 4>> basis(float coordinate) {
    const float scaled = std::clamp(coordinate, 0.0F, 0.9999F) * cells;
    const auto cell = static_cast<std::size_t>(scaled);
    const float t = scaled - static_cast<float>(cell);
    const float s = 1 - t;
    return {cell, {s * s * s / 6, (4 - 3 * t * t * (2 - t)) / 6, (4 - 3 * s * s * (2 - s)) / 6, t * t * t / 6}};
  }

  std::array<point, side * side> nodes_{};
};

/// From digit coordinates to pixels.
class handwriting {
public:
  explicit handwriting(sequence& random) : elastic_(random) {
    const float height = random.uniform(17.5F, 20.5F);
    const float width = height * random.uniform(0.52F, 0.85F);
    const float slant = slant_mean + random.normal(slant_deviation);
    const float angle = random.normal(rotation_deviation);
    const point x_axis{width, 0};
    const point y_axis{-slant * height, height};
    const auto rotate = [c = std::cos(angle), s = std::sin(angle)](point p) {
      return point{c * p.x - s * p.y, s * p.x + c * p.y};
    };
    x_axis_ = rotate(x_axis);
    y_axis_ = rotate(y_axis);
    centre_ = {0.5F * glyph_side + random.normal(shift_deviation), 0.5F * glyph_side + random.normal(shift_deviation)};
  }

  [[nodiscard]] point to_pixels(point p) const {
    const point bent = p + elastic_.at(p) - point{0.5F, 0.5F};
    return centre_ + bent.x * x_axis_ + bent.y * y_axis_;
  }

private:
  elastic_field elastic_;
  point x_axis_;
  point y_axis_;
  point centre_;
};

/// Ink on paper: each pixel keeps the strongest coverage that any piece of a stroke gives it.
class paper {
public:
  /// A straight piece with round ends.
  void draw(point from, point to, float radius) {
    const float reach = radius + 0.5F;
    const point along = to - from;
    const float inverse_square = 1.0F / std::max(dot(along, along), 1e-12F);
    const auto [left, right] = pixels_between(std::min(from.x, to.x) - reach, std::max(from.x, to.x) + reach);
    const auto [top, bottom] = pixels_between(std::min(from.y, to.y) - reach, std::max(from.y, to.y) + reach);
    for (std::size_t row = top; row < bottom; ++row)
      for (std::size_t column = left; column < right; ++column) {
        const point pixel{static_cast<float>(column) + 0.5F, static_cast<float>(row) + 0.5F};
        const float t = std::clamp(dot(pixel - from, along) * inverse_square, 0.0F, 1.0F);
        const point offset = pixel - (from + t * along);
        const float coverage = std::min(reach - std::sqrt(dot(offset, offset)), 1.0F);
        float& ink = ink_[row * glyph_side + column];
        ink = std::max(ink, coverage);
      }
  }

  [[nodiscard]] float ink(std::size_t pixel) const { return ink_[pixel]; }

private:
  static std::pair<std::size_t, std::size_t> pixels_between(float low, float high) {
    const auto clip = [](float v) { return static_cast<std::size_t>(std::clamp(v, 0.0F, float{glyph_side})); };
    return {clip(low), clip(high + 1)};
  }

  std::array<float, glyph_features> ink_{};
};

/// Point at t in [0, 1] of the piece from b to c of a Catmull-Rom spline (Catmull, Rom 1974).
point spline(point a, point b, point c, point d, float t) {
  return 0.5F * (2 * b + t * (c - a) + t * t * (2 * a - 5 * b + 4 * c - d) + t * t * t * (3 * (b - c) + d - a));
}

void draw_stroke(paper& page, const stroke& s, const handwriting& hand, float radius) {
  constexpr int pieces = 5;
  const auto at = [&](std::size_t i) { return s.points[std::min(i, s.count - 1)]; };
  for (std::size_t i = 0; i + 1 < s.count; ++i) {
    point from = hand.to_pixels(at(i));
    for (int k = 1; k <= pieces; ++k) {
      const float t = static_cast<float>(k) / pieces;
      const point to = hand.to_pixels(spline(at(i == 0 ? 0 : i - 1), at(i), at(i + 1), at(i + 2), t));
      page.draw(from, to, radius);
      from = to;
    }
  }
}

/// Digit of sample i: block i / 10 is a random order of the ten digits.
std::uint8_t digit_of(std::uint64_t seed, data_split split, std::uint32_t i) {
  sequence random(numerics::random_stream(numerics::random_purpose::glyphs,
                                          {seed, static_cast<std::uint64_t>(split), 0, i / glyph_classes}));
  std::array<std::uint8_t, glyph_classes> digits{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (std::uint32_t remaining = glyph_classes; remaining > 1; --remaining)
    std::swap(digits[remaining - 1], digits[random.below(remaining)]);
  return digits[i % glyph_classes];
}

const shape& choose_shape(std::uint8_t digit, sequence& random) {
  const auto* const first = std::ranges::find(shapes, digit, &shape::digit);
  const auto ways = static_cast<std::uint32_t>(std::ranges::count(shapes, digit, &shape::digit));
  return first[random.below(ways)];
}

} // namespace

std::uint8_t draw_glyph(std::uint64_t seed, data_split split, std::uint32_t i, std::span<std::uint8_t> pixels) {
  const std::uint8_t digit = digit_of(seed, split, i);
  sequence random(
      numerics::random_stream(numerics::random_purpose::glyphs, {seed, static_cast<std::uint64_t>(split), 1, i}));
  const shape& way = choose_shape(digit, random);
  const handwriting hand(random);
  const float radius = random.uniform(0.7F, 1.6F);
  const float darkness = random.uniform(0.8F, 1.0F);
  paper page;
  for (const stroke& s : way.strokes)
    if (s.count > 0)
      draw_stroke(page, s, hand, radius);
  std::ranges::fill(pixels, std::uint8_t{0});
  for (std::size_t p = 0; p < glyph_features; ++p)
    if (page.ink(p) > 0) // paper stays exactly black: noise is in the ink
      pixels[p] = static_cast<std::uint8_t>(
          std::clamp(255.0F * page.ink(p) * darkness * random.uniform(0.85F, 1.15F), 0.0F, 255.0F));
  return digit;
}

labelled_set generate_glyphs(std::uint64_t seed, data_split split, std::uint32_t count) {
  std::vector<std::uint8_t> pixels(std::size_t{count} * glyph_features);
  std::vector<std::uint8_t> labels(count);
  for (std::uint32_t i = 0; i < count; ++i)
    labels[i] = draw_glyph(seed, split, i, std::span(pixels).subspan(std::size_t{i} * glyph_features, glyph_features));
  return {glyph_features, std::move(pixels), std::move(labels)};
}

} // namespace tilework::workload
