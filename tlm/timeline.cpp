// SPDX-License-Identifier: Apache-2.0
#include <tilework/tlm/timeline.h>

namespace tilework::transaction {

void timeline::drain(femtoseconds length) {
  origin_ += length;
  for (auto& callback : callbacks_)
    callback();
}

} // namespace tilework::transaction
