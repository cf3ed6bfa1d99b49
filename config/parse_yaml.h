// SPDX-License-Identifier: Apache-2.0
/// \file YAML text -> tree. Stricter than YAML: one document, unique scalar keys, no anchors.
#pragma once

#include <tilework/config/node.h>

#include <filesystem>
#include <string>

namespace tilework::config {

/// \param name stands for the file in locations.
/// \param folder where relative paths in the text start.
/// \throws input_error "name:line:column: ..." for syntax errors, duplicate keys, anchors, a second document.
node parse_yaml(const std::string& text, const std::string& name, const std::filesystem::path& folder);

/// A tree from one value on the command line; every location in it is `where`.
node parse_yaml_value(const std::string& text, const std::string& where);

} // namespace tilework::config
