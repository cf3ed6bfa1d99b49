// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace tilework::physics {
namespace {

device_draw draw_steps(const pulsed_parameters& p, draw_sequence& random, bool bias_line) {
  device_draw d;
  d.max = p.w_max * (1 + p.w_max_dtod * random.normal());
  d.min = p.w_min * (1 + p.w_min_dtod * random.normal());
  const float spread = p.dw_min_dtod * random.normal();
  const float gain = p.dw_min_dtod_log_normal ? std::exp(spread) : 1 + spread;
  const float asymmetry = p.up_down_dtod * random.normal();
  const float stuck = random.uniform();
  const float stuck_at = random.uniform();

  // The systematic asymmetry only ever makes one direction smaller.
  d.up = (std::min(p.up_down, 0.0F) + gain + asymmetry) * p.dw_min;
  d.down = (-std::max(p.up_down, 0.0F) + gain - asymmetry) * p.dw_min;
  if (p.enforce_consistency) {
    d.up = std::abs(d.up);
    d.down = std::abs(d.down);
    if (d.min > d.max)
      std::swap(d.min, d.max);
    d.max = std::abs(d.max);
    d.min = -std::abs(d.min);
  } else if (d.min > d.max) {
    d.min = d.max = (d.min + d.max) / 2;
  }
  if (p.corrupt_devices_prob > stuck) {
    const float low = std::max(d.min, -p.corrupt_devices_range);
    const float high = std::min(d.max, p.corrupt_devices_range);
    d = {0, 0, low + (high - low) * stuck_at, low + (high - low) * stuck_at};
  }
  if (p.perfect_bias && bias_line)
    d = {p.dw_min, p.dw_min, 100 * p.w_max, 100 * p.w_min};
  return d;
}

passive_draw draw_passive(const pulsed_parameters& p, draw_sequence& random) {
  passive_draw d;
  d.diffusion_rate = std::abs(p.diffusion * (1 + p.diffusion_dtod * random.normal()));
  d.reset_bias = p.reset + p.reset_dtod * random.normal();
  const float lifetime = p.lifetime * (1 + p.lifetime_dtod * random.normal());
  if (p.lifetime > 0)
    d.decay_keep = lifetime > 1 ? 1 - 1 / lifetime : 0;
  return d;
}

} // namespace

void pulsed_parameters::validate() const {
  if (w_min > 0 || w_max < 0)
    throw input_error("w_min must be <= 0 and w_max must be >= 0");
  drift.validate();
}

drawn_device draw_device(const pulsed_parameters& p, draw_sequence& random, bool bias_line) {
  drawn_device d;
  d.steps = draw_steps(p, random, bias_line);
  d.passive = draw_passive(p, random);
  return d;
}

} // namespace tilework::physics
