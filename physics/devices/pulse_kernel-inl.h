// SPDX-License-Identifier: Apache-2.0
/// \file The pulses of some output lines on vectors. Included once per instruction set.
///
/// `c` are the 32-bit words of the cells, in the order of the members of the cell struct: two to four of them. A law
/// offers
///   pulse(const word_vector* c, float_vector w, lane_mask down, float_vector xi)    weights after one pulse
/// and, if several pulses of one vector can be applied in one step,
///   pulses(c, w, down, integer_vector n, xi, lane_mask& whole)    weights after n pulses where that is as good as one
///   by
///                                                               one (`whole`), after one pulse elsewhere; n >= 0
#if defined(TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H
#undef TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H
#else
#define TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H
#endif

#include <tilework/physics/devices/pulse_line.h>
#include <tilework/physics/random/fill-inl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

/// The words of consecutive cells.
template <typename Cell>
struct cell_words {
  static constexpr std::size_t count = sizeof(Cell) / sizeof(std::uint32_t);
  static_assert(count >= 2 && count <= 4 && sizeof(Cell) == count * sizeof(std::uint32_t));
  word_vector word[count];

  /// \param from the first cell
  explicit HWY_INLINE cell_words(const std::uint32_t* from) {
    const words w;
    if constexpr (count == 2)
      hn::LoadInterleaved2(w, from, word[0], word[1]);
    else if constexpr (count == 3)
      hn::LoadInterleaved3(w, from, word[0], word[1], word[2]);
    else
      hn::LoadInterleaved4(w, from, word[0], word[1], word[2], word[3]);
  }
};

/// Pulses of a call, batch_cells at a time, on vectors.
template <typename Law, typename Cell>
class pulse_batches {
public:
  pulse_batches(const Law& law, const pulse_line<Cell>& line)
      : law_(law), line_(line), sign_(hn::Set(words(), line.mirrored ? 0x80000000U : 0U)) {}

  /// \param first place of the first cell in the list
  HWY_INLINE void apply(std::size_t first) {
    const std::size_t lanes = hn::Lanes(floats());
    const std::size_t count = std::min(batch_cells, line_.pulses.size() - first);
    const std::size_t tail = count % lanes;
    const std::size_t whole = count - tail;
    const std::uint32_t* const cells = line_.pulses.cells.data() + first;
    const std::int32_t* const pulses = line_.pulses.pulses.data() + first;
    rest_count_ = 0;
    for (std::size_t l = 0; l < whole; l += lanes)
      if (!adjoin(cells + l))
        collect(cells + l, l);
    if (tail > 0) {
      for (std::size_t l = 0; l < lanes; ++l) {
        tail_cells_[l] = cells[whole + std::min(l, tail - 1)];
        tail_pulses_[l] = l < tail ? pulses[whole + l] : 0;
      }
      collect(tail_cells_, whole);
    }
    draw_first_noise(first, count);
    for (std::size_t l = 0; l < whole; l += lanes)
      first_round(cells + l, pulses + l, l, first + l, lanes);
    if (tail > 0)
      first_round(tail_cells_, tail_pulses_, whole, first + whole, tail);
    if (rest_count_ > 0)
      further_rounds();
  }

private:
  static constexpr std::size_t n_words = cell_words<Cell>::count;

  /// Brings scattered cells together. \param cells of a whole vector
  HWY_INLINE void collect(const std::uint32_t* HWY_RESTRICT cells, std::size_t place) {
    const Cell* const from = line_.cells;
    const float* const from_weights = line_.weights;
    std::uint32_t* HWY_RESTRICT to = cells_ + place * n_words;
    float* HWY_RESTRICT to_weights = weights_ + place;
    for (std::size_t l = 0; l < hn::Lanes(floats()); ++l) {
      std::memcpy(to + l * n_words, from + cells[l], sizeof(Cell));
      to_weights[l] = from_weights[cells[l]];
    }
  }
  HWY_INLINE void scatter(const std::uint32_t* HWY_RESTRICT cells, std::size_t place, std::size_t count) const {
    float* HWY_RESTRICT to = line_.weights;
    const float* HWY_RESTRICT from = weights_ + place;
    for (std::size_t l = 0; l < count; ++l)
      to[cells[l]] = from[l];
  }
  /// Noise of the first round, of whole vectors.
  HWY_INLINE void draw_first_noise(std::size_t first, std::size_t count) {
    const std::size_t lanes = hn::Lanes(floats());
    const std::span<float> out(noise_[0], (count + lanes - 1) / lanes * lanes);
    if (line_.noise == nullptr)
      std::ranges::fill(out, 0.0F);
    else
      fill_with_normals({line_.noise->key(), line_.vector, static_cast<std::uint32_t>(first / 4), line_.line}, out);
  }
  [[nodiscard]] HWY_INLINE float_vector mirrored(float_vector w) const {
    return hn::Xor(w, hn::BitCast(floats(), sign_));
  }
  [[nodiscard]] HWY_INLINE lane_mask downwards(integer_vector pulses) const {
    const auto direction = hn::Xor(pulses, hn::BitCast(integers(), sign_));
    return hn::RebindMask(floats(), hn::Lt(direction, hn::Zero(integers())));
  }

