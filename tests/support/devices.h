// SPDX-License-Identifier: Apache-2.0
/// \file Devices by name, as configurations describe them.
#pragma once

#include <tilework/catalog/device_registry.h>

#include <fmt/format.h>

#include <string_view>

namespace tilework::test {

/// A model or preset. \param overrides parameters that differ: "dw_min: 0.01, up_down: 0"
/// \throws input_error for unknown names and contradicting parameters
inline physics::device_spec device(std::string_view name, std::string_view overrides = {}) {
  const auto document = config::document::parse(fmt::format("device: {{extends: {}, {}}}\n", name, overrides), "test");
  config::reader r(document);
  auto spec = catalog::device_registry().read(r, "device");
  r.finish();
  return spec;
}

} // namespace tilework::test
