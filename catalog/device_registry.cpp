// SPDX-License-Identifier: Apache-2.0
#include <tilework/catalog/device_registry.h>
#include <tilework/core/nearest_name.h>
#include <tilework/physics/cells/one_sided_cell.h>
#include <tilework/physics/cells/vector_cell.h>
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/exp_step.h>
#include <tilework/physics/devices/ideal.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/piecewise_step.h>
#include <tilework/physics/devices/pow_step.h>
#include <tilework/physics/devices/soft_bounds.h>
#include <tilework/physics/devices/soft_bounds_reference.h>
#include <tilework/physics/presets/presets.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tilework::catalog {

physics::io_parameters read_plain_io(config::reader r) {
  r.extend(physics::io_preset_texts());
  return config::read_fields(r, physics::io_parameters{});
}

device_registry::device_registry() {
  add_model<physics::constant_step>();
  add_model<physics::linear_step>();
  add_model<physics::soft_bounds>();
  add_model<physics::soft_bounds_pmax>();
  add_model<physics::soft_bounds_reference>();
  add_model<physics::exp_step>();
  add_model<physics::pow_step>();
  add_model<physics::pow_step_reference>();
  add_model<physics::piecewise_step>();
  add_model<physics::vector_cell>();
  add_model<physics::reference_cell>();
  add_model<physics::one_sided_cell>();
  add_model<physics::ideal>();
  add_presets(physics::device_preset_texts());
}

void device_registry::add_entry(model_entry entry, std::string text) {
  add_text(entry.name, owned_.emplace_back(std::move(text)));
  models_.push_back(std::move(entry));
}

void device_registry::add_text(std::string_view name, std::string_view text) {
  if (std::ranges::find(texts_, name, &embedded_text::name) != texts_.end())
    throw std::invalid_argument(fmt::format("there is a device '{}' already", name));
  texts_.push_back({name, text});
}

void device_registry::add_presets(std::span<const embedded_text> presets) {
  for (const auto& preset : presets)
    add_text(preset.name, preset.text);
}

std::vector<std::string_view> device_registry::model_names() const {
  std::vector<std::string_view> names;
  std::ranges::transform(models_, std::back_inserter(names), &model_entry::name);
  return names;
}

std::vector<std::string_view> device_registry::preset_names() const {
  std::vector<std::string_view> names;
  for (const auto& text : texts_)
    if (std::ranges::find(models_, text.name, &model_entry::name) == models_.end())
      names.push_back(text.name);
  return names;
}

const device_registry::model_entry& device_registry::model(std::string_view name) const {
  const auto found = std::ranges::find(models_, name, &model_entry::name);
  if (found == models_.end())
    throw input_error(fmt::format("unknown model '{}'; {}", name, suggestion(name, model_names())));
  return *found;
}

physics::device_spec device_registry::read_map(config::reader& r, const io_reader& read_io) const {
  r.exclusive("model", "extends");
  r.extend(texts_);
  const auto name = r.get("model", std::string(physics::device_spec().model()));
  const auto* entry = [&] {
    try {
      return &model(name);
    } catch (const input_error& unknown) {
      throw r.error("model", unknown.what());
    }
  }();
  auto device = entry->read(*this, r, nullptr, read_io);
  try {
    device.validate();
  } catch (const input_error& contradiction) {
    throw r.error({}, contradiction.what());
  }
  return device;
}

physics::device_list device_registry::read_list(config::reader& r, std::string_view key,
                                                const io_reader& read_io) const {
  if (!r.has(key))
    throw r.error({}, fmt::format("'{}' is missing: a list such as [ReRamES, ReRamES]", key));
  physics::device_list devices;
  for (auto& element : r.children(key, "extends"))
    devices.push_back(read_map(element, read_io));
  return devices;
}

physics::device_spec device_registry::read(config::reader& r, std::string_view key, const io_reader& read_io) const {
  auto map = r.child(key, "extends");
  return read_map(map, read_io);
}

physics::device_spec device_registry::named(std::string_view name) const {
  if (std::ranges::find(texts_, name, &embedded_text::name) == texts_.end()) {
    std::vector<std::string_view> names;
    std::ranges::transform(texts_, std::back_inserter(names), &embedded_text::name);
    throw input_error(fmt::format("unknown device '{}': {}", name, suggestion(name, names)));
  }
  const auto document = config::document::parse(fmt::format("device: {}\n", name), fmt::format("device {}", name));
  config::reader r(document);
  auto device = read(r, "device");
  r.finish();
  return device;
}

std::vector<parameter_row> device_registry::parameters(const physics::device_spec& device) const {
  return model(device.model()).show(device);
}

namespace detail {

std::string text_of(bool value) {
  return value ? "true" : "false";
}
std::string text_of(float value) {
  return fmt::format("{}", value);
}
std::string text_of(int value) {
  return fmt::format("{}", value);
}
std::string text_of(unsigned value) {
  return fmt::format("{}", value);
}
std::string text_of(const std::vector<float>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}
std::string text_of(const physics::device_list& devices) {
  std::vector<std::string_view> models;
  std::ranges::transform(devices, std::back_inserter(models), &physics::device_spec::model);
  return fmt::format("[{}]", fmt::join(models, ", "));
}

} // namespace detail
} // namespace tilework::catalog
