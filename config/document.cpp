// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/document.h>
#include <tilework/config/extend.h>
#include <tilework/config/parse_yaml.h>
#include <tilework/core/error.h>
#include <tilework/core/nearest_name.h>

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

std::string suggested(std::string_view name, std::span<const embedded_text> presets) {
  std::vector<std::string_view> names;
  std::ranges::transform(presets, std::back_inserter(names), &embedded_text::name);
  return suggestion(name, names);
}

/// Follows "extends" from map to map.
class extender {
public:
  explicit extender(std::span<const embedded_text> presets = {}) : presets_(presets) {}

  node file(const std::filesystem::path& file) {
    const auto text = read_file(file);
    open(std::filesystem::weakly_canonical(file), file.string());
    auto tree = parse_yaml(text, file.string(), file.parent_path());
    if (tree.kind == node_kind::absent)
      throw input_error(fmt::format("{}:0:0: holds no keys and values", file.string()));
    extend(tree);
    open_.pop_back();
    return tree;
  }

  /// Puts what "extends" at the top of `tree` names under the entries of `tree`.
  void extend(node& tree) {
    if (tree.kind == node_kind::absent)
      tree.kind = node_kind::map;
    if (tree.kind != node_kind::map)
      throw input_error(tree.where + ": expected a map of keys and values");
    const auto extends = std::ranges::find(tree.entries, "extends", &map_entry::key);
    if (extends == tree.entries.end())
      return;
    const auto name = extends->value;
    if (name.kind != node_kind::scalar)
      throw input_error(extends->where + ": extends: expected the name of a file");
    tree.entries.erase(extends);
    auto base = named(name);
    merge(base, tree);
    tree = std::move(base);
  }

private:
  void open(std::filesystem::path identity, const std::string& name) {
    if (std::ranges::find(open_, identity) != open_.end())
      throw input_error(fmt::format("{}:0:0: extends itself, directly or through other files", name));
    open_.push_back(std::move(identity));
  }

  node named(const node& name) {
    const auto preset = std::ranges::find(presets_, name.text, &embedded_text::name);
    if (preset != presets_.end())
      return preset_tree(*preset);
    const auto path = (name.folder / name.text).lexically_normal();
    if (!presets_.empty() && !std::filesystem::exists(path))
      throw input_error(fmt::format("{}: extends: unknown preset '{}', nor is there a file of that name; {}",
                                    name.where, name.text, suggested(name.text, presets_)));
    try {
      return file(path);
    } catch (const input_error& e) {
      // A missing parent is an error of the line that names it.
      if (!std::filesystem::exists(path))
        throw input_error(fmt::format("{}: extends: {}", name.where, e.what()));
      throw;
    }
  }

  node preset_tree(const embedded_text& preset) {
    const std::string name = fmt::format("preset {}", preset.name);
    open(name, name);
    auto tree = parse_yaml(std::string(preset.text), name, {});
    extend(tree);
    open_.pop_back();
    return tree;
  }

  std::span<const embedded_text> presets_;
  path_list open_; ///< files and presets that are being read
};

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
  *value = extender().file(file);
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
  return document(finished(extender(options.presets).file(file), options));
}

document document::parse(const std::string& text, const std::string& name, const load_options& options) {
  auto tree = parse_yaml(text, name, {});
  extender(options.presets).extend(tree);
  return document(finished(std::move(tree), options));
}

void extend(node& map, std::span<const embedded_text> presets) {
  const auto preset = std::ranges::find(map.entries, "preset", &map_entry::key);
  if (preset != map.entries.end()) {
    if (map.find("extends") != nullptr)
      throw input_error(preset->where + ": preset: 'extends' names another base; leave one of them out");
    const auto known = std::ranges::find(presets, preset->value.text, &embedded_text::name);
    if (known == presets.end())
      throw input_error(fmt::format("{}: preset: unknown preset '{}'; {}", preset->value.where, preset->value.text,
                                    suggested(preset->value.text, presets)));
    preset->key = "extends";
  }
  extender(presets).extend(map);
}

std::string document::resolved_yaml() const {
  return to_yaml(state_->resolved);
}

const std::set<std::string>& document::asked_paths() const {
  return state_->asked_paths;
}

} // namespace tilework::config
