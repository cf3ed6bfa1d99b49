// SPDX-License-Identifier: Apache-2.0
/// \file Files that a user asks for by name.
#pragma once

#include <filesystem>
#include <string_view>

namespace tilework::cli {

/// \throws run_error if the disk refuses
void write_file(const std::filesystem::path& path, std::string_view content);

} // namespace tilework::cli
