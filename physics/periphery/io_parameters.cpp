// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>
#include <tilework/physics/periphery/io_parameters.h>

#include <algorithm>
#include <string>

namespace tilework::physics {
namespace {

constexpr std::array<std::string_view, 3> preset_names{"IOParameters", "PresetIO", "StandardIO"};

io_parameters preset_io() {
  io_parameters p;
  p.out_bound = 20;
  p.out_noise = 0.1F;
  return p;
}

io_parameters standard_io() {
  io_parameters p;
  p.inp_res = 1.0F / 254;
  p.out_res = 1.0F / 254;
  p.out_bound = 10;
  p.out_noise = 0.04F;
  return p;
}

} // namespace

std::span<const std::string_view> io_preset_names() {
  return preset_names;
}

io_parameters io_preset(std::string_view name) {
  if (name == "IOParameters")
    return {};
  if (name == "PresetIO")
    return preset_io();
  if (name == "StandardIO")
    return standard_io();
  throw input_error("unknown preset '" + std::string(name) + "': " + suggestion(name, preset_names));
}

void io_parameters::validate() const {
  if (noise_management != noise_management::none && inp_bound != 1.0F)
    throw input_error("inp_bound must be 1 when noise_management is not NONE");
  if (inp_bound <= 0 && inp_res > 0)
    throw input_error("inp_res must be <= 0 (off) when inp_bound is <= 0 (unlimited)");
  if (out_bound <= 0 && out_res > 0)
    throw input_error("out_res must be <= 0 (off) when out_bound is <= 0 (unlimited)");
}

} // namespace tilework::physics
