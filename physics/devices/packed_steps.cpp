// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/packed_steps.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace tilework::physics {
namespace {

// Kernels take the first of two codes from the low bits of a word.
static_assert(std::endian::native == std::endian::little);

constexpr float highest_code = 32767;
constexpr float sigmas = 8;
constexpr float log_normal_sigmas = 5;
constexpr float perfect_bias_factor = 100; ///< of the bounds, draw_device()

float step_unit(const pulsed_parameters& p, float asymmetry) {
  const float gain = 1 - std::abs(asymmetry); // of the nominal device
  const float spread = p.dw_min_dtod_log_normal ? std::exp(log_normal_sigmas * p.dw_min_dtod) : sigmas * p.dw_min_dtod;
  const float largest = 1 + spread + sigmas * p.up_down_dtod;
  const float nominal = std::abs(gain) > 0 ? std::abs(gain) : 1.0F;
  return code_unit(nominal * p.dw_min, std::max(largest / nominal, 1.0F));
}

/// Values of the other side fit too, should a wide spread swap the bounds or a device be stuck there.
float bound_unit(const pulsed_parameters& p, float bound, float spread, float other, float other_spread,
                 float widening) {
  const bool varies = p.w_max_dtod > 0 || p.w_min_dtod > 0 || p.corrupt_devices_prob > 0;
  const float widest = std::abs(bound) * (1 + sigmas * spread);
  const float widest_other = varies ? std::abs(other) * (1 + sigmas * other_spread) : 0.0F;
  const float nominal = std::max(std::abs(bound), varies ? std::abs(other) / 4 : 0.0F);
  if (nominal == 0)
    return 0;
  const float reach = std::max(widest, widest_other) / nominal * widening;
  return code_unit(nominal, p.perfect_bias ? std::max(reach, perfect_bias_factor) : reach);
}

} // namespace

float code_unit(float nominal, float reach) {
  return nominal * std::exp2(-std::floor(std::log2(highest_code / reach)));
}

std::int16_t code_of(float value, float unit) {
  return unit == 0 ? std::int16_t{0}
                   : static_cast<std::int16_t>(std::rint(clipped(value / unit, -highest_code, highest_code)));
}

step_units::step_units(const pulsed_parameters& p, float widening)
    : up(step_unit(p, std::min(p.up_down, 0.0F))),
      down(step_unit(p, std::max(p.up_down, 0.0F))),
      max(bound_unit(p, p.w_max, p.w_max_dtod, p.w_min, p.w_min_dtod, widening)),
      min(bound_unit(p, p.w_min, p.w_min_dtod, p.w_max, p.w_max_dtod, widening)) {
}

packed_steps step_units::pack(const device_draw& d) const {
  return {code_of(d.up, up), code_of(d.down, down), code_of(d.max, max), code_of(d.min, min)};
}

device_draw step_units::unpack(const packed_steps& c) const {
  return {static_cast<float>(c.up) * up, static_cast<float>(c.down) * down, static_cast<float>(c.max) * max,
          static_cast<float>(c.min) * min};
}

} // namespace tilework::physics
