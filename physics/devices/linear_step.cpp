// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>

namespace tilework::physics {
namespace {

struct linear_step_model {
  struct cell : device_draw {
    float slope_up = 0;
    float slope_down = 0;
  };
  linear_step p;

  [[nodiscard]] cell make_cell(const device_draw& drawn, draw_sequence& random) const {
    const float max = p.mean_bound_reference ? p.w_max : drawn.max;
    const float min = p.mean_bound_reference ? p.w_min : drawn.min;
    const float up_reference = p.reverse_up ? min - p.reverse_offset : max;
    const float down_reference = p.reverse_down ? max + p.reverse_offset : min;
    cell c{drawn};
    c.slope_up = slope(p.gamma_up + p.gamma_up_dtod * random.normal(), drawn.up, up_reference);
    c.slope_down = slope(p.gamma_down + p.gamma_down_dtod * random.normal(), drawn.down, down_reference);
    return c;
  }
  [[nodiscard]] float slope(float gamma, float step, float reference) const {
    if (reference == 0)
      return 0;
    return -(p.allow_increasing ? gamma : std::abs(gamma)) * step / reference;
  }
  [[nodiscard]] float step(const cell& c, float w, bool down, float xi) const {
    const float constant = down ? c.down : c.up;
    const float linear = (down ? c.slope_down : c.slope_up) * w;
    const float noise = 1 + p.dw_min_std * xi;
    const float change = p.mult_noise ? (linear + constant) * noise : linear + constant * noise;
    return down ? w - change : w + change;
  }
  [[nodiscard]] float pulse_noise() const { return p.dw_min_std; }
  [[nodiscard]] float granularity() const { return p.dw_min; }
  [[nodiscard]] float write_noise() const { return p.write_noise_std * p.dw_min; }
  [[nodiscard]] bool write_noise_on_set() const { return p.apply_write_noise_on_set; }
};

} // namespace

void linear_step::validate() const {
  pulsed_parameters::validate();
  if ((reverse_up || reverse_down) && !mult_noise)
    throw input_error("reverse_up and reverse_down need mult_noise: true");
}

std::unique_ptr<device_array> make_devices(const linear_step& parameters, const device_context& context) {
  parameters.validate();
  return std::make_unique<pulsed_array<linear_step_model>>(linear_step_model{parameters}, parameters, context);
}

} // namespace tilework::physics
