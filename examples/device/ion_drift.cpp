// SPDX-License-Identifier: Apache-2.0
#include "ion_drift.h"

#include <tilework/core/error.h>
#include <tilework/physics/devices/pulsed_array.h>

namespace oxide {
namespace {

using namespace tilework::physics;

/// 1 - distance^2p for a border at this share of the film from the electrode that it leaves.
float window(float distance, int p) {
  float power = 1;
  for (int n = 0; n < p; ++n)
    power *= distance * distance;
  return 1 - power;
}

struct ion_drift_model {
  using cell = device_draw;
  ion_drift p;

  static cell make_cell(const drawn_device& drawn, draw_sequence&) { return drawn.steps; }
  [[nodiscard]] float pulse(const cell& c, float w, bool down, float xi) const {
    const float width = c.max - c.min;
    if (!(width > 0)) // stuck, or on an open line
      return clipped(w, c.min, c.max);
    const float x = (w - c.min) / width;
    const float change = down ? -c.down * window(1 - x, p.p) : c.up * window(x, p.p);
    return clipped(w + change * (1 + p.dw_min_std * xi), c.min, c.max);
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
  }
};

} // namespace

float ion_drift::granularity() const {
  const float x = -w_min / (w_max - w_min);
  return dw_min * (window(x, p) + window(1 - x, p)) / 2;
}

void ion_drift::validate() const {
  pulsed_parameters::validate();
  if (!(w_max > w_min))
    throw tilework::input_error("w_max must be above w_min");
}

std::unique_ptr<device_array> make_devices(const ion_drift& parameters, const device_context& context) {
  return make_pulsed_array(ion_drift_model{parameters}, context);
}

} // namespace oxide
