// SPDX-License-Identifier: Apache-2.0
/// \file Maps that build on a preset of the program or on another file.
#pragma once

#include <tilework/config/node.h>
#include <tilework/core/embedded_text.h>

#include <span>

namespace tilework::config {

/// Replaces "extends: NAME" in a map by the entries of the preset of that name, or else of the file of that name
/// (relative to the file that names it). "preset: NAME" is the same for presets only. What the map says itself wins,
/// maps merge key by key; presets and files may extend others in turn. \throws input_error for unknown names, files
/// that cannot be read, cycles
void extend(node& map, std::span<const embedded_text> presets);

} // namespace tilework::config
