// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/inference/conductance_noise.h>

#include <cmath>

namespace tilework::physics {

void conductance_noise::check_time(double seconds) const {
  if (!(seconds >= 0) || std::isinf(seconds))
    throw input_error("time since programming must be finite and >= 0 s");
}

float accumulated_read_noise(double seconds, double t_read_s) {
  return static_cast<float>(std::sqrt(std::fmax(std::log((seconds + t_read_s) / (2 * t_read_s)), 0)));
}

} // namespace tilework::physics
