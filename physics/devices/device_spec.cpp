// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/devices/constant_step.h>
#include <tilework/physics/devices/device_spec.h>

namespace tilework::physics {

device_spec::device_spec() : device_spec(constant_step{}) {
}

} // namespace tilework::physics
