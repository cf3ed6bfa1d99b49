// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/crossbar/train_kernels.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/crossbar/train_kernels.h>
#include <tilework/physics/periphery/converter-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

constexpr std::size_t word_bits = 32;

std::size_t quantised_probabilities(const converter& steps, float factor, std::span<const float> x,
                                    const float* uniforms, std::span<float> out) {
  const floats f;
  const std::size_t lanes = hn::Lanes(f);
  std::size_t positive = 0;
  std::size_t l = 0;
  for (; l < x.size(); l += lanes) {
    const std::size_t count = x.size() - l;
    const auto exact = hn::Mul(hn::Abs(load_some(x.data() + l, count)), constant(factor));
    const auto rounded = quantised(steps, exact, uniforms == nullptr ? nullptr : uniforms + l, count);
    const auto p = hn::IfThenElseZero(hn::FirstN(f, count), rounded);
    positive += hn::CountTrue(f, hn::Gt(p, constant(0)));
    hn::StoreU(p, f, out.data() + l);
  }
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(l), out.end(), 0.0F);
  return positive;
}

/// A line fires by a random word, taken as a signed number, that is not above its threshold ceil(2^32 p) - 1 - 2^31.
HWY_INLINE integer_vector firing_threshold(float_vector p) {
  const integers i;
  const auto scaled = hn::Mul(hn::Min(p, constant(1)), constant(0x1p32F));
  const auto upper = hn::Ge(scaled, constant(0x1p31F)); // beyond the whole numbers of 32 bits
  const auto rest = hn::IfThenElse(upper, hn::Sub(scaled, constant(0x1p31F)), scaled);
  const auto words_before = hn::Sub(hn::ConvertTo(i, hn::Ceil(rest)), hn::Set(i, 1));
  const auto lowest = hn::Set(i, std::int32_t{-0x7FFFFFFF - 1});
  const auto threshold = hn::IfThenElse(hn::RebindMask(i, upper), words_before, hn::Xor(words_before, lowest));
  return hn::IfThenElse(hn::RebindMask(i, hn::Ge(p, constant(1))), hn::Set(i, 0x7FFFFFFF), threshold);
}

/// The lanes of the mask, close together; what comes after them up to the length of a vector is lost. Not
/// hn::CompressStore(), which on some processors takes a hundred cycles.
template <class V, class M>
HWY_INLINE void store_close(V v, M mask, hn::TFromV<V>* to) {
  hn::StoreU(compressed(v, mask), hn::DFromV<V>(), to);
}

/// Numbers the lines that may fire, or all. Returns how many there are.
template <bool all>
HWY_INLINE std::size_t list_lines(const train_law& law, const train_room& room) {
  const floats f;
  const integers i;
  const words w;
  std::size_t count = 0;
  for (std::size_t l = 0; l < law.operand.size(); l += hn::Lanes(f)) {
    const auto p = hn::LoadU(f, law.probabilities + l);
    auto below_zero = hn::Lt(load_some(law.operand.data() + l, law.operand.size() - l), constant(0));
    if (law.choppers != nullptr)
      below_zero = hn::Xor(below_zero, hn::Lt(load_some(law.choppers + l, law.operand.size() - l), constant(0)));
    const auto negative = hn::RebindMask(i, below_zero);
    const auto line = hn::Iota(w, static_cast<std::uint32_t>(l));
    const auto sign = hn::IfThenElse(negative, hn::Set(i, -law.direction), hn::Set(i, law.direction));
    const auto threshold = firing_threshold(p);
    if constexpr (all) {
      hn::StoreU(line, w, room.lines + l);
      hn::StoreU(sign, i, room.signs + l);
      hn::StoreU(threshold, i, room.thresholds + l);
    } else {
      const auto may_fire = hn::Gt(p, constant(0));
      store_close(line, hn::RebindMask(w, may_fire), room.lines + count);
      store_close(sign, hn::RebindMask(i, may_fire), room.signs + count);
      store_close(threshold, hn::RebindMask(i, may_fire), room.thresholds + count);
      count += hn::CountTrue(f, may_fire);
    }
  }
  return all ? law.operand.size() : count;
}

