// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/nearest_name.h>
#include <tilework/physics/devices/device_spec.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace tilework::physics {
namespace {

constexpr std::size_t model_count = std::variant_size_v<device_spec>;

constexpr auto model_names = []<std::size_t... i>(std::index_sequence<i...>) {
  return std::array<std::string_view, model_count>{std::variant_alternative_t<i, device_spec>::name...};
}
(std::make_index_sequence<model_count>());

template <std::size_t i = 0>
device_spec default_of(std::size_t index) {
  if constexpr (i + 1 < model_count)
    if (index != i)
      return default_of<i + 1>(index);
  return std::variant_alternative_t<i, device_spec>{};
}

/// Resistive processing unit as projected by Gokmen & Vlasov, Front. Neurosci. 10:333 (2016).
device_spec gokmen_vlasov() {
  constant_step p;
  p.dw_min = 0.0016F;
  p.w_max = 1;
  p.w_min = -1;
  return p;
}

/// Many small symmetric steps: the upper end of what materials may offer.
device_spec idealized() {
  constant_step p;
  p.dw_min = 0.0002F;
  p.up_down_dtod = 0;
  p.w_max = 1;
  p.w_min = -1;
  return p;
}

/// Li-based electrochemical memory, Tang et al., IEDM 2018.
device_spec ec_ram() {
  linear_step p;
  p.dw_min = 0.002F;
  p.dw_min_dtod = 0.1F;
  p.w_max = 1.1724F;
  p.w_min = -0.8276F;
  p.w_max_dtod = p.w_min_dtod = 0.05F;
  p.gamma_up = 0.1153F;
  p.gamma_down = 0.5085F;
  return p;
}

/// Metal-oxide electrochemical memory, Kim et al., IEDM 2019.
device_spec ec_ram_mo() {
  linear_step p;
  p.dw_min = 2.8214e-4F;
  p.dw_min_dtod = 0.1F;
  p.dw_min_std = 2;
  p.w_max = 1.1714F;
  p.w_min = -0.8286F;
  p.w_max_dtod = p.w_min_dtod = 0.05F;
  p.gamma_up = 0.4152F;
  p.gamma_down = 0.7342F;
  return p;
}

struct preset {
  std::string_view name;
  device_spec (*make)();
};
constexpr std::array<preset, 4> presets{
    {{"EcRam", ec_ram}, {"EcRamMO", ec_ram_mo}, {"GokmenVlasov", gokmen_vlasov}, {"Idealized", idealized}}};

constexpr auto preset_names = [] {
  std::array<std::string_view, presets.size()> names;
  for (std::size_t i = 0; i < presets.size(); ++i)
    names[i] = presets[i].name;
  return names;
}();

} // namespace

std::span<const std::string_view> device_model_names() {
  return model_names;
}
std::span<const std::string_view> device_preset_names() {
  return preset_names;
}

device_spec device_named(std::string_view name) {
  for (std::size_t i = 0; i < model_count; ++i)
    if (model_names[i] == name)
      return default_of(i);
  for (const auto& p : presets)
    if (p.name == name)
      return p.make();
  std::vector<std::string_view> known(model_names.begin(), model_names.end());
  known.insert(known.end(), preset_names.begin(), preset_names.end());
  throw input_error("unknown device '" + std::string(name) + "': " + suggestion(name, known));
}

std::string_view model_name(const device_spec& spec) {
  return model_names.at(spec.index());
}

void validate(const device_spec& spec) {
  std::visit([](const auto& p) { p.validate(); }, spec);
}

std::unique_ptr<device_array> make_devices(const device_spec& spec, const device_context& context) {
  return std::visit([&](const auto& p) { return make_devices(p, context); }, spec);
}

} // namespace tilework::physics
