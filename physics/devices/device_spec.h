// SPDX-License-Identifier: Apache-2.0
/// \file The registry of device models and of device presets.
#pragma once

#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/ideal.h>
#include <tilework/physics/devices/linear_step.h>
#include <tilework/physics/devices/soft_bounds.h>

#include <memory>
#include <span>
#include <string_view>
#include <variant>

namespace tilework::physics {

/// Any device with its parameters. A new model is one more line here.
using device_spec = std::variant<constant_step, //
                                 linear_step,   //
                                 soft_bounds,   //
                                 ideal>;

/// Names of all models, in the order above.
std::span<const std::string_view> device_model_names();
/// Names of all presets: parameter sets for measured or projected devices.
std::span<const std::string_view> device_preset_names();

/// A model with its default parameters, or a preset.
/// \throws input_error if the name is neither, with the names that exist
device_spec device_named(std::string_view name);
/// Name of the model of a device.
std::string_view model_name(const device_spec& spec);
/// \throws input_error for contradicting parameters
void validate(const device_spec& spec);
/// Draws the devices of an array, weights 0.
std::unique_ptr<device_array> make_devices(const device_spec& spec, const device_context& context);

} // namespace tilework::physics
