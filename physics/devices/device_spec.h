// SPDX-License-Identifier: Apache-2.0
/// \file A device with its parameters as a value, whatever its model.
#pragma once

#include <tilework/physics/devices/device_array.h>
#include <tilework/physics/devices/pulsed_parameters.h>

#include <algorithm>
#include <concepts>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::physics {

/// What a device model consists of: a struct of parameters with a name, a list of its fields, a check, its nominal
/// step and number of states, and a function make_devices() beside it that draws an array of such devices.
template <typename P>
concept device_parameters = requires(const P& p, const device_context& context) {
  { P::name } -> std::convertible_to<std::string_view>;
  p.validate();
  { p.granularity() } -> std::same_as<float>;
  { p.states() } -> std::same_as<float>;
  { make_devices(p, context) } -> std::same_as<std::unique_ptr<device_array>>;
};

/// Any device with its parameters. Copies share them; they never change.
class device_spec {
public:
  template <device_parameters P>
  device_spec(P parameters) // NOLINT(google-explicit-constructor): a device is its parameters
      : held_(std::make_shared<const holder<P>>(std::move(parameters))) {}
  /// ConstantStep with its defaults.
  device_spec();

  /// Name of the model.
  [[nodiscard]] std::string_view model() const { return held_->model(); }
  /// \throws input_error for contradicting parameters
  void validate() const { held_->validate(); }
  /// Mean weight change of one pulse, from the nominal parameters.
  [[nodiscard]] float granularity() const { return held_->granularity(); }
  /// Width of the nominal weight window in steps.
  [[nodiscard]] float states() const { return held_->states(); }
  /// Nominal upper bound; infinite for devices without one of their own.
  [[nodiscard]] float largest_weight() const { return held_->largest_weight(); }
  /// Whether a write leaves a lasting error.
  [[nodiscard]] bool writes_noisily() const { return held_->writes_noisily(); }
  /// Whether the weight drifts when time passes.
  [[nodiscard]] bool drifts() const { return held_->drifts(); }
  /// Whether the weight diffuses or decays in a mini-batch.
  [[nodiscard]] bool relaxes() const { return held_->relaxes(); }
  /// Whether a cross-point holds several devices.
  [[nodiscard]] bool is_unit_cell() const { return held_->is_unit_cell(); }
  /// Draws the devices of an array, weights 0 (or the nearest value that a device allows).
  [[nodiscard]] std::unique_ptr<device_array> make(const device_context& context) const { return held_->make(context); }
  /// The parameters, if they are of this type; else null.
  template <device_parameters P>
  [[nodiscard]] const P* get_if() const {
    const auto* h = dynamic_cast<const holder<P>*>(held_.get());
    return h == nullptr ? nullptr : &h->parameters;
  }

  friend bool operator==(const device_spec& a, const device_spec& b) { return a.held_->equals(*b.held_); }

private:
  struct any_device {
    any_device() = default;
    any_device(const any_device&) = delete;
    any_device& operator=(const any_device&) = delete;
    virtual ~any_device() = default;
    [[nodiscard]] virtual std::string_view model() const = 0;
    virtual void validate() const = 0;
    [[nodiscard]] virtual float granularity() const = 0;
    [[nodiscard]] virtual float states() const = 0;
    [[nodiscard]] virtual float largest_weight() const = 0;
    [[nodiscard]] virtual bool writes_noisily() const = 0;
    [[nodiscard]] virtual bool drifts() const = 0;
    [[nodiscard]] virtual bool relaxes() const = 0;
    [[nodiscard]] virtual bool is_unit_cell() const = 0;
    [[nodiscard]] virtual std::unique_ptr<device_array> make(const device_context& context) const = 0;
    [[nodiscard]] virtual bool equals(const any_device& other) const = 0;
  };
  template <typename P>
  struct holder final : any_device {
    explicit holder(P p) : parameters(std::move(p)) {}
    [[nodiscard]] std::string_view model() const override { return P::name; }
    void validate() const override { parameters.validate(); }
    [[nodiscard]] float granularity() const override { return parameters.granularity(); }
    [[nodiscard]] float states() const override { return parameters.states(); }
    [[nodiscard]] float largest_weight() const override {
      if constexpr (requires(const P& p) { p.largest_weight(); })
        return parameters.largest_weight();
      return std::numeric_limits<float>::infinity();
    }
    [[nodiscard]] bool writes_noisily() const override {
      if constexpr (std::derived_from<P, write_noise_parameters>)
        return parameters.write_noise_std > 0;
      return false;
    }
    [[nodiscard]] bool drifts() const override {
      if constexpr (requires(const P& p) { p.drift.is_active(); })
        return parameters.drift.is_active();
      else if constexpr (requires(const P& p) { p.devices; })
        return std::ranges::any_of(parameters.devices, &device_spec::drifts);
      return false;
    }
    [[nodiscard]] bool relaxes() const override {
      if constexpr (requires(const P& p) { p.relaxes(); })
        return parameters.relaxes();
      else if constexpr (requires(const P& p) { p.devices; })
        return std::ranges::any_of(parameters.devices, &device_spec::relaxes);
      return false;
    }
    [[nodiscard]] bool is_unit_cell() const override {
      return requires(const P& p) {
        p.devices;
      };
    }
    [[nodiscard]] std::unique_ptr<device_array> make(const device_context& context) const override {
      parameters.validate();
      return make_devices(parameters, context);
    }
    [[nodiscard]] bool equals(const any_device& other) const override {
      const auto* o = dynamic_cast<const holder*>(&other);
      return o != nullptr && o->parameters == parameters;
    }
    P parameters;
  };

  std::shared_ptr<const any_device> held_;
};

/// Devices of a unit cell, each with its own draws.
using device_list = std::vector<device_spec>;

} // namespace tilework::physics
