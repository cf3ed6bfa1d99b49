// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/pulsed_array.h>
#include <tilework/physics/devices/soft_bounds_reference.h>

#include <cmath>

namespace tilework::physics {
namespace {

struct soft_bounds_reference_model {
  struct cell : device_draw {
    float reference = 0;
  };
  soft_bounds_reference p;

  [[nodiscard]] cell make_cell(drawn_device& drawn, draw_sequence& random) const {
    cell c{drawn.steps};
    const float up_spread = std::abs(1 + p.slope_up_dtod * random.normal());
    const float down_spread = std::abs(1 + p.slope_down_dtod * random.normal());
    c.reference = p.draw_reference(random);
    if (!(c.max > 0 && c.min < 0))
      return c; // stuck or one-sided: no symmetry point
    c.max /= up_spread;
    c.min /= down_spread;
    if (p.subtract_symmetry_point) {
      const float point = (c.up - c.down) / (c.up / c.max - c.down / c.min);
      c.reference += point;
      drawn.passive.reset_bias += point;
    }
    return c;
  }
  [[nodiscard]] float pulse(const cell& c, float w, bool down, float xi) const {
    const float z = w + c.reference;
    const float noise = p.dw_min_std * xi;
    const float bound = down ? c.min : c.max;
    const float room = (down ? bound < 0 : bound > 0) ? 1 - z / bound : 1.0F;
    const float change = (down ? -c.down : c.up) * (p.mult_noise ? room * (1 + noise) : room + noise);
    return clipped(z + change, c.min, c.max) - c.reference;
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
    put("reference", c.reference);
  }
};

} // namespace

std::unique_ptr<device_array> make_devices(const soft_bounds_reference& parameters, const device_context& context) {
  return make_pulsed_array(soft_bounds_reference_model{parameters}, context);
}

} // namespace tilework::physics