  /// \param place in the batch \param number in the list \param count lanes that are in use
  HWY_INLINE void first_round(const std::uint32_t* cells, const std::int32_t* pulses, std::size_t place,
                              std::size_t number, std::size_t count) {
    const floats f;
    const words w;
    const integers i;
    const bool neighbours = cells != tail_cells_ && adjoin(cells);
    const auto* const parameters =
        neighbours ? reinterpret_cast<const std::uint32_t*>(line_.cells + cells[0]) : cells_ + place * n_words;
    auto* const weights = neighbours ? line_.weights + cells[0] : weights_ + place;
    const auto signed_pulses = hn::LoadU(i, pulses);
    const auto n = hn::Abs(signed_pulses);
    const auto down = downwards(signed_pulses);
    const cell_words<Cell> c(parameters);
    const auto before = hn::LoadU(f, weights);
    const auto xi = hn::Load(f, noise_[0] + place);
    auto whole = hn::RebindMask(f, hn::Lt(n, hn::Set(i, 2)));
    float_vector after;
    if constexpr (requires { law_.pulses(c.word, before, down, n, xi, whole); }) {
      after = mirrored(law_.pulses(c.word, mirrored(before), down, n, xi, whole));
    } else {
      const auto pulsed = mirrored(law_.pulse(c.word, mirrored(before), down, xi));
      after = hn::IfThenElse(hn::RebindMask(f, hn::Gt(n, hn::Zero(i))), pulsed, before);
    }
    hn::StoreU(after, f, weights);
    if (!neighbours)
      scatter(cells, place, count);
    if (hn::AllTrue(f, whole))
      return;
    const auto left = hn::RebindMask(w, hn::Not(whole));
    hn::StoreU(compressed(hn::LoadU(w, cells), left), w, rest_cells_ + rest_count_);
    hn::StoreU(compressed(signed_pulses, hn::RebindMask(i, left)), i, rest_pulses_ + rest_count_);
    hn::StoreU(compressed(hn::Iota(w, static_cast<std::uint32_t>(number)), left), w, rest_places_ + rest_count_);
    rest_count_ += hn::CountTrue(w, left);
  }

  /// All pulses but the first one of those cells that are left.
  void further_rounds() {
    const std::size_t lanes = hn::Lanes(floats());
    const std::span<std::uint16_t> order(order_, rest_count_);
    sort_by_pulses({rest_pulses_, rest_count_}, order);
    for (std::size_t l = 0; l < rest_count_; ++l) {
      sorted_cells_[l] = rest_cells_[order[l]];
      sorted_pulses_[l] = rest_pulses_[order[l]];
      sorted_places_[l] = rest_places_[order[l]];
    }
    std::fill_n(sorted_cells_ + rest_count_, lanes, sorted_cells_[0]);
    for (std::size_t l = 0; l < rest_count_; l += lanes)
      collect(sorted_cells_ + l, l);
    std::size_t count = rest_count_;
    for (std::uint32_t round = 1; (count = participants({sorted_pulses_, count}, round)) > 0; ++round) {
      if (round % 4 == 1)
        for (std::size_t l = 0; l < count; l += lanes)
          draw_noise(l, round);
      for (std::size_t l = 0; l < count; l += lanes)
        further_round(l, count, noise_[(round - 1) % 4]);
    }
    for (std::size_t l = 0; l < rest_count_; l += lanes)
      scatter(sorted_cells_ + l, l, std::min(lanes, rest_count_ - l));
  }
  /// Of four rounds, the first of which is `round`, for the vector of sorted cells from l on.
  HWY_INLINE void draw_noise(std::size_t l, std::uint32_t round) {
    const floats f;
    const words w;
    if (line_.noise == nullptr) {
      for (auto& numbers : noise_)
        hn::Store(hn::Zero(f), f, numbers + l);
      return;
    }
    const auto blocks = hn::Or(hn::Load(w, sorted_places_ + l), hn::Set(w, noise_block(0, round)));
    word_vector random[4];
    float_vector normals[4];
    random_words(line_.noise->key(), line_.vector, blocks, line_.line, random);
    normals_from(random, normals);
    for (std::size_t k = 0; k < 4; ++k)
      hn::Store(normals[k], f, noise_[k] + l);
  }
  HWY_INLINE void further_round(std::size_t l, std::size_t count, const float* xi) {
    const floats f;
    const words w;
    const cell_words<Cell> c(cells_ + l * n_words);
    const auto before = hn::Load(f, weights_ + l);
    const auto down = downwards(hn::Load(integers(), sorted_pulses_ + l));
    const auto after = mirrored(law_.pulse(c.word, mirrored(before), down, hn::Load(f, xi + l)));
    const auto active = hn::RebindMask(f, hn::FirstN(w, count - l));
    hn::Store(hn::IfThenElse(active, after, before), f, weights_ + l);
  }

  static constexpr std::size_t room = batch_cells + 16;

  const Law& law_;
  const pulse_line<Cell>& line_;
  word_vector sign_;
  std::size_t rest_count_ = 0;
  HWY_ALIGN std::uint32_t cells_[room * n_words]; ///< parameters of scattered cells
  HWY_ALIGN float weights_[room];
  HWY_ALIGN std::uint32_t tail_cells_[16];
  HWY_ALIGN std::int32_t tail_pulses_[16];
  // Cells that need more rounds, by their places in the array; and sorted, with the noise of four rounds.
  HWY_ALIGN std::uint32_t rest_cells_[room];
  HWY_ALIGN std::int32_t rest_pulses_[room];
  HWY_ALIGN std::uint32_t rest_places_[room];
  HWY_ALIGN std::uint16_t order_[room];
  HWY_ALIGN std::uint32_t sorted_cells_[room];
  HWY_ALIGN std::int32_t sorted_pulses_[room];
  HWY_ALIGN std::uint32_t sorted_places_[room];
  HWY_ALIGN float noise_[4][room];
};

template <typename Law, typename Cell>
void apply_on_vectors(const Law& law, const pulse_line<Cell>& line) {
  pulse_batches<Law, Cell> batches(law, line);
  for (std::size_t first = 0; first < line.pulses.size(); first += batch_cells)
    batches.apply(first);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
