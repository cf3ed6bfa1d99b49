// SPDX-License-Identifier: Apache-2.0
/// \file The checksum of checkpoints and of final weights.
#pragma once

#include <boost/crc.hpp>

namespace tilework::cli {

/// CRC-64 of ECMA-182.
using crc64 = boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0, 0, false, false>;

} // namespace tilework::cli
