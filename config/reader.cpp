// SPDX-License-Identifier: Apache-2.0
#include <tilework/config/extend.h>
#include <tilework/config/reader.h>
#include <tilework/core/nearest_name.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace tilework::config {
namespace {

/// "a number from 0 to 1", "an integer of at least 1", "a number greater than 0".
std::string expected_text(std::string_view noun, const field& limits, const auto& print) {
  std::string text{noun};
  const bool below = std::isfinite(limits.maximum);
  if (!std::isfinite(limits.minimum))
    return below ? text + " of at most " + print(limits.maximum) : text;
  if (limits.open_minimum)
    text += " greater than " + print(limits.minimum);
  if (limits.open_minimum)
    return below ? text + " and at most " + print(limits.maximum) : text;
  if (below)
    return text + " from " + print(limits.minimum) + " to " + print(limits.maximum);
  return text + " of at least " + print(limits.minimum);
}

bool within(double value, const field& limits) {
  return (limits.open_minimum ? value > limits.minimum : value >= limits.minimum) && value <= limits.maximum;
}

std::string print_number(double value) {
  return fmt::format("{}", value);
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  if constexpr (std::is_floating_point_v<T>) {
    if (text == ".inf" || text == "+.inf")
      return std::numeric_limits<T>::infinity();
    if (text == "-.inf")
      return -std::numeric_limits<T>::infinity();
  }
  if (text.starts_with('+'))
    text.remove_prefix(1);
  T value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size())
    return std::nullopt;
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(value))
      return std::nullopt;
  return value;
}

template <plain_scalar T>
std::string expected_scalar(field limits) {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "a word";
  } else if constexpr (std::is_integral_v<T>) {
    limits.minimum = std::max(limits.minimum, static_cast<double>(std::numeric_limits<T>::min()));
    if (sizeof(T) < sizeof(std::int64_t)) // the widest limits are too long to help anybody
      limits.maximum = std::min(limits.maximum, static_cast<double>(std::numeric_limits<T>::max()));
    return expected_text("an integer", limits, print_number);
  } else {
    return expected_text("a number", limits, print_number);
  }
}

template <plain_scalar T>
std::optional<T> parse_scalar(const std::string& text, const field& limits) {
  if constexpr (std::is_same_v<T, std::string>) {
    return text;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text == "true")
      return true;
    if (text == "false")
      return false;
    return std::nullopt;
  } else {
    const auto value = parse_number<T>(text);
    return value && within(static_cast<double>(*value), limits) ? value : std::nullopt;
  }
}

/// Text that parse_scalar() turns into exactly this value.
template <plain_scalar T>
std::string print_scalar(const T& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  if constexpr (std::is_floating_point_v<T>)
    if (std::isinf(value))
      return value > 0 ? ".inf" : "-.inf";
  return fmt::format("{}", value);
}

std::string_view word_for(node_kind kind) {
  constexpr std::array<std::string_view, 4> words{"nothing", "a single value", "a list", "a map"};
  return words.at(static_cast<std::size_t>(kind));
}

} // namespace

reader::reader(const document& doc) : reader(doc.state_, &doc.state_->given, &doc.state_->resolved, "") {
}

reader::reader(std::shared_ptr<document::state> state, node* given, node* resolved, std::string path)
    : state_(std::move(state)), given_(given), resolved_(resolved), path_(std::move(path)) {
  resolved_->kind = node_kind::map;
  if (given_ != nullptr)
    state_->asked.try_emplace(given_);
}

node_kind reader::kind(std::string_view key) const {
  state_->asked_paths.insert(path_of(key));
  const auto* n = given_ == nullptr ? nullptr : given_->find(key);
  return n == nullptr ? node_kind::absent : n->kind;
}

std::vector<std::string> reader::keys() const {
  std::vector<std::string> result;
  if (given_ == nullptr)
    return result;
  for (const auto& entry : given_->entries)
    if (entry.value.kind != node_kind::absent)
      result.push_back(entry.key);
  return result;
}

std::string reader::where(std::string_view key) const {
  if (given_ == nullptr)
    return state_->given.where;
  const auto* n = given_->find(key);
  return n == nullptr ? given_->where : n->where;
}

