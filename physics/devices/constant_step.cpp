// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/pulsed_array.h>

namespace tilework::physics {
namespace {

struct constant_step_model {
  using cell = device_draw;
  constant_step p;

  static cell make_cell(const device_draw& drawn, draw_sequence&) { return drawn; }
  [[nodiscard]] float step(const cell& c, float w, bool down, float xi) const {
    return w + (down ? -c.down : c.up) * (1 + p.dw_min_std * xi);
  }
  [[nodiscard]] float pulse_noise() const { return p.dw_min_std; }
  [[nodiscard]] float granularity() const { return p.dw_min; }
  [[nodiscard]] static float write_noise() { return 0; }
  [[nodiscard]] static bool write_noise_on_set() { return false; }
};

} // namespace

std::unique_ptr<device_array> make_devices(const constant_step& parameters, const device_context& context) {
  parameters.validate();
  return std::make_unique<pulsed_array<constant_step_model>>(constant_step_model{parameters}, parameters, context);
}

} // namespace tilework::physics
