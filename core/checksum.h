// SPDX-License-Identifier: Apache-2.0
/// \file The checksum of files and of final weights.
#pragma once

#include <boost/crc.hpp>

#include <cstdint>
#include <string_view>

namespace tilework {

/// CRC-64 of ECMA-182.
using crc64 = boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0, 0, false, false>;

inline std::uint64_t checksum_of(std::string_view bytes) {
  crc64 crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

} // namespace tilework
