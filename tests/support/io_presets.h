// SPDX-License-Identifier: Apache-2.0
/// \file Presets as values, read from the texts that the program carries.
#pragma once

#include <tilework/config/read_fields.h>
#include <tilework/physics/periphery/io_parameters.h>
#include <tilework/physics/presets/presets.h>

#include <string>

namespace tilework::test {

/// \throws input_error for unknown names and unknown keys in the text
inline physics::io_parameters io_preset(const std::string& name) {
  const auto document = config::document::parse("preset: " + name + "\n", "test");
  config::reader r(document);
  r.extend(physics::io_preset_texts());
  const auto io = config::read_fields(r, physics::io_parameters{});
  r.finish();
  return io;
}

} // namespace tilework::test
