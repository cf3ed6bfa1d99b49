// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/interconnect.h>
#include <tilework/tlm/tile_extension.h>

#include <string>

namespace tilework::hardware {

interconnect::interconnect(const sc_core::sc_module_name& name, std::uint32_t ways) : sc_module(name) {
  for (std::uint32_t way = 0; way < ways; ++way) {
    const auto tag = static_cast<int>(way);
    auto& in = *upstream_.emplace_back(
        std::make_unique<transaction::target_socket_tagged<interconnect>>(("upstream" + std::to_string(way)).c_str()));
    in.register_b_transport(this, &interconnect::b_transport, tag);
    in.register_nb_transport_fw(this, &interconnect::nb_transport_fw, tag);
    in.register_transport_dbg(this, &interconnect::transport_dbg, tag);
    auto& out = *downstream_.emplace_back(std::make_unique<transaction::initiator_socket_tagged<interconnect>>(
        ("downstream" + std::to_string(way)).c_str()));
    out.register_nb_transport_bw(this, &interconnect::nb_transport_bw, tag);
  }
}

packet interconnect::request_packet(const transaction::tile_request& request, std::uint64_t bytes) {
  packet p{request.source, request.destination, bytes, request.op->phase, request.multicast};
  if (request.multicast != 0)
    p.group = request.group;
  return p;
}

packet interconnect::response_packet(const transaction::tile_request& request) {
  packet p{request.destination, request.source, request.response_bytes, request.op->phase};
  p.response = true;
  if (request.reduction != 0) {
    p.reduction = request.reduction;
    p.members = request.members;
    p.elements = static_cast<std::uint32_t>(request.out[0].elements());
    p.group = request.group;
  }
  return p;
}

} // namespace tilework::hardware
