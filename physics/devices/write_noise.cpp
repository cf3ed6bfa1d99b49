// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/write_noise.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/write_noise.h>
#include <tilework/physics/simd/lists-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

void show_cells(const written_weights& weights, const pulse_list& list, const noise_stream& stream,
                std::uint64_t vector, std::uint32_t line) {
  const floats f;
  const integers i;
  const std::size_t lanes = hn::Lanes(f);
  HWY_ALIGN float errors[16];
  for (std::size_t first = 0; first < list.size(); first += lanes) {
    const auto random = random_words(stream.key(), vector, static_cast<std::uint32_t>(first / 4), line);
    const auto error = hn::Mul(constant(weights.deviation), normals_from(random));
    const std::size_t count = std::min(lanes, list.size() - first);
    const std::uint32_t* const cells = list.cells.data() + first;
    const std::int32_t* const pulses = list.pulses.data() + first;
    if (count == lanes && adjoin(cells)) {
      float* const visible = weights.visible + cells[0];
      const auto written = hn::RebindMask(f, hn::Ne(hn::LoadU(i, pulses), hn::Zero(i)));
      const auto shown = hn::Add(hn::LoadU(f, weights.hidden + cells[0]), error);
      hn::StoreU(hn::IfThenElse(written, shown, hn::LoadU(f, visible)), f, visible);
      continue;
    }
    hn::Store(error, f, errors);
    for (std::size_t l = 0; l < count; ++l)
      if (pulses[l] != 0)
        weights.visible[cells[l]] = weights.hidden[cells[l]] + errors[l];
  }
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tilework::physics {
namespace {

HWY_EXPORT(show_cells);

} // namespace

void show_written(const written_weights& weights, const pulse_list& pulses, const noise_stream& errors,
                  std::uint64_t vector, std::uint32_t line, std::size_t isa) {
  HWY_DISPATCH_TABLE(show_cells)[isa](weights, pulses, errors, vector, line);
}

} // namespace tilework::physics
#endif
