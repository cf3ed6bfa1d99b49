// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/booking_log.h>

namespace tilework {

std::string_view name_of(resource_kind kind) {
  static constexpr std::array<std::string_view, resource_kind_count> names{"array",   "adc",    "digital", "transfer",
                                                                           "network", "buffer", "memory",  "input"};
  return names.at(static_cast<std::size_t>(kind));
}

} // namespace tilework
