// SPDX-License-Identifier: Apache-2.0
/// \file Devices by name: models, presets, and how a configuration describes a device.
///
/// A program outside this project adds its own models to a registry and hands it to cli::run_program().
#pragma once

#include <tilework/catalog/measured_curve.h>
#include <tilework/config/read_fields.h>
#include <tilework/core/embedded_text.h>
#include <tilework/physics/crossbar/update_parameters.h>
#include <tilework/physics/devices/device_spec.h>
#include <tilework/physics/periphery/io_parameters.h>

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::catalog {

/// One parameter of a device as text, for people.
struct parameter_row {
  std::string name;
  std::string value;
  field meta;
};

/// Reads the map of an analog product; what it may leave to the machine is up to the caller.
using io_reader = std::function<physics::io_parameters(config::reader)>;
/// The fields as they are written.
physics::io_parameters read_plain_io(config::reader r);

/// Is told of every curve that was fitted for a device.
using curve_listener = std::function<void(fitted_curve)>;
inline void ignore_curve(const fitted_curve& /*curve*/) {
}

class device_registry {
public:
  /// Every model and preset of this project.
  device_registry();
  device_registry(const device_registry&) = delete; // names and texts are views into it
  device_registry& operator=(const device_registry&) = delete;
  ~device_registry() = default;

  /// Adds a model, under the name P::name. \throws std::invalid_argument if the name is taken
  template <physics::device_parameters P>
  void add_model();
  /// Adds presets: one map each, with a `model` or an `extends` of their own. \throws std::invalid_argument if a name
  /// is taken
  void add_presets(std::span<const embedded_text> presets);

  [[nodiscard]] std::vector<std::string_view> model_names() const;
  [[nodiscard]] std::vector<std::string_view> preset_names() const;

  /// Reads `key: NAME`, or a map with `model` or `extends` (a model, a preset or a file) and parameters that differ, or
  /// with `from_curve`, a measured curve that is fitted.
  /// \throws input_error with the place and the nearest name
  [[nodiscard]] physics::device_spec read(config::reader& r, std::string_view key,
                                          const io_reader& read_io = read_plain_io,
                                          const curve_listener& on_curve = ignore_curve) const;
  /// A map that is a device, such as a file of its own.
  [[nodiscard]] physics::device_spec read(config::reader& r, const io_reader& read_io = read_plain_io,
                                          const curve_listener& on_curve = ignore_curve) const {
    return read_map(r, {read_io, on_curve});
  }
  /// A preset, a model with its defaults, or a file that holds such a map. \throws input_error for other names
  [[nodiscard]] physics::device_spec named(std::string_view name, const curve_listener& on_curve = ignore_curve) const;
  /// What `extends` may name: models and presets.
  [[nodiscard]] std::span<const embedded_text> texts() const { return texts_; }
  /// The parameters of a device of a known model.
  [[nodiscard]] std::vector<parameter_row> parameters(const physics::device_spec& device) const;

private:
  /// What a caller wants to be done while a device is read.
  struct reading {
    const io_reader& read_io;
    const curve_listener& on_curve;
  };
  struct model_entry {
    std::string_view name;
    std::function<physics::device_spec(const device_registry&, config::reader&, const physics::device_spec* base,
                                       const reading&)>
        read;
    std::function<std::vector<parameter_row>(const physics::device_spec&)> show;
  };

  [[nodiscard]] const model_entry& model(std::string_view name) const;
  [[nodiscard]] physics::device_spec read_map(config::reader& r, const reading& how) const;
  [[nodiscard]] static std::optional<physics::device_spec> read_curve_fit(config::reader& r, const reading& how);
  [[nodiscard]] physics::device_list read_list(config::reader& r, std::string_view key, const reading& how) const;
  void add_entry(model_entry entry, std::string text);
  void add_text(std::string_view name, std::string_view text);

  std::vector<model_entry> models_;
  std::vector<embedded_text> texts_; ///< models and presets, as what `extends` may name
  std::deque<std::string> owned_;
};

namespace detail {

std::string text_of(bool value);
std::string text_of(float value);
std::string text_of(int value);
std::string text_of(unsigned value);
std::string text_of(const std::vector<float>& values);
std::string text_of(const physics::device_list& devices);

/// Appends a row per field; those of a nested struct have dotted names.
template <typename P>
void append_rows(std::vector<parameter_row>& rows, const std::string& prefix, const P& parameters) {
  P::fields([&]<typename M>(std::string_view name, M P::*member, const field& meta) {
    const auto full = prefix + std::string(name);
    const auto& value = parameters.*member;
    if constexpr (config::has_fields<M>) {
      append_rows(rows, full + ".", value);
    } else if constexpr (config::named_enum<M>) {
      for (const auto& [spelling, named] : names_of(M{}))
        if (named == value)
          rows.push_back({full, std::string(spelling), meta});
    } else {
      rows.push_back({full, text_of(value), meta});
    }
  });
}

} // namespace detail

template <physics::device_parameters P>
void device_registry::add_model() {
  const auto read = [](const device_registry& registry, config::reader& r, const physics::device_spec* base,
                       const reading& how) -> physics::device_spec {
    struct {
      const device_registry& registry;
      const reading& how;
      void operator()(config::reader& at, std::string_view name, physics::device_list& devices) const {
        devices = registry.read_list(at, name, how);
      }
      void operator()(config::reader& at, std::string_view name, physics::io_parameters& io) const {
        io = how.read_io(at.child(name));
      }
    } const special{registry, how};
    const P* fitted = base == nullptr ? nullptr : base->get_if<P>();
    return config::read_fields(r, fitted == nullptr ? P{} : *fitted, {}, special);
  };
  const auto show = [](const physics::device_spec& device) {
    std::vector<parameter_row> rows;
    detail::append_rows(rows, "", *device.get_if<P>());
    return rows;
  };
  auto text = "model: " + std::string(P::name) + "\n";
  if constexpr (requires(const P& p) { p.devices; })
    text += "devices: " + detail::text_of(P{}.devices) + "\n"; // a cell by its name alone has default devices
  add_entry({P::name, read, show}, std::move(text));
}

} // namespace tilework::catalog
