// SPDX-License-Identifier: Apache-2.0
/// \file Bookings as a Chrome/Perfetto trace.
#pragma once

#include <tilework/core/step_timing.h>

#include <span>
#include <string>

namespace tilework::report {

/// Steps in Chrome's JSON format: one track per unit that was booked, in one group per kind of unit; a slice per
/// booking, with the operation as its name and exact times in its arguments; a flow arrow along every edge of the step
/// program between operations that have slices. Times run on over the steps. Open it in ui.perfetto.dev.
/// \param resources of the machine
std::string trace_json(std::span<const recorded_step> steps, std::span<const resource> resources);

} // namespace tilework::report
