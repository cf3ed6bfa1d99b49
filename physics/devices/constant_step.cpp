// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/pulsed_array.h>

namespace tilework::physics {
namespace {

struct constant_step_model {
  using cell = device_draw;
  constant_step p;

  static cell make_cell(const drawn_device& drawn, draw_sequence&) { return drawn.steps; }
  [[nodiscard]] float pulse(const cell& c, float w, bool down, float xi) const {
    return clipped(w + (down ? -c.down : c.up) * (1 + p.dw_min_std * xi), c.min, c.max);
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
  }
};

} // namespace

std::unique_ptr<device_array> make_devices(const constant_step& parameters, const device_context& context) {
  return make_pulsed_array(constant_step_model{parameters}, context);
}

} // namespace tilework::physics
