// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/soft_bounds.h>

namespace tilework::physics {

linear_step soft_bounds::as_linear_step() const {
  linear_step p;
  static_cast<pulsed_parameters&>(p) = static_cast<const pulsed_parameters&>(*this);
  p.gamma_up = p.gamma_down = 1;
  p.gamma_up_dtod = p.gamma_down_dtod = 0;
  p.mean_bound_reference = false;
  p.mult_noise = mult_noise;
  p.reverse_up = reverse_up;
  p.reverse_down = reverse_down;
  p.reverse_offset = reverse_offset;
  p.write_noise_std = write_noise_std;
  p.apply_write_noise_on_set = apply_write_noise_on_set;
  return p;
}

std::unique_ptr<device_array> make_devices(const soft_bounds& parameters, const device_context& context) {
  return make_devices(parameters.as_linear_step(), context);
}

} // namespace tilework::physics
