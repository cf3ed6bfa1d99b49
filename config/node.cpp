// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/node.h>

#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <utility>

namespace tilework::config {

const node* node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &map_entry::key);
  return found == entries.end() || found->value.kind == node_kind::absent ? nullptr : &found->value;
}

node* node::find(std::string_view key) {
  return const_cast<node*>(std::as_const(*this).find(key)); // NOLINT(*-const-cast): *this is mutable
}

node& node::at_or_new(std::string_view key) {
  kind = node_kind::map;
  const auto found = std::ranges::find(entries, key, &map_entry::key);
  if (found != entries.end())
    return found->value;
  entries.push_back({std::string(key), {}, {}});
  return entries.back().value;
}

void merge(node& base, const node& later) {
  if (base.kind != node_kind::map || later.kind != node_kind::map) {
    base = later;
    return;
  }
  base.where = later.where;
  for (const auto& entry : later.entries) {
    merge(base.at_or_new(entry.key), entry.value);
    std::ranges::find(base.entries, entry.key, &map_entry::key)->where = entry.where;
  }
}

namespace {

void emit(YAML::Emitter& out, const node& n) {
  switch (n.kind) {
  case node_kind::absent:
    out << YAML::Null;
    break;
  case node_kind::scalar:
    out << n.text;
    break;
  case node_kind::list: {
    const bool scalars = std::ranges::all_of(n.items, [](const node& item) { return item.kind == node_kind::scalar; });
    out << (scalars ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
    for (const auto& item : n.items)
      emit(out, item);
    out << YAML::EndSeq;
    break;
  }
  case node_kind::map:
    if (n.entries.empty())
      out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& entry : n.entries)
      if (entry.value.kind != node_kind::absent) {
        out << YAML::Key << entry.key << YAML::Value;
        emit(out, entry.value);
      }
    out << YAML::EndMap;
    break;
  }
}

std::string one_line(const node& list) {
  YAML::Emitter out;
  emit(out, list);
  return out.c_str();
}

void collect_leaves(const node& n, const std::string& path, std::map<std::string, std::string>& all) {
  const auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  const bool is_list_of_maps =
      std::ranges::any_of(n.items, [](const node& item) { return item.kind == node_kind::map; });
  std::size_t number = 0;
  for (const auto& entry : n.entries)
    collect_leaves(entry.value, below(entry.key), all);
  if (is_list_of_maps)
    for (const auto& item : n.items)
      collect_leaves(item, below(std::to_string(number++)), all);
  else if (n.kind == node_kind::list)
    all[path] = one_line(n);
  else if (n.kind == node_kind::scalar)
    all[path] = n.text;
}

} // namespace

std::map<std::string, std::string> leaves(const node& root) {
  std::map<std::string, std::string> all;
  collect_leaves(root, {}, all);
  return all;
}

std::string to_yaml(const node& root) {
  YAML::Emitter out;
  emit(out, root);
  return std::string(out.c_str()) + "\n";
}

} // namespace tilework::config
