// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/network.h>
#include <tilework/tlm/tile_extension.h>

#include <string>

namespace tilework::hardware {

network::network(const sc_core::sc_module_name& name, std::unique_ptr<fabric> carrier, transaction::timeline& time,
                 std::uint32_t ways)
    : sc_module(name), carrier_(std::move(carrier)), time_(time) {
  for (std::uint32_t way = 0; way < ways; ++way) {
    const auto tag = static_cast<int>(way);
    auto& up = *upstream_.emplace_back(
        std::make_unique<transaction::target_socket_tagged<network>>(("upstream" + std::to_string(way)).c_str()));
    up.register_b_transport(this, &network::b_transport, tag);
    up.register_nb_transport_fw(this, &network::nb_transport_fw, tag);
    up.register_transport_dbg(this, &network::transport_dbg, tag);
    auto& down = *downstream_.emplace_back(
        std::make_unique<transaction::initiator_socket_tagged<network>>(("downstream" + std::to_string(way)).c_str()));
    down.register_nb_transport_bw(this, &network::nb_transport_bw, tag);
  }
  time_.on_drain([this] { carrier_->drain(); });
}

void network::carry(const packet& p, sc_core::sc_time& delay) {
  const auto departure = time_.now(delay);
  delay += transaction::to_sc_time(carrier_->transfer(p, departure) - departure);
}

void network::carry_request(const transaction::tile_request& request, std::uint64_t bytes, sc_core::sc_time& delay) {
  carry({request.source, request.destination, bytes, request.op->phase, request.multicast}, delay);
}

void network::carry_response(const transaction::tile_request& request, sc_core::sc_time& delay) {
  packet p{request.destination, request.source, request.response_bytes, request.op->phase};
  if (request.reduction != 0) {
    p.reduction = request.reduction;
    p.members = request.members;
    p.elements = static_cast<std::uint32_t>(request.out[0].elements());
  }
  carry(p, delay);
}

void network::b_transport(int way, ::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto& request = transaction::tile_request::of(payload);
  carry_request(request, payload.get_data_length(), delay);
  (*downstream_[static_cast<std::size_t>(way)])->b_transport(payload, delay);
  carry_response(request, delay);
}

::tlm::tlm_sync_enum network::nb_transport_fw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                              sc_core::sc_time& delay) {
  if (p == ::tlm::BEGIN_REQ)
    carry_request(transaction::tile_request::of(payload), payload.get_data_length(), delay);
  const auto answer = (*downstream_[static_cast<std::size_t>(way)])->nb_transport_fw(payload, p, delay);
  const bool response_came_early =
      answer == ::tlm::TLM_COMPLETED || (answer == ::tlm::TLM_UPDATED && p == ::tlm::BEGIN_RESP);
  if (response_came_early && p != ::tlm::END_RESP)
    carry_response(transaction::tile_request::of(payload), delay);
  return answer;
}

::tlm::tlm_sync_enum network::nb_transport_bw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                              sc_core::sc_time& delay) {
  auto& up = *upstream_[static_cast<std::size_t>(way)];
  if (p != ::tlm::BEGIN_RESP)
    return up->nb_transport_bw(payload, p, delay);
  const auto sent = delay;
  carry_response(transaction::tile_request::of(payload), delay);
  const auto answer = up->nb_transport_bw(payload, p, delay);
  if (answer == ::tlm::TLM_COMPLETED)
    delay = sent; // the packet is the network's: the target may send the next one
  return answer;
}

unsigned network::transport_dbg(int way, ::tlm::tlm_generic_payload& payload) {
  return (*downstream_[static_cast<std::size_t>(way)])->transport_dbg(payload);
}

} // namespace tilework::hardware
