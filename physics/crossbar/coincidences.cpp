// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/crossbar/coincidences.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/crossbar/coincidences.h>
#include <tilework/physics/simd/elementary-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

/// Calls count(o, k), the pulses of output line o with the inputs from place k on, and lists those that there are.
template <typename Count>
HWY_INLINE found_pulses list_pulses(const crossing_lines& lines, const pulse_room& room, Count count) {
  const words w;
  const integers i;
  const std::size_t lanes = hn::Lanes(w);
  const std::size_t inputs = lines.inputs.lines.size();
  const std::uint32_t* const input_lines = lines.inputs.lines.data();
  const std::int32_t* const input_signs = lines.inputs.signs.data();
  std::uint32_t* const cells = room.cells.data();
  std::int32_t* const pulses = room.pulses.data();
  std::size_t listed = 0;
  auto sum = hn::Zero(i);
  for (std::size_t o = lines.first; o < lines.last; ++o) {
    const auto first_cell = hn::Set(w, lines.outputs.lines[o] * lines.row_cells);
    const auto sign = hn::Set(i, -lines.outputs.signs[o]); // descent: equal signs lower the weight
    for (std::size_t k = 0; k < inputs; k += lanes) {
      const auto n = count(o, k);
      const auto opposite = hn::ShiftRight<31>(hn::Xor(hn::LoadU(i, input_signs + k), sign)); // -1 or 0
      const auto directed = hn::Sub(hn::Xor(n, opposite), opposite);
      const auto cell = hn::Add(hn::LoadU(w, input_lines + k), first_cell);
      sum = hn::Add(sum, n);
      if (lines.lists_all) {
        hn::StoreU(cell, w, cells + listed);
        hn::StoreU(directed, i, pulses + listed);
        listed += std::min(lanes, inputs - k);
        continue;
      }
      const auto meet = hn::Ne(n, hn::Zero(i));
      hn::StoreU(compressed(cell, hn::RebindMask(w, meet)), w, cells + listed);
      hn::StoreU(compressed(directed, meet), i, pulses + listed);
      listed += hn::CountTrue(i, meet);
    }
  }
  const auto total = static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(i, sum)));
  return {{room.cells.first(listed), room.pulses.first(listed)}, total};
}

} // namespace

found_pulses count_coincidences(const crossing_lines& lines, std::size_t n_words, const pulse_room& room) {
  const words w;
  const auto& in = lines.inputs;
  const auto& out = lines.outputs;
  if (n_words == 1)
    return list_pulses(lines, room, [&, x = in.trains, d = out.trains](std::size_t o, std::size_t k) HWY_ATTR {
      return hn::BitCast(integers(), hn::PopulationCount(hn::And(hn::LoadU(w, x + k), hn::Set(w, d[o]))));
    });
  return list_pulses(lines, room, [&](std::size_t o, std::size_t k) HWY_ATTR {
    auto sum = hn::Zero(w);
    for (std::size_t word = 0; word < n_words; ++word) {
      const auto both =
          hn::And(hn::LoadU(w, in.trains + word * in.stride + k), hn::Set(w, out.trains[word * out.stride + o]));
      sum = hn::Add(sum, hn::PopulationCount(both));
    }
    return hn::BitCast(integers(), sum);
  });
}

found_pulses round_levels(const crossing_lines& lines, float divisor, const pulse_room& room) {
  const floats f;
  return list_pulses(lines, room, [&](std::size_t o, std::size_t k) HWY_ATTR {
    const auto product = hn::Mul(hn::Set(f, lines.outputs.levels[o]), hn::LoadU(f, lines.inputs.levels + k));
    return hn::NearestInt(hn::Div(product, hn::Set(f, divisor)));
  });
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tilework::physics {
namespace {

HWY_EXPORT(count_coincidences);
HWY_EXPORT(round_levels);

} // namespace

found_pulses pulses_of_trains(const crossing_lines& lines, std::size_t words, const pulse_room& room, std::size_t isa) {
  return HWY_DISPATCH_TABLE(count_coincidences)[isa](lines, words, room);
}

found_pulses pulses_of_levels(const crossing_lines& lines, float divisor, const pulse_room& room, std::size_t isa) {
  return HWY_DISPATCH_TABLE(round_levels)[isa](lines, divisor, room);
}

} // namespace tilework::physics
#endif
