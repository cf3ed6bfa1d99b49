// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/piecewise_step.h>
#include <tilework/physics/devices/pulsed_array.h>

#include <cmath>
#include <span>

namespace tilework::physics {
namespace {

/// Value of a table over [min, max] at v.
float interpolate(std::span<const float> table, float v, float min, float max) {
  const auto sections = table.size() - 1;
  if (sections == 0 || !(max > min))
    return table[0];
  const float place = std::max((v - min) / (max - min) * static_cast<float>(sections), 0.0F);
  const auto section = std::min(static_cast<std::size_t>(place), sections - 1);
  const float within = std::min(place - static_cast<float>(section), 1.0F);
  return (1 - within) * table[section] + within * table[section + 1];
}

struct piecewise_step_model {
  using cell = device_draw;
  piecewise_step p;

  static cell make_cell(const drawn_device& drawn, draw_sequence&) { return drawn.steps; }
  [[nodiscard]] float pulse(const cell& c, float w, bool down, float xi) const {
    const float factor = interpolate(down ? p.piecewise_down : p.piecewise_up, w, c.min, c.max);
    return clipped(w + (down ? -c.down : c.up) * factor * (1 + p.dw_min_std * xi), c.min, c.max);
  }
  static std::pair<float, float> bounds_of(const cell& c) { return {c.min, c.max}; }
  template <typename Put>
  static void show(const cell& c, Put put) {
    put("dwmin_up", c.up);
    put("dwmin_down", c.down);
  }
};

} // namespace

void piecewise_step::validate() const {
  pulsed_parameters::validate();
  if (piecewise_up.empty() || piecewise_up.size() != piecewise_down.size())
    throw input_error("piecewise_up and piecewise_down must have the same number of factors, at least one");
}

float piecewise_step::granularity() const {
  return dw_min * piecewise_up[piecewise_up.size() / 2];
}

std::unique_ptr<device_array> make_devices(const piecewise_step& parameters, const device_context& context) {
  return make_pulsed_array(piecewise_step_model{parameters}, context);
}

} // namespace tilework::physics
