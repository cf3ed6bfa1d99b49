// SPDX-License-Identifier: Apache-2.0
#include <tilework/physics/crossbar/product_kernels_body.h>

namespace tilework::physics {

const product_kernels& kernels_x86_64_v4();
const product_kernels& kernels_x86_64_v4() {
  return all_kernels;
}

} // namespace tilework::physics
