// SPDX-License-Identifier: Apache-2.0
/// \file The tree behind a document: YAML values with the place that each came from.
#pragma once

#include <filesystem>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tilework::config {

enum class node_kind { absent, scalar, list, map };

struct map_entry;

/// One value. Addresses of entries and items stay valid while others are added.
struct node {
  node_kind kind = node_kind::absent;
  std::string text{};             ///< scalar
  std::list<node> items{};        ///< list
  std::list<map_entry> entries{}; ///< map, in file order
  std::string where{};            ///< "file:line:column" or "--set a.b.c"
  std::filesystem::path folder{}; ///< relative paths in this value start here

  [[nodiscard]] const node* find(std::string_view key) const; ///< nullptr if the map has no such key or it is null
  [[nodiscard]] node* find(std::string_view key);
  /// The entry's value, created absent if new. Makes this node a map.
  node& at_or_new(std::string_view key);
};

struct map_entry {
  std::string key;
  std::string where;
  node value;
};

/// Maps merge key by key, later wins; anything else is replaced.
void merge(node& base, const node& later);

/// Scalars and lists by their path "a.b.c", lists as "[x, y]"; of lists of maps every item has its number as a key.
std::map<std::string, std::string> leaves(const node& root);

/// YAML text of a tree, ending in a newline. Absent values are left out.
std::string to_yaml(const node& root);

} // namespace tilework::config
