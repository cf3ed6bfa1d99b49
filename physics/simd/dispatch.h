// SPDX-License-Identifier: Apache-2.0
/// \file Which version of a kernel runs. Kernels are compiled once per instruction set by Google Highway; all versions
/// give the same bits, because they round after every operation and keep one order of operations and of random numbers.
#pragma once

#include <tilework/physics/crossbar/product_kernels.h>

#include <cstddef>

namespace tilework::physics {

/// Place in Highway's dispatch tables of the best version that `isa` allows and that this processor executes.
std::size_t dispatch_index(instruction_set isa);

} // namespace tilework::physics