std::string reader::path_of(std::string_view key) const {
  if (key.empty())
    return path_;
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

input_error reader::error(std::string_view key, std::string_view message) const {
  const auto path = path_of(key);
  return input_error(path.empty() ? fmt::format("{}: {}", where(key), message)
                                  : fmt::format("{}: {}: {}", where(key), path, message));
}

input_error reader::error_at(const node& n, std::string_view key, std::string_view message) const {
  return input_error(fmt::format("{}: {}: {}", n.where, path_of(key), message));
}

input_error reader::missing(std::string_view key) {
  return input_error(fmt::format("{}: {} is missing", where(), path_of(key)));
}

node* reader::ask(std::string_view key) {
  state_->asked_paths.insert(path_of(key));
  if (given_ == nullptr)
    return nullptr;
  auto& known = state_->asked[given_];
  if (std::ranges::find(known, key) == known.end())
    known.emplace_back(key);
  return given_->find(key);
}

const node* reader::ask_scalar(std::string_view key, std::string_view expected) {
  const auto* n = ask(key);
  if (n != nullptr && n->kind != node_kind::scalar)
    throw error_at(*n, key, fmt::format("expected {}, got {}", expected, word_for(n->kind)));
  return n;
}

void reader::record_text(std::string_view key, std::string text) {
  auto& n = resolved_->at_or_new(key);
  n.kind = node_kind::scalar;
  n.text = std::move(text);
}

void reader::record_texts(std::string_view key, const std::vector<std::string>& texts) {
  auto& n = resolved_->at_or_new(key);
  n.kind = node_kind::list;
  n.items.clear();
  for (const auto& text : texts)
    n.items.push_back({.kind = node_kind::scalar, .text = text});
}

template <plain_scalar T>
void reader::record_default(std::string_view key, const T& value) {
  record_text(key, print_scalar(value));
}

template <plain_scalar T>
std::optional<T> reader::peek(std::string_view key, const field& limits) {
  const auto expected = expected_scalar<T>(limits);
  const auto* n = ask_scalar(key, expected);
  if (n == nullptr)
    return std::nullopt;
  auto value = parse_scalar<T>(n->text, limits);
  if (!value)
    throw error_at(*n, key, fmt::format("expected {}, got '{}'", expected, n->text));
  return value;
}

template <plain_scalar T>
std::optional<T> reader::find(std::string_view key, const field& limits) {
  auto value = peek<T>(key, limits);
  if (value)
    record_text(key, print_scalar(*value));
  return value;
}

template <plain_scalar T>
std::vector<T> reader::get_list(std::string_view key, const std::vector<T>& default_value, const field& limits) {
  const auto* n = ask(key);
  std::vector<T> values;
  if (n == nullptr)
    values = default_value;
  const auto expected = "a list, each " + expected_scalar<T>(limits);
  if (n != nullptr && n->kind != node_kind::list)
    throw error_at(*n, key, fmt::format("expected {}, got {}", expected, word_for(n->kind)));
  if (n != nullptr)
    for (const auto& item : n->items) {
      const auto value = item.kind == node_kind::scalar ? parse_scalar<T>(item.text, limits) : std::nullopt;
      if (!value)
        throw error_at(item, key, fmt::format("expected {}, got '{}'", expected, item.text));
      values.push_back(*value);
    }
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const auto& value : values)
    texts.push_back(print_scalar<T>(value));
  record_texts(key, texts);
  return values;
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): instantiates templates
#define TILEWORK_SCALAR(T)                                                                                             \
  template std::optional<T> reader::peek<T>(std::string_view, const field&);                                           \
  template std::optional<T> reader::find<T>(std::string_view, const field&);                                           \
  template std::vector<T> reader::get_list<T>(std::string_view, const std::vector<T>&, const field&);                  \
  template void reader::record_default<T>(std::string_view, const T&);
TILEWORK_SCALAR(bool)
TILEWORK_SCALAR(std::int8_t)
TILEWORK_SCALAR(std::uint8_t)
TILEWORK_SCALAR(std::int16_t)
TILEWORK_SCALAR(std::uint16_t)
TILEWORK_SCALAR(std::int32_t)
TILEWORK_SCALAR(std::uint32_t)
TILEWORK_SCALAR(std::int64_t)
TILEWORK_SCALAR(std::uint64_t)
TILEWORK_SCALAR(float)
TILEWORK_SCALAR(double)
TILEWORK_SCALAR(std::string)
#undef TILEWORK_SCALAR

