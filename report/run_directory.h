// SPDX-License-Identifier: Apache-2.0
/// \file The folder that a run writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace tilework::report {

/// Files appear whole or not at all, except those that grow while the run goes on (metrics.jsonl and activity.bin).
class run_directory {
public:
  /// Creates the folder. \throws input_error if it exists and holds anything, or cannot be created.
  static run_directory create(const std::filesystem::path& path);
  /// Creates base/name, or base/name-2 and so on, the first that does not exist. \throws input_error as create()
  static run_directory create_numbered(const std::filesystem::path& base, const std::string& name);
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
  /// Adds bytes as they are. \throws run_error if the disk refuses.
  void append_bytes(std::string_view name, std::string_view bytes) const;
  /// Cuts a file to its first `bytes` bytes. Returns whether there were as many; if not, it stays as it is.
  /// \throws run_error if the disk refuses.
  bool cut(std::string_view name, std::uint64_t bytes) const;

private:
  explicit run_directory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// Name of the file that tells a run directory from any other folder.
inline constexpr std::string_view configuration_file = "config.yaml";
inline constexpr std::string_view checkpoint_file = "checkpoint/state.bin";

} // namespace tilework::report
