// SPDX-License-Identifier: Apache-2.0
/// \file The pulses of one output line on vectors. Included once per instruction set.
///
/// A law offers pulse(const float_vector* fields, float_vector w, lane_mask down, float_vector xi): the weights after
/// one pulse. `fields` are the 32-bit words of the cells, in the order of the members of the cell struct.
#if defined(TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H
#undef TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H
#else
#define TILEWORK_PHYSICS_DEVICES_PULSE_KERNEL_INL_H
#endif

#include <tilework/physics/devices/pulse_line.h>
#include <tilework/physics/simd/elementary-inl.h>

#include <cstddef>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

template <typename Cell>
inline constexpr std::size_t cell_words = sizeof(Cell) / sizeof(std::uint32_t);

/// Sixteen cells, field by field.
template <std::size_t n_fields>
struct cell_chunk {
  HWY_ALIGN std::uint32_t fields[n_fields][chunk_lanes];
  HWY_ALIGN float weights[chunk_lanes];
  HWY_ALIGN std::int32_t pulses[chunk_lanes]; ///< 0 for lanes without a cell
  std::int32_t most = 0;                      ///< pulses of any lane

  template <typename Cell>
  void load(const pulse_line<Cell>& line, const run_group& runs, std::size_t first) {
    most = 0;
    for (std::size_t l = 0; l < chunk_lanes; ++l) {
      const auto& run = runs[std::min(first + l, runs.size() - 1)];
      const auto* const bytes = reinterpret_cast<const std::byte*>(line.cells + run.cell);
      for (std::size_t f = 0; f < n_fields; ++f)
        std::memcpy(&fields[f][l], bytes + f * sizeof(std::uint32_t), sizeof(std::uint32_t));
      weights[l] = line.mirrored ? -line.weights[run.cell] : line.weights[run.cell];
      pulses[l] = first + l >= runs.size() ? 0 : line.mirrored ? -run.pulses : run.pulses;
      most = std::max(most, std::abs(pulses[l]));
    }
  }
  template <typename Cell>
  void store(const pulse_line<Cell>& line, const run_group& runs, std::size_t first) const {
    const std::size_t count = std::min(chunk_lanes, runs.size() - first);
    for (std::size_t l = 0; l < count; ++l)
      line.weights[runs[first + l].cell] = line.mirrored ? -weights[l] : weights[l];
  }
};

/// The normals of a line, one chunk at a time.
class normal_chunks {
public:
  normal_chunks(const noise_stream* stream, std::uint64_t vector, std::uint32_t output)
      : stream_(stream), vector_(vector), output_(output) {
    if (stream_ == nullptr)
      std::fill_n(values_, 4 * chunk_lanes, 0.0F);
  }
  const float* next() {
    const std::uint32_t chunk = chunks_++;
    if (chunk % 4 == 0 && stream_ != nullptr)
      normals_of_chunk(stream_->key(), static_cast<std::uint32_t>(chunk_lanes) * (chunk / 4), vector_, output_,
                       values_);
    return values_ + chunk_lanes * (chunk % 4);
  }

private:
  const noise_stream* stream_;
  std::uint64_t vector_;
  std::uint32_t output_;
  std::uint32_t chunks_ = 0;
  HWY_ALIGN float values_[4 * chunk_lanes];
};

/// One pulse for those lanes of a chunk that have more than `k`.
template <typename Law, std::size_t n_fields>
HWY_INLINE void apply_round(const Law& law, cell_chunk<n_fields>& chunk, std::int32_t k, const float* xi) {
  const floats f;
  const integers i;
  for (std::size_t l = 0; l < chunk_lanes; l += hn::Lanes(f)) {
    const auto pulses = hn::Load(i, chunk.pulses + l);
    const auto active = hn::RebindMask(f, hn::Gt(hn::Abs(pulses), hn::Set(i, k)));
    float_vector fields[n_fields];
    for (std::size_t w = 0; w < n_fields; ++w)
      fields[w] = hn::BitCast(f, hn::Load(words(), chunk.fields[w] + l));
    const auto before = hn::Load(f, chunk.weights + l);
    const auto down = hn::RebindMask(f, hn::Lt(pulses, hn::Zero(i)));
    const auto after = law.pulse(fields, before, down, hn::Load(f, xi + l));
    hn::Store(hn::IfThenElse(active, after, before), f, chunk.weights + l);
  }
}

/// The chunks of a group take turns, so that the chains of dependent operations of several chunks overlap.
template <typename Law, typename Cell>
void apply_in_groups(const Law& law, const pulse_line<Cell>& line) {
  normal_chunks noise(line.noise, line.vector, line.output);
  cell_chunk<cell_words<Cell>> chunks[group_chunks];
  for_each_group(line.runs, [&](const run_group& runs) HWY_ATTR {
    const std::size_t count = (runs.size() + chunk_lanes - 1) / chunk_lanes;
    std::int32_t most = 0;
    for (std::size_t c = 0; c < count; ++c) {
      chunks[c].load(line, runs, c * chunk_lanes);
      most = std::max(most, chunks[c].most);
    }
    for (std::int32_t k = 0; k < most; ++k)
      for (std::size_t c = 0; c < count; ++c)
        if (chunks[c].most > k)
          apply_round(law, chunks[c], k, noise.next());
    for (std::size_t c = 0; c < count; ++c)
      chunks[c].store(line, runs, c * chunk_lanes);
  });
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
