// SPDX-License-Identifier: Apache-2.0
/// \file Occupancy of every unit as a value change dump, for GTKWave and the like.
#pragma once

#include <tilework/core/step_timing.h>

#include <span>
#include <string>

namespace tilework::report {

/// IEEE 1364 value change dump in femtoseconds of training time. Every unit that was booked has `NAME_busy` (1 bit) and
/// `NAME_queue` (16 bits): requests that wait for it.
/// \param resources of the machine
std::string trace_vcd(std::span<const recorded_step> steps, std::span<const resource> resources);

} // namespace tilework::report