/// Slots [first, first + slots) of as many lines as a vector has lanes, beginning with line number `line`.
HWY_INLINE word_vector draw_word(const train_law& law, std::size_t line, std::uint32_t first, std::uint32_t slots,
                                 integer_vector threshold) {
  const words w;
  const integers i;
  const hn::Repartition<std::uint64_t, words> wide;
  const auto next_slot = hn::BitCast(w, hn::OddEven(hn::Set(wide, std::uint64_t{1} << 32U), hn::Zero(wide)));
  auto counter = counters(w, law.vector, static_cast<std::uint32_t>(line / 4), law.slot_tag | first);
  auto bit = hn::Set(w, 1U);
  auto train = hn::Zero(w);
  const auto add_slot = [&](word_vector random) HWY_ATTR {
    const auto quiet = hn::RebindMask(w, hn::Gt(hn::BitCast(i, random), threshold));
    train = hn::Or(train, hn::IfThenZeroElse(quiet, bit));
    bit = hn::Add(bit, bit);
  };
  std::uint32_t slot = 0;
  for (; slot + 4 <= slots; slot += 4) {
    word_vector random[4];
    for (auto& r : random) {
      r = counter;
      counter = hn::Add(counter, next_slot);
    }
    encipher(w, law.key, random);
    for (const auto& r : random)
      add_slot(r);
  }
  for (; slot < slots; ++slot) {
    word_vector random[1] = {counter};
    counter = hn::Add(counter, next_slot);
    encipher(w, law.key, random);
    add_slot(random[0]);
  }
  return train;
}

/// Keeps `fires` of the lines at `from`, whose words are there already, and puts them in place `to` <= from.
HWY_INLINE std::size_t keep_firing(const train_room& room, std::size_t from, std::size_t to, word_vector fired) {
  const words w;
  const integers i;
  const auto fires = hn::Ne(fired, hn::Zero(w));
  for (std::size_t word = 0; word < room.words; ++word) {
    std::uint32_t* const trains = room.trains + word * room.stride;
    store_close(hn::LoadU(w, trains + from), fires, trains + to);
  }
  store_close(hn::LoadU(i, room.signs + from), hn::RebindMask(i, fires), room.signs + to);
  store_close(hn::LoadU(w, room.lines + from), fires, room.lines + to);
  return hn::CountTrue(w, fires);
}

template <bool all>
HWY_INLINE drawn_trains draw_side(const train_law& law, const train_room& room) {
  const floats f;
  const integers i;
  const words w;
  const std::size_t numbered = list_lines<all>(law, room);
  drawn_trains drawn;
  auto pulses = hn::Zero(w);
  for (std::size_t k = 0; k < numbered; k += hn::Lanes(w)) {
    const auto threshold = hn::LoadU(i, room.thresholds + k);
    const auto may_fire =
        all ? hn::RebindMask(w, hn::Gt(hn::LoadU(f, law.probabilities + k), constant(0))) : hn::FirstN(w, numbered - k);
    auto fired = hn::Zero(w);
    for (std::size_t word = 0; word < room.words; ++word) {
      const auto first = static_cast<std::uint32_t>(word * word_bits);
      const std::uint32_t slots = std::min<std::uint32_t>(word_bits, law.bit_length - std::min(law.bit_length, first));
      const auto train = hn::IfThenElseZero(may_fire, draw_word(law, k, first, slots, threshold));
      hn::StoreU(train, w, room.trains + word * room.stride + k);
      pulses = hn::Add(pulses, hn::PopulationCount(train));
      fired = hn::Or(fired, train);
    }
    if constexpr (!all)
      drawn.listed += keep_firing(room, k, drawn.listed, fired);
  }
  if constexpr (all)
    drawn.listed = numbered;
  const std::size_t end = (drawn.listed + 15) / 16 * 16;
  for (std::size_t word = 0; word < room.words; ++word) {
    std::uint32_t* const trains = room.trains + word * room.stride;
    std::fill(trains + drawn.listed, trains + end, 0U);
  }
  drawn.pulses = hn::GetLane(hn::SumOfLanes(w, pulses));
  return drawn;
}

drawn_trains trains_of_side(const train_law& law, const train_room& room) {
  return law.lists_silent ? draw_side<true>(law, room) : draw_side<false>(law, room);
}

} // namespace
} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace tilework::physics {
namespace {

HWY_EXPORT(quantised_probabilities);
HWY_EXPORT(trains_of_side);

} // namespace

std::size_t find_probabilities(const converter& steps, float factor, std::span<const float> x, const float* uniforms,
                               std::span<float> out, std::size_t isa) {
  return HWY_DISPATCH_TABLE(quantised_probabilities)[isa](steps, factor, x, uniforms, out);
}

drawn_trains draw_trains(const train_law& law, const train_room& room, std::size_t isa) {
  return HWY_DISPATCH_TABLE(trains_of_side)[isa](law, room);
}

} // namespace tilework::physics
#endif
