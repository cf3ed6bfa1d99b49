// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/exp_step.h>
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

struct exp_step_model {
  using cell = device_draw;
  exp_step p;

  static cell make_cell(const drawn_device& drawn, draw_sequence&) { return drawn.steps; }
  [[nodiscard]] float pulse(const cell& c, float w, bool down, float xi) const {
    const float width = c.max - c.min;
    if (!(width > 0))
      return clipped(w, c.min, c.max);
    const float z = 2 * p.a * w / width + p.b;
    const float factor =
        std::max(down ? 1 - p.A_down * exponential(-p.gamma_down * z) : 1 - p.A_up * exponential(p.gamma_up * z), 0.0F);
    const float change = factor * (down ? -c.down : c.up);
    const float noise =
        p.dw_min_std_add != 0 || p.dw_min_std_slope != 0
            ? p.dw_min_std * (std::abs(change) + p.dw_min_std_add + p.dw_min_std_slope * std::abs(w)) * xi
            : p.dw_min_std * change * xi;
    return clipped(w + change + noise, c.min, c.max);
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
  }
};

} // namespace

float exp_step::granularity() const {
  const float down = 1 - std::max(up_down, 0.0F);
  const float step = down * dw_min * std::max(1 - A_down * std::exp(-gamma_down * b), 0.0F);
  return step > 0 ? step : dw_min;
}

std::unique_ptr<device_array> make_devices(const exp_step& parameters, const device_context& context) {
  return make_pulsed_array(exp_step_model{parameters}, context);
}

} // namespace tilework::physics
