// SPDX-License-Identifier: Apache-2.0
/// \file Typed access to a document: every value is checked, located and recorded.
///
/// Messages read "file:line:column: path: what is wrong, what is allowed". A key that nobody asked for is an error,
/// reported by finish(). All functions throw input_error.
#pragma once

#include <tilework/config/document.h>
#include <tilework/core/embedded_text.h>
#include <tilework/core/error.h>
#include <tilework/core/field.h>
#include <tilework/core/units.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tilework::config {

/// An enum whose spellings names_of(E{}) lists: a range of pair<string_view, E>, found by argument-dependent lookup.
template <typename E>
concept named_enum = std::is_enum_v<E> && requires(E e) {
  names_of(e);
};

/// bool, (unsigned) integers of 8 to 64 bits, float, double, std::string.
template <typename T>
concept plain_scalar =
    std::same_as<T, bool> || std::integral<T> || std::floating_point<T> || std::same_as<T, std::string>;

/// "10 epochs": a count of something.
struct amount {
  std::uint64_t count = 0;
  std::string unit;
  friend bool operator==(const amount&, const amount&) = default;
};

/// View of one map. Cheap to copy; readers of the same map share what was asked.
class reader {
public:
  explicit reader(const document& doc);

  [[nodiscard]] node_kind kind(std::string_view key) const; ///< absent also if the value is null
  [[nodiscard]] bool has(std::string_view key) const { return kind(key) != node_kind::absent; }
  [[nodiscard]] std::vector<std::string> keys() const;
  /// Dotted path of this map, empty at top level.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// "file:line:column" of a key, or of this map if the key is not there.
  [[nodiscard]] std::string where(std::string_view key = {}) const;
  /// An error located at a key: throw r.error("bits", "expected ...").
  [[nodiscard]] input_error error(std::string_view key, std::string_view message) const;

  /// The value, if the key is there. \param limits range of a number.
  template <plain_scalar T>
  std::optional<T> find(std::string_view key, const field& limits = {});
  template <named_enum E>
  std::optional<E> find(std::string_view key, const field& /*limits*/ = {}) {
    const auto names = names_of(E{});
    std::vector<std::string_view> spellings;
    for (const auto& [name, value] : names)
      spellings.push_back(name);
    const auto chosen = find_name(key, spellings);
    if (!chosen)
      return std::nullopt;
    return std::data(names)[*chosen].second;
  }
  /// The same for a value that something else replaces: not part of the resolved configuration.
  template <plain_scalar T>
  std::optional<T> peek(std::string_view key, const field& limits = {});
  /// The value, or the default.
  template <typename T>
  T get(std::string_view key, T default_value, const field& limits = {}) {
    if (auto found = find<T>(key, limits))
      return *found;
    record_default(key, default_value);
    return default_value;
  }
  std::string get(std::string_view key, const char* default_value) { return get(key, std::string(default_value)); }
  /// The value, which must be there.
  template <typename T>
  T require(std::string_view key, const field& limits = {}) {
    if (auto found = find<T>(key, limits))
      return *std::move(found);
    throw missing(key);
  }

  /// Numbers with a unit, in SI units here, in the user's units in files. \param limits in SI units.
  std::optional<double> find_quantity(std::string_view key, dimension d, const field& limits = {});
  double quantity(std::string_view key, dimension d, double default_si, const field& limits = {});
  double require_quantity(std::string_view key, dimension d, const field& limits = {});

  /// "5 epochs": a count and one of `units`, singular or with a plural s. The result has the singular.
  amount get_amount(std::string_view key, const std::vector<std::string>& units, const amount& default_value,
                    const field& limits = {.minimum = 1});

  /// "[784, 256]". \param limits range of every number.
  template <plain_scalar T>
  std::vector<T> get_list(std::string_view key, const std::vector<T>& default_value, const field& limits = {});

  /// Path of a file, relative to the file (or, from --set, to the current folder) that names it; made absolute.
  std::optional<std::filesystem::path> find_file(std::string_view key);
  /// The same for a file that something else replaces: not part of the resolved configuration.
  std::optional<std::filesystem::path> peek_file(std::string_view key);
  /// One file or a list of files.
  std::vector<std::filesystem::path> get_files(std::string_view key);

  /// The map under a key; empty, hence all defaults, if the key is not there.
  /// \param shorthand "key: value" stands for "key: {shorthand: value}"; empty: only maps are allowed
  reader child(std::string_view key, std::string_view shorthand = {});
  /// Builds this map on a preset or file that it names, see extend.h. Before anything in it is read.
  void extend(std::span<const embedded_text> presets);
  /// A list of maps; empty if the key is not there. \param shorthand as for child(), for every element
  std::vector<reader> children(std::string_view key, std::string_view shorthand = {});

  /// Rejects two values for one quantity.
  void exclusive(std::string_view a, std::string_view b) const;
  /// Rejects every key, here and in child maps, that was not asked for. Call it when all reading is done.
  void finish() const;

private:
  reader(std::shared_ptr<document::state> state, node* given, node* resolved, std::string path);

  node* ask(std::string_view key);
  const node* ask_scalar(std::string_view key, std::string_view expected);
  std::optional<std::size_t> find_name(std::string_view key, std::span<const std::string_view> names);
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] input_error error_at(const node& n, std::string_view key, std::string_view message) const;
  [[nodiscard]] input_error missing(std::string_view key);
  void record_text(std::string_view key, std::string text);
  void record_texts(std::string_view key, const std::vector<std::string>& texts);
  template <plain_scalar T>
  void record_default(std::string_view key, const T& value);
  template <named_enum E>
  void record_default(std::string_view key, E value) {
    for (const auto& [name, named] : names_of(E{}))
      if (named == value)
        return record_text(key, std::string(name));
  }

  std::shared_ptr<document::state> state_;
  node* given_; ///< nullptr for a map that the user left out
  node* resolved_;
  std::string path_;
};

} // namespace tilework::config
