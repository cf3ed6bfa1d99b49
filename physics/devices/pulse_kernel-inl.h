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

#include <bit>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {

template <typename Cell>
inline constexpr std::size_t cell_words = sizeof(Cell) / sizeof(std::uint32_t);

/// A group of cells, field by field.
template <std::size_t n_fields>
struct cell_group {
  HWY_ALIGN std::uint32_t fields[n_fields][group_lanes];
  HWY_ALIGN float weights[group_lanes];
  HWY_ALIGN std::int32_t pulses[group_lanes]; ///< 0 for lanes without a cell
  std::int32_t most = 0;                      ///< pulses of any lane

  template <typename Cell>
  void load(const pulse_line<Cell>& line, const run_group& runs) {
    most = 0;
    for (std::size_t l = 0; l < group_lanes; ++l) {
      const auto& run = runs[std::min(l, runs.size() - 1)];
      const auto cell = std::bit_cast<std::array<std::uint32_t, n_fields>>(line.cells[run.cell]);
      for (std::size_t f = 0; f < n_fields; ++f)
        fields[f][l] = cell[f];
      weights[l] = line.mirrored ? -line.weights[run.cell] : line.weights[run.cell];
      pulses[l] = l >= runs.size() ? 0 : line.mirrored ? -run.pulses : run.pulses;
      most = std::max(most, std::abs(pulses[l]));
    }
  }
  template <typename Cell>
  void store(const pulse_line<Cell>& line, const run_group& runs) const {
    for (std::size_t l = 0; l < runs.size(); ++l)
      line.weights[runs[l].cell] = line.mirrored ? -weights[l] : weights[l];
  }
};

/// The normals of a line, one round at a time.
class normal_rounds {
public:
  normal_rounds(const noise_stream* stream, std::uint64_t vector, std::uint32_t output)
      : stream_(stream), vector_(vector), output_(output) {
    if (stream_ == nullptr)
      std::fill_n(values_, 4 * group_lanes, 0.0F);
  }
  const float* next() {
    const std::uint32_t round = rounds_++;
    if (round % 4 == 0 && stream_ != nullptr)
      normals_of_blocks(stream_->key(), static_cast<std::uint32_t>(group_lanes) * (round / 4), vector_, output_,
                        values_);
    return values_ + group_lanes * (round % 4);
  }

private:
  const noise_stream* stream_;
  std::uint64_t vector_;
  std::uint32_t output_;
  std::uint32_t rounds_ = 0;
  HWY_ALIGN float values_[4 * group_lanes];
};

/// One pulse for those lanes of a group that have more than `k`.
template <typename Law, std::size_t n_fields>
HWY_INLINE void apply_round(const Law& law, cell_group<n_fields>& group, std::int32_t k, const float* xi) {
  const floats f;
  const integers i;
  for (std::size_t l = 0; l < group_lanes; l += hn::Lanes(f)) {
    const auto pulses = hn::Load(i, group.pulses + l);
    const auto active = hn::RebindMask(f, hn::Gt(hn::Abs(pulses), hn::Set(i, k)));
    float_vector fields[n_fields];
    for (std::size_t w = 0; w < n_fields; ++w)
      fields[w] = hn::BitCast(f, hn::Load(words(), group.fields[w] + l));
    const auto before = hn::Load(f, group.weights + l);
    const auto down = hn::RebindMask(f, hn::Lt(pulses, hn::Zero(i)));
    const auto after = law.pulse(fields, before, down, hn::Load(f, xi + l));
    hn::Store(hn::IfThenElse(active, after, before), f, group.weights + l);
  }
}

template <typename Law, typename Cell>
void apply_in_groups(const Law& law, const pulse_line<Cell>& line) {
  normal_rounds noise(line.noise, line.vector, line.output);
  cell_group<cell_words<Cell>> group;
  for_each_group(line.runs, [&](const run_group& runs) HWY_ATTR {
    group.load(line, runs);
    for (std::int32_t k = 0; k < group.most; ++k)
      apply_round(law, group, k, noise.next());
    group.store(line, runs);
  });
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
