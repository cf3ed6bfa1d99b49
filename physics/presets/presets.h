// SPDX-License-Identifier: Apache-2.0
/// \file Named parameter sets as YAML texts. They are only carried here; whoever reads configurations parses them.
#pragma once

#include <tilework/core/embedded_text.h>

namespace tilework::physics {

/// Sets of io_parameters: one map of its fields each, or of those that differ from the preset that `extends` names.
std::span<const embedded_text> io_preset_texts();

/// Devices: one map each, with the `model` and the parameters that differ from its defaults, or `extends`.
std::span<const embedded_text> device_preset_texts();

} // namespace tilework::physics
