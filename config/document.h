// SPDX-License-Identifier: Apache-2.0
/// \file A configuration as the user gave it: files, what they extend and include, and overrides from the command line.
#pragma once

#include <tilework/config/node.h>
#include <tilework/core/embedded_text.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace tilework::config {

struct load_options {
  /// "a.b.c=value": the value is YAML; numbers in the path index lists; locations become "--set a.b.c".
  std::vector<std::string> overrides;
  /// Top-level keys whose value may be the name of a file, which is then read in place of the name:
  /// "machine: m.yaml" becomes "machine: {...}". Overrides reach into it.
  std::vector<std::string> included;
  /// What "extends" at top level may name besides files.
  std::span<const embedded_text> presets;
};

/// A read configuration. Copies share one state, which readers keep alive.
class document {
public:
  /// Reads a file and what it extends ("extends: FILE" at top level, relative to the file; the extending file wins,
  /// maps merge key by key).
  /// \throws input_error "file:line:column: ..." for what cannot be opened or read, cycles, and bad overrides.
  static document load(const std::filesystem::path& file, const load_options& options = {});
  /// The same from text; `name` stands for the file name in messages, relative paths start at the current folder.
  static document parse(const std::string& text, const std::string& name, const load_options& options = {});

  /// Every value that was asked for, defaults included, as one self-contained file.
  /// Reading that file in the same way gives the same values, and this text again.
  [[nodiscard]] std::string resolved_yaml() const;
  /// Dotted paths of all keys, of values and of maps, that readers asked for or about, whether they are given or not.
  [[nodiscard]] const std::set<std::string>& asked_paths() const;

private:
  friend class reader;
  struct state {
    node given;
    node resolved{.kind = node_kind::map};
    std::map<const node*, std::vector<std::string>> asked; ///< keys that readers know, per map
    std::set<std::string> asked_paths;                     ///< of maps that are not given too
  };
  explicit document(node given);

  std::shared_ptr<state> state_;
};

} // namespace tilework::config
