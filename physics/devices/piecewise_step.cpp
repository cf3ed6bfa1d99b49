// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/piecewise_step.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/piecewise_step.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>
#include <tilework/physics/devices/step_law-inl.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct piecewise_step_law {
  const piecewise_step& p;
  const step_units& units;

  /// Value of a table over [min, max] at v.
  static HWY_INLINE float_vector interpolate(const std::vector<float>& table, float_vector v, float_vector min,
                                             float_vector max) {
    const floats f;
    const auto sections = static_cast<float>(table.size() - 1);
    if (table.size() == 1)
      return constant(table[0]);
    const auto width = hn::Sub(max, min);
    auto place = hn::Max(hn::Mul(hn::Div(hn::Sub(v, min), width), constant(sections)), constant(0));
    place = hn::IfThenElse(hn::Gt(width, constant(0)), hn::Min(place, constant(sections)), constant(0));
    const auto whole = hn::Min(hn::Floor(place), constant(sections - 1));
    const auto within = hn::Sub(place, whole);
    const auto section = hn::ConvertTo(integers(), whole);
    const auto low = hn::GatherIndex(f, table.data(), section);
    const auto high = hn::GatherIndex(f, table.data() + 1, section);
    return hn::Add(hn::Mul(hn::Sub(constant(1), within), low), hn::Mul(within, high));
  }
  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const step_vectors s(units, c, down);
    const auto factor = hn::IfThenElse(down, interpolate(p.piecewise_down, w, s.min, s.max),
                                       interpolate(p.piecewise_up, w, s.min, s.max));
    const auto step = hn::Mul(directed(s.step, down), factor);
    const auto noise = hn::Add(constant(1), hn::Mul(constant(p.dw_min_std), xi));
    return s.clip(hn::Add(w, hn::Mul(step, noise)));
  }
};

} // namespace

void piecewise_step_pulses(const piecewise_step& p, const step_units& units, const pulse_line<packed_steps>& line) {
  apply_on_vectors(piecewise_step_law{p, units}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

namespace tilework::physics {
namespace {

HWY_EXPORT(piecewise_step_pulses);

struct piecewise_step_model : packed_cells {
  piecewise_step p;

  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(piecewise_step_pulses)[isa](p, units, line);
  }
};

} // namespace

void piecewise_step::validate() const {
  pulsed_parameters::validate();
  if (piecewise_up.empty() || piecewise_up.size() != piecewise_down.size())
    throw input_error("piecewise_up and piecewise_down must have the same number of factors, at least one");
}

float piecewise_step::granularity() const {
  return dw_min * piecewise_up[piecewise_up.size() / 2];
}

std::unique_ptr<device_array> make_devices(const piecewise_step& parameters, const device_context& context) {
  return make_pulsed_array(piecewise_step_model{packed_cells(parameters), parameters}, context);
}

} // namespace tilework::physics
#endif
