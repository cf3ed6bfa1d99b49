// SPDX-License-Identifier: Apache-2.0
/// \file Reads a struct that describes its own members: T::fields(visitor) calls visitor(name, member pointer, field).
#pragma once

#include <tilework/config/reader.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace tilework::config {

template <typename M>
inline constexpr bool is_list = false;
template <typename E>
inline constexpr bool is_list<std::vector<E>> = true;

/// A struct that describes its members itself.
template <typename T>
concept has_fields = requires {
  T::fields([](std::string_view, auto, const field&) {});
};

/// Reads no field in a way of its own.
struct nothing_special {};

template <typename T, typename Special = nothing_special>
T read_fields(reader& r, T defaults, std::initializer_list<std::string_view> except = {}, const Special& special = {});

/// Value of one field, by default `value`. A number whose field has a unit that dimension_of() knows is written with
/// its unit ("5 ns"), any other as a plain number; a value that has fields itself is a map. \param special
/// special(reader, name, value) reads the types that it takes
template <typename M, typename Special = nothing_special>
void read_field(reader& r, std::string_view name, M& value, const field& meta, const Special& special = {}) {
  if constexpr (std::floating_point<M>)
    if (const auto d = dimension_of(meta.unit)) {
      value = static_cast<M>(r.quantity(name, *d, static_cast<double>(value), meta));
      return;
    }
  if constexpr (std::invocable<const Special&, reader&, std::string_view, M&>) {
    special(r, name, value);
  } else if constexpr (has_fields<M>) {
    auto child = r.child(name);
    value = read_fields(child, value, {}, special);
  } else if constexpr (is_list<M>)
    value = r.get_list(name, value, meta);
  else
    value = r.get(name, value, meta);
}

/// Values of all fields of T, by default those of `defaults`. \param except fields that follow from something else:
/// neither read nor recorded \param special as for read_field()
template <typename T, typename Special>
T read_fields(reader& r, T defaults, std::initializer_list<std::string_view> except, const Special& special) {
  T::fields([&]<typename M>(std::string_view name, M T::*member, const field& meta) {
    if (std::find(except.begin(), except.end(), name) == except.end())
      read_field(r, name, defaults.*member, meta, special);
  });
  return defaults;
}

} // namespace tilework::config