std::optional<std::size_t> reader::find_name(std::string_view key, std::span<const std::string_view> names) {
  const auto* n = ask_scalar(key, fmt::format("one of {}", fmt::join(names, ", ")));
  if (n == nullptr)
    return std::nullopt;
  const auto found = std::ranges::find(names, n->text);
  if (found == names.end())
    throw error_at(*n, key, fmt::format("unknown value '{}'; {}", n->text, suggestion(n->text, names)));
  record_text(key, n->text);
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<double> reader::find_quantity(std::string_view key, dimension d, const field& limits) {
  const auto* n = ask_scalar(key, "a number with a unit");
  if (n == nullptr)
    return std::nullopt;
  double si = 0;
  try {
    si = parse_quantity(n->text, d);
  } catch (const input_error& e) {
    throw error_at(*n, key, e.what());
  }
  if (!within(si, limits)) {
    const auto print = [d](double value) { return exact_quantity(value, d); };
    throw error_at(*n, key, fmt::format("expected {}, got '{}'", expected_text("a value", limits, print), n->text));
  }
  record_text(key, exact_quantity(si, d));
  return si;
}

double reader::quantity(std::string_view key, dimension d, double default_si, const field& limits) {
  if (const auto found = find_quantity(key, d, limits))
    return *found;
  record_text(key, exact_quantity(default_si, d));
  return default_si;
}

double reader::require_quantity(std::string_view key, dimension d, const field& limits) {
  if (const auto found = find_quantity(key, d, limits))
    return *found;
  throw missing(key);
}

amount reader::get_amount(std::string_view key, const std::vector<std::string>& units, const amount& default_value,
                          const field& limits) {
  const auto expected =
      fmt::format("{} and one of {}", expected_text("an integer", limits, print_number), fmt::join(units, ", "));
  const auto* n = ask_scalar(key, expected);
  amount result = default_value;
  if (n != nullptr) {
    const auto space = std::min(n->text.find(' '), n->text.size());
    const auto count = parse_scalar<std::uint64_t>(n->text.substr(0, space), limits);
    const auto unit = n->text.substr(std::min(space + 1, n->text.size()));
    const auto known = std::ranges::find_if(
        units, [&](const auto& u) { return unit == u || unit == u + "s" || (u.ends_with("ch") && unit == u + "es"); });
    if (!count || known == units.end())
      throw error_at(*n, key, fmt::format("expected {}, got '{}'", expected, n->text));
    result = {*count, *known};
  }
  record_text(key, fmt::format("{} {}", result.count, result.unit));
  return result;
}

std::optional<std::filesystem::path> reader::peek_file(std::string_view key) {
  const auto* n = ask_scalar(key, "the name of a file");
  if (n == nullptr)
    return std::nullopt;
  return std::filesystem::absolute(n->folder / n->text).lexically_normal();
}

std::optional<std::filesystem::path> reader::find_file(std::string_view key) {
  const auto file = peek_file(key);
  if (file)
    record_text(key, file->string());
  return file;
}

std::vector<std::filesystem::path> reader::get_files(std::string_view key) {
  std::vector<std::filesystem::path> files;
  if (kind(key) == node_kind::scalar) {
    files.push_back(find_file(key).value());
  } else {
    get_list<std::string>(key, {});
    if (const auto* n = ask(key))
      for (const auto& item : n->items)
        files.push_back(std::filesystem::absolute(item.folder / item.text).lexically_normal());
  }
  std::vector<std::string> texts;
  texts.reserve(files.size());
  for (const auto& file : files)
    texts.push_back(file.string());
  record_texts(key, texts);
  return files;
}

namespace {

/// "value" becomes "{shorthand: value}".
void expand(node& n, std::string_view shorthand) {
  if (shorthand.empty() || n.kind != node_kind::scalar)
    return;
  node value = n;
  n.kind = node_kind::map;
  n.text.clear();
  n.entries.push_back({std::string(shorthand), value.where, std::move(value)});
}

} // namespace

reader reader::child(std::string_view key, std::string_view shorthand) {
  auto* n = ask(key);
  if (n != nullptr)
    expand(*n, shorthand);
  if (n != nullptr && n->kind != node_kind::map)
    throw error_at(*n, key, fmt::format("expected a map of keys and values, got {}", word_for(n->kind)));
  return {state_, n, &resolved_->at_or_new(key), path_of(key)};
}

void reader::extend(std::span<const embedded_text> presets) {
  if (given_ != nullptr)
    config::extend(*given_, presets);
}

std::vector<reader> reader::children(std::string_view key, std::string_view shorthand) {
  auto* n = ask(key);
  if (n != nullptr && n->kind != node_kind::list)
    throw error_at(*n, key, fmt::format("expected a list of maps, got {}", word_for(n->kind)));
  auto& resolved = resolved_->at_or_new(key);
  resolved.kind = node_kind::list;
  std::vector<reader> result;
  if (n == nullptr)
    return result;
  resolved.items.resize(n->items.size());
  auto target = resolved.items.begin();
  for (auto& item : n->items) {
    expand(item, shorthand);
    if (item.kind != node_kind::map)
      throw error_at(item, key, fmt::format("expected a list of maps, got {} in it", word_for(item.kind)));
    result.push_back({state_, &item, &*target++, fmt::format("{}.{}", path_of(key), result.size())});
  }
  return result;
}

void reader::exclusive(std::string_view a, std::string_view b) const {
  if (!has(a) || !has(b))
    return;
  throw error(b, fmt::format("two values for one quantity: '{}' is already given as '{}' at {}; leave one of them out",
                             b, a, where(a)));
}

namespace {

using asked_keys = std::map<const node*, std::vector<std::string>>;

void reject_unknown(const node& n, const std::string& path, const asked_keys& asked) {
  const auto join = [&](std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  };
  if (n.kind == node_kind::list) {
    std::size_t index = 0;
    for (const auto& item : n.items)
      reject_unknown(item, join(std::to_string(index++)), asked);
    return;
  }
  const auto known = asked.find(&n);
  if (known == asked.end())
    return; // a value that was read as a whole
  for (const auto& entry : n.entries) {
    if (std::ranges::find(known->second, entry.key) == known->second.end())
      throw input_error(fmt::format("{}: unknown key '{}' {}; {}", entry.where, entry.key,
                                    path.empty() ? "at top level" : "in " + path,
                                    suggestion(entry.key, known->second)));
    reject_unknown(entry.value, join(entry.key), asked);
  }
}

} // namespace

void reader::finish() const {
  if (given_ != nullptr)
    reject_unknown(*given_, path_, state_->asked);
}

} // namespace tilework::config
