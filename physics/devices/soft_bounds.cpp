// SPDX-License-Identifier: Apache-2.0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tilework/physics/devices/soft_bounds.cpp" // this file, once per instruction set
#include <hwy/foreach_target.h>

#include <tilework/physics/devices/linear_law-inl.h>
#include <tilework/physics/devices/pulse_kernel-inl.h>
#include <tilework/physics/devices/soft_bounds.h>

HWY_BEFORE_NAMESPACE();
namespace tilework::physics::HWY_NAMESPACE {
namespace {

struct soft_bounds_law {
  const soft_bounds& p;
  const step_units& units;

  [[nodiscard]] HWY_INLINE linear_pulse at(const step_vectors& s, float_vector w, lane_mask down) const {
    const auto up_reference = p.reverse_up ? hn::Sub(s.min, constant(p.reverse_offset)) : s.max;
    const auto down_reference = p.reverse_down ? hn::Add(s.max, constant(p.reverse_offset)) : s.min;
    return {s.step,       constant(1), hn::IfThenElse(down, down_reference, up_reference), w, down,
            p.mult_noise, p.dw_min_std};
  }
  [[nodiscard]] HWY_INLINE float_vector pulse(const word_vector* c, float_vector w, lane_mask down,
                                              float_vector xi) const {
    const step_vectors s(units, c, down);
    return s.clip(at(s, w, down).once(w, xi));
  }
  [[nodiscard]] HWY_INLINE float_vector pulses(const word_vector* c, float_vector w, lane_mask down, integer_vector n,
                                               float_vector xi, lane_mask& whole) const {
    const step_vectors s(units, c, down);
    return s.clip(at(s, w, down).several(w, s.min, s.max, n, xi, whole));
  }
};

} // namespace

void soft_bounds_pulses(const soft_bounds& p, const step_units& units, const pulse_line<packed_steps>& line) {
  apply_on_vectors(soft_bounds_law{p, units}, line);
}

} // namespace tilework::physics::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

HWY_EXPORT(soft_bounds_pulses);

struct soft_bounds_model : packed_cells {
  soft_bounds p;

  void apply(const pulse_line<cell>& line, std::size_t isa) const {
    HWY_DISPATCH_TABLE(soft_bounds_pulses)[isa](p, units, line);
  }
  template <typename Put>
  void show(const cell& c, Put put) const {
    packed_cells::show(c, put);
    const auto d = units.unpack(c);
    const float up_reference = p.reverse_up ? d.min - p.reverse_offset : d.max;
    const float down_reference = p.reverse_down ? d.max + p.reverse_offset : d.min;
    put("slope_up", up_reference == 0 ? 0.0F : -d.up / up_reference);
    put("slope_down", down_reference == 0 ? 0.0F : -d.down / down_reference);
  }
};

} // namespace

void soft_bounds::validate() const {
  pulsed_parameters::validate();
  linear_law_parameters::validate();
}

std::unique_ptr<device_array> make_devices(const soft_bounds& parameters, const device_context& context) {
  return make_pulsed_array(soft_bounds_model{packed_cells(parameters), parameters}, context);
}

soft_bounds soft_bounds_pmax::as_soft_bounds() const {
  soft_bounds p;
  static_cast<pulsed_parameters&>(p) = *this;
  static_cast<linear_law_parameters&>(p) = *this;
  static_cast<write_noise_parameters&>(p) = *this;
  const float width = (range_max - range_min) / (1 - std::exp(-p_max * alpha));
  p.w_min = range_min;
  p.w_max = range_min + width;
  p.dw_min = width * alpha;
  p.up_down = 1 + 2 * range_min / width;
  return p;
}

void soft_bounds_pmax::validate() const {
  if (range_max <= range_min)
    throw input_error("range_max must be above range_min");
  as_soft_bounds().validate();
}

std::unique_ptr<device_array> make_devices(const soft_bounds_pmax& parameters, const device_context& context) {
  return make_devices(parameters.as_soft_bounds(), context);
}

} // namespace tilework::physics
#endif
