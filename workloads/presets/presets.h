// SPDX-License-Identifier: Apache-2.0
/// \file Training setups by name, as YAML texts: what `preset` at the top of an experiment may name.
#pragma once

#include <tilework/core/embedded_text.h>

namespace tilework::workload {

/// Parts of an experiment each: algorithm, devices, update, input and output, as in AIHWKit's presets of the same
/// names.
std::span<const embedded_text> experiment_preset_texts();

} // namespace tilework::workload
