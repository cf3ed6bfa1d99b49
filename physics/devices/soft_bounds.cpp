// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/pulsed_array.h>
#include <tilework/physics/devices/soft_bounds.h>

#include <cmath>

namespace tilework::physics {
namespace {

struct soft_bounds_model {
  using cell = device_draw;
  soft_bounds p;

  static cell make_cell(const drawn_device& drawn, draw_sequence&) { return drawn.steps; }
  [[nodiscard]] float up_reference(const cell& c) const { return p.reverse_up ? c.min - p.reverse_offset : c.max; }
  [[nodiscard]] float down_reference(const cell& c) const { return p.reverse_down ? c.max + p.reverse_offset : c.min; }
  [[nodiscard]] float pulse(const cell& c, float w, bool down, float xi) const {
    const float changed = down ? w - linear_change(p, p.dw_min_std, c.down, 1, down_reference(c), w, xi)
                               : w + linear_change(p, p.dw_min_std, c.up, 1, up_reference(c), w, xi);
    return clipped(changed, c.min, c.max);
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  void show(const cell& c, Put put) const {
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
    put("slope_up", up_reference(c) == 0 ? 0.0F : -c.up / up_reference(c));
    put("slope_down", down_reference(c) == 0 ? 0.0F : -c.down / down_reference(c));
  }
};

} // namespace

void soft_bounds::validate() const {
  pulsed_parameters::validate();
  linear_law_parameters::validate();
}

std::unique_ptr<device_array> make_devices(const soft_bounds& parameters, const device_context& context) {
  return make_pulsed_array(soft_bounds_model{parameters}, context);
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
