// SPDX-License-Identifier: Apache-2.0
#include <tilework/modules/interconnect/network.h>
#include <tilework/tlm/tile_extension.h>

namespace tilework::hardware {

network::network(const sc_core::sc_module_name& name, std::unique_ptr<fabric> carrier, transaction::timeline& time,
                 std::uint32_t ways)
    : interconnect(name, ways), carrier_(std::move(carrier)), time_(time) {
  time_.on_drain([this] { carrier_->drain(); });
}

void network::carry(const packet& p, sc_core::sc_time& delay) {
  const auto departure = time_.now(delay);
  delay += transaction::to_sc_time(carrier_->transfer(p, departure) - departure);
}

void network::b_transport(int way, ::tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto& request = transaction::tile_request::of(payload);
  carry(request_packet(request, payload.get_data_length()), delay);
  down(way)->b_transport(payload, delay);
  carry(response_packet(request), delay);
}

::tlm::tlm_sync_enum network::nb_transport_fw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                              sc_core::sc_time& delay) {
  if (p == ::tlm::BEGIN_REQ)
    carry(request_packet(transaction::tile_request::of(payload), payload.get_data_length()), delay);
  const auto answer = down(way)->nb_transport_fw(payload, p, delay);
  const bool response_came_early =
      answer == ::tlm::TLM_COMPLETED || (answer == ::tlm::TLM_UPDATED && p == ::tlm::BEGIN_RESP);
  if (response_came_early && p != ::tlm::END_RESP)
    carry(response_packet(transaction::tile_request::of(payload)), delay);
  return answer;
}

::tlm::tlm_sync_enum network::nb_transport_bw(int way, ::tlm::tlm_generic_payload& payload, ::tlm::tlm_phase& p,
                                              sc_core::sc_time& delay) {
  if (p != ::tlm::BEGIN_RESP)
    return up(way)->nb_transport_bw(payload, p, delay);
  const auto sent = delay;
  carry(response_packet(transaction::tile_request::of(payload)), delay);
  const auto answer = up(way)->nb_transport_bw(payload, p, delay);
  if (answer == ::tlm::TLM_COMPLETED)
    delay = sent; // the packet is the network's: the target may send the next one
  return answer;
}

} // namespace tilework::hardware
