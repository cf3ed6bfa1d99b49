// SPDX-License-Identifier: Apache-2.0
// Not linked into anything: CTest compiles it once as it is and once with INITIATOR_PROTOCOL set to the base protocol,
// which must fail.
#include "probes.h"

struct foreign_initiator : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<foreign_initiator, tilework::transaction::socket_width, INITIATOR_PROTOCOL> socket;
};

void bind_to_tile(foreign_initiator& initiator, tilework::transaction::four_phase_target& target) {
  initiator.socket.bind(target.socket);
}
