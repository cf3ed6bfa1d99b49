// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/document.h>
#include <tilework/config/parse_yaml.h>
#include <tilework/core/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace tilework::config {
namespace {

using path_list = std::vector<std::filesystem::path>;

std::string read_file(const std::filesystem::path& file) {
  std::error_code not_a_file;
  if (std::filesystem::is_directory(file, not_a_file))
    throw input_error(fmt::format("{}:0:0: cannot open {}: it is a directory", file.string(), file.string()));
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw input_error(fmt::format("{}:0:0: cannot open {}: {}", file.string(), file.string(),
                                  std::generic_category().message(errno)));
  return {std::istreambuf_iterator<char>(stream), {}};
}

node load_tree(const std::filesystem::path& file, path_list& open_files);

/// Replaces "extends" at the top of `tree` by the content of the named file.
node extended(node tree, path_list& open_files) {
  if (tree.kind == node_kind::absent)
    tree.kind = node_kind::map;
  if (tree.kind != node_kind::map)
    throw input_error(tree.where + ": expected a map of keys and values");
  const auto extends = std::ranges::find(tree.entries, "extends", &map_entry::key);
  if (extends == tree.entries.end())
    return tree;
  const auto parent = extends->value;
  if (parent.kind != node_kind::scalar)
    throw input_error(extends->where + ": extends: expected the name of a file");
  tree.entries.erase(extends);
  try {
    auto base = load_tree((parent.folder / parent.text).lexically_normal(), open_files);
    merge(base, tree);
    return base;
  } catch (const input_error& e) {
    // A missing parent is an error of the line that names it.
    if (!std::filesystem::exists(parent.folder / parent.text))
      throw input_error(fmt::format("{}: extends: {}", parent.where, e.what()));
    throw;
  }
}

node load_tree(const std::filesystem::path& file, path_list& open_files) {
  const auto text = read_file(file);
  const auto identity = std::filesystem::weakly_canonical(file);
  if (std::ranges::find(open_files, identity) != open_files.end())
    throw input_error(fmt::format("{}:0:0: extends itself, directly or through other files", file.string()));
  open_files.push_back(identity);
  auto tree = parse_yaml(text, file.string(), file.parent_path());
  if (tree.kind == node_kind::absent)
    throw input_error(fmt::format("{}:0:0: holds no keys and values", file.string()));
  tree = extended(std::move(tree), open_files);
  open_files.pop_back();
  return tree;
}

struct override_value {
  std::vector<std::string> path;
  node value;
};

override_value parse_override(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw input_error(fmt::format("--set {}: expected key.path=value", text));
  override_value result;
  const auto path = text.substr(0, equals);
  for (std::size_t first = 0; first <= path.size();) {
    const auto dot = std::min(path.find('.', first), path.size());
    if (dot == first)
      throw input_error(fmt::format("--set {}: empty name in the path", path));
    result.path.push_back(path.substr(first, dot - first));
    first = dot + 1;
  }
  result.value = parse_yaml_value(text.substr(equals + 1), "--set " + path);
  result.value.where = "--set " + path;
  return result;
}

void apply(node& root, const override_value& change) {
  const auto& where = change.value.where;
  node* n = &root;
  for (const auto& name : change.path) {
    if (n->kind == node_kind::list) {
      std::size_t index = 0;
      const auto parsed = std::from_chars(name.data(), name.data() + name.size(), index);
      if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size() || index >= n->items.size())
        throw input_error(fmt::format("{}: '{}' must be an index from 0 to {} into the list at {}", where, name,
                                      static_cast<std::ptrdiff_t>(n->items.size()) - 1, n->where));
      n = &*std::next(n->items.begin(), static_cast<std::ptrdiff_t>(index));
      continue;
    }
    if (n->kind == node_kind::scalar)
      throw input_error(
          fmt::format("{}: cannot set '{}' inside the single value '{}' given at {}", where, name, n->text, n->where));
    if (n->kind == node_kind::absent)
      n->where = where;
    n = &n->at_or_new(name);
    if (n->where.empty())
      n->where = where;
  }
  *n = change.value;
}

/// Locations of keys that an override created.
void locate_new_keys(node& n) {
  for (auto& entry : n.entries) {
    if (entry.where.empty())
      entry.where = entry.value.where;
    locate_new_keys(entry.value);
  }
  for (auto& item : n.items)
    locate_new_keys(item);
}

void include(node& root, const std::string& key) {
  auto* value = root.find(key);
  if (value == nullptr || value->kind != node_kind::scalar)
    return;
  const auto file = (value->folder / value->text).lexically_normal();
  if (!std::filesystem::exists(file))
    throw input_error(
        fmt::format("{}: {}: cannot open {}: No such file or directory", value->where, key, file.string()));
  path_list open_files;
  *value = load_tree(file, open_files);
}

node finished(node root, const load_options& options) {
  std::vector<override_value> overrides;
  for (const auto& text : options.overrides)
    overrides.push_back(parse_override(text));
  const auto names_include = [&](const override_value& change) {
    return change.path.size() == 1 &&
           std::ranges::find(options.included, change.path.front()) != options.included.end();
  };
  // First which files are included, then what is changed inside them.
  for (const auto& change : overrides)
    if (names_include(change))
      apply(root, change);
  for (const auto& key : options.included)
    include(root, key);
  for (const auto& change : overrides)
    if (!names_include(change))
      apply(root, change);
  locate_new_keys(root);
  return root;
}

} // namespace

document::document(node given) : state_(std::make_shared<state>()) {
  state_->given = std::move(given);
}

document document::load(const std::filesystem::path& file, const load_options& options) {
  path_list open_files;
  return document(finished(load_tree(file, open_files), options));
}

document document::parse(const std::string& text, const std::string& name, const load_options& options) {
  path_list open_files;
  return document(finished(extended(parse_yaml(text, name, {}), open_files), options));
}

std::string document::resolved_yaml() const {
  return to_yaml(state_->resolved);
}

} // namespace tilework::config
