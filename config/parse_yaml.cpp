// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/parse_yaml.h>
#include <tilework/core/error.h>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace tilework::config {
namespace {

using place_of = std::function<std::string(const YAML::Mark&)>;

/// Whether the quoted text that begins at `first` has an end; the parser accepts a missing one in some places.
bool quote_closes(std::string_view text, std::size_t first) {
  const char quote = text[first];
  for (std::size_t i = first + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote)
        return true;
      ++i; // a doubled single quote stands for one
    }
  }
  return false;
}

/// Whether the line that a mark is on is indented with a tab, which the parser reports as something else.
bool indented_with_tab(std::string_view text, const YAML::Mark& mark) {
  const auto at = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text.size());
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const auto line = text.substr(before == std::string_view::npos ? 0 : before + 1);
  const auto first = line.find_first_not_of(" \t\r");
  return line.substr(0, first).find('\t') != std::string_view::npos;
}

class tree_builder : public YAML::EventHandler {
public:
  tree_builder(std::string_view text, place_of place, std::filesystem::path folder)
      : text_(text), place_(std::move(place)), folder_(std::move(folder)) {}

  node root;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true))
      throw input_error(place_(mark) + ": only one YAML document per file is allowed");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, node_kind::absent); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { throw anchors_not_allowed(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                const std::string& value) override {
    const auto first = static_cast<std::size_t>(std::max(mark.pos, 0));
    const bool quoted = first < text_.size() && (text_[first] == '"' || text_[first] == '\'');
    if (quoted && !quote_closes(text_, first))
      throw input_error(place_(mark) + ": this quote is never closed");
    if (expects_key()) {
      add_key(mark, value);
      return;
    }
    if (auto* n = add(mark, anchor, node_kind::scalar))
      n->text = value;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({add(mark, anchor, node_kind::list), nullptr});
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({add(mark, anchor, node_kind::map), nullptr});
  }
  void OnMapEnd() override { open_.pop_back(); }

private:
  struct open_node {
    node* container;
    node* value; ///< in a map: the value that the last key waits for
  };

  [[nodiscard]] input_error anchors_not_allowed(const YAML::Mark& mark) const {
    return input_error(place_(mark) + ": YAML anchors and aliases are not supported, use 'extends: FILE'");
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().container->kind == node_kind::map && open_.back().value == nullptr;
  }

  void add_key(const YAML::Mark& mark, const std::string& key) {
    auto& entries = open_.back().container->entries;
    const auto first = std::ranges::find(entries, key, &map_entry::key);
    if (first != entries.end())
      throw input_error(fmt::format("{}: duplicate key '{}', first given at {}", place_(mark), key, first->where));
    entries.push_back({key, place_(mark), {}});
    open_.back().value = &entries.back().value;
  }

  node* add(const YAML::Mark& mark, YAML::anchor_t anchor, node_kind kind) {
    if (anchor != 0)
      throw anchors_not_allowed(mark);
    if (expects_key())
      throw input_error(place_(mark) + ": a key must be a plain word");
    node* n = &root;
    if (!open_.empty()) {
      auto& parent = open_.back();
      n = parent.container->kind == node_kind::map ? std::exchange(parent.value, nullptr)
                                                   : &parent.container->items.emplace_back();
    }
    n->kind = kind;
    n->where = place_(mark);
    n->folder = folder_;
    return n;
  }

  std::string_view text_;
  place_of place_;
  std::filesystem::path folder_;
  std::vector<open_node> open_;
  bool started_ = false;
};

node parse(const std::string& text, const place_of& place, const std::filesystem::path& folder) {
  std::istringstream stream(text);
  tree_builder builder(text, place, folder);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    const bool open_quote = e.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
    const std::string message = open_quote                        ? "a quote is never closed"
                                : indented_with_tab(text, e.mark) ? "this line is indented with a tab, expected spaces"
                                                                  : e.msg;
    throw input_error(fmt::format("{}: {}", place(e.mark), message));
  }
  return std::move(builder.root);
}

} // namespace

node parse_yaml(const std::string& text, const std::string& name, const std::filesystem::path& folder) {
  return parse(
      text, [&](const YAML::Mark& mark) { return fmt::format("{}:{}:{}", name, mark.line + 1, mark.column + 1); },
      folder);
}

node parse_yaml_value(const std::string& text, const std::string& where) {
  return parse(text, [&](const YAML::Mark& /*mark*/) { return where; }, {});
}

} // namespace tilework::config
