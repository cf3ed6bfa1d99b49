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
#include <array>
#include <filesystem>
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

std::optional<physics::device_spec> device_registry::read_curve_fit(config::reader& r, const reading& how) {
  const auto file = r.peek_file("from_curve");
  if (!file)
    return std::nullopt;
  if (r.has("model") && r.where("model").starts_with("preset ")) // its values would hide those of the fit
    throw r.error("from_curve", "a fitted device cannot extend a preset; name a model, or nothing");
  constexpr std::array<std::pair<std::string_view, physics::curve_model>, 3> models{
      {{physics::piecewise_step::name, physics::curve_model::piecewise_step},
       {physics::soft_bounds::name, physics::curve_model::soft_bounds},
       {physics::linear_step::name, physics::curve_model::linear_step}}};
  const auto name = r.peek<std::string>("model").value_or(std::string(models.front().first));
  const auto* const chosen = std::ranges::find(models, name, &decltype(models)::value_type::first);
  if (chosen == models.end()) {
    std::vector<std::string_view> names;
    std::ranges::transform(models, std::back_inserter(names), &decltype(models)::value_type::first);
    throw r.error("model", fmt::format("'{}' cannot be fitted to a curve; {}", name, suggestion(name, names)));
  }
  physics::curve_fit_options options{.model = chosen->second};
  if (options.model == physics::curve_model::piecewise_step)
    options.nodes = r.peek<unsigned>("nodes", {.minimum = 2, .maximum = 1000}).value_or(options.nodes);
  auto curve = catalog::read_curve(*file);
  if (curve.is_conductance) {
    options.w_min = -1;
    options.w_max = 1;
  }
  if (const auto given = r.peek<double>("w_min"))
    options.w_min = given;
  if (const auto given = r.peek<double>("w_max"))
    options.w_max = given;
  try {
    auto fit = physics::fit_curve(curve.devices, options);
    auto device = fit.device;
    how.on_curve({*file, std::move(curve), std::move(fit)});
    return device;
  } catch (const input_error& unfit) {
    throw input_error(fmt::format("{}:0:0: {}", file->string(), unfit.what()));
  }
}

physics::device_spec device_registry::read_map(config::reader& r, const reading& how) const {
  r.exclusive("model", "extends");
  r.extend(texts_);
  const auto fitted = read_curve_fit(r, how);
  const auto name = r.get("model", std::string(fitted.value_or(physics::device_spec()).model()));
  const auto* entry = [&] {
    try {
      return &model(name);
    } catch (const input_error& unknown) {
      throw r.error("model", unknown.what());
    }
  }();
  auto device = entry->read(*this, r, fitted ? &*fitted : nullptr, how);
  try {
    device.validate();
  } catch (const input_error& contradiction) {
    throw r.error({}, contradiction.what());
  }
  return device;
}

physics::device_list device_registry::read_list(config::reader& r, std::string_view key, const reading& how) const {
  if (!r.has(key))
    throw r.error({}, fmt::format("'{}' is missing: a list such as [ReRamES, ReRamES]", key));
  physics::device_list devices;
  for (auto& element : r.children(key, "extends"))
    devices.push_back(read_map(element, how));
  return devices;
}

physics::device_spec device_registry::read(config::reader& r, std::string_view key, const io_reader& read_io,
                                           const curve_listener& on_curve) const {
  auto map = r.child(key, "extends");
  return read_map(map, {read_io, on_curve});
}

physics::device_spec device_registry::named(std::string_view name, const curve_listener& on_curve) const {
  const bool known = std::ranges::find(texts_, name, &embedded_text::name) != texts_.end();
  if (!known && !std::filesystem::exists(name)) {
    std::vector<std::string_view> names;
    std::ranges::transform(texts_, std::back_inserter(names), &embedded_text::name);
    throw input_error(
        fmt::format("unknown device '{}', nor is there a file of that name: {}", name, suggestion(name, names)));
  }
  std::string quoted;
  for (const char c : name)
    quoted += c == '\'' ? "''" : std::string(1, c);
  const auto document =
      config::document::parse("", "command line", {.overrides = {fmt::format("device='{}'", quoted)}});
  config::reader r(document);
  const io_reader read_io = read_plain_io;
  auto device = read(r, "device", read_io, on_curve);
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
