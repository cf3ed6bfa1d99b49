// SPDX-License-Identifier: Apache-2.0
/// \file Machine files.
#pragma once

#include <tilework/config/reader.h>
#include <tilework/platforms/machine_configuration.h>

namespace tilework::platform {

/// Reads every key of a machine file but `technology`; published figures are checked only, see published.h.
/// \throws input_error with the place of what is wrong
machine_configuration read_machine(config::reader& r);

} // namespace tilework::platform
