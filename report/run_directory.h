// SPDX-License-Identifier: Apache-2.0
/// \file The folder that a run writes.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace tilework::report {

/// Files appear whole or not at all, except the two that grow while the run goes on (metrics.jsonl and log.txt).
class run_directory {
public:
  /// Creates the folder. \throws input_error if it exists and holds anything, or cannot be created.
  static run_directory create(const std::filesystem::path& path);
  /// Opens the folder of an earlier run to go on with it. \throws input_error if it holds none.
  static run_directory open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file next to its final name and renames it. \throws run_error if the disk refuses.
  void write(std::string_view name, std::string_view content) const;
  /// The same for content that is better not held in memory as a whole. \param fill writes it; what it throws is passed
  /// on, and the file stays as it was
  void write(std::string_view name, const std::function<void(std::ostream&)>& fill) const;
  /// Adds a line. \throws run_error if the disk refuses.
  void append(std::string_view name, std::string_view line) const;

private:
  explicit run_directory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// Name of the file that tells a run directory from any other folder.
inline constexpr std::string_view configuration_file = "config.yaml";
inline constexpr std::string_view checkpoint_file = "checkpoint/state.bin";

} // namespace tilework::report
