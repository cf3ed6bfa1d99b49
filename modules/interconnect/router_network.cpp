// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/modules/interconnect/router_network.h>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace tilework::hardware {
namespace {

constexpr std::uint32_t held = std::numeric_limits<std::uint32_t>::max() - 1; // by a node or a station
constexpr unsigned word_bits = 64;

/// Round robin: the place of `number` in an order that begins at `first`.
std::uint64_t turn(std::uint32_t number, std::uint32_t first) {
  constexpr std::uint64_t behind_all = std::uint64_t{1} << 32U;
  return number >= first ? number : number + behind_all;
}

} // namespace

router_network::router_network(const routed_network_configuration& configuration, topology network,
                               component_account& account, component_account* chip_links)
    : configuration_(configuration),
      topology_(std::move(network)),
      counter_(configuration, account, chip_links),
      vcs_(configuration.router.virtual_channels),
      classes_(std::min(2U, vcs_)),
      routers_(topology_.routers),
      nodes_(topology_.nodes),
      buffers_(topology_.channels.size() * vcs_),
      port_of_(topology_.channels.size()),
      holder_(buffers_.size(), none),
      next_vc_(topology_.channels.size()),
      next_head_(topology_.channels.size()),
      next_in_(topology_.channels.size()),
      next_port_(topology_.channels.size()),
      free_at_(topology_.channels.size()),
      best_(topology_.channels.size(), none),
      children_(topology_.routers) {
  for (auto& n : nodes_)
    n.classes.resize(classes_);
  const auto& own = configuration_.router;
  for (std::uint32_t c = 0; c < topology_.channels.size(); ++c) {
    const auto& ch = topology_.channels[c];
    if (ch.what == channel::kind::ejection)
      continue;
    auto& inputs = routers_[ch.to].inputs;
    port_of_[c] = static_cast<std::uint32_t>(inputs.size());
    inputs.push_back(c);
    auto depth = own.buffer_depth;
    if (ch.what == channel::kind::chip_link) {
      const auto round_trip =
          ch.latency_cycles + ch.cycles_per_flit - 1 + configuration_.router_latency_cycles + own.credit_latency_cycles;
      depth = std::max(depth, (round_trip + ch.cycles_per_flit - 1) / ch.cycles_per_flit);
    }
    for (std::uint32_t v = 0; v < vcs_; ++v) {
      auto& b = buffers_[c * vcs_ + v];
      b.first_slot = static_cast<std::uint32_t>(slots_.size());
      b.depth = depth;
      slots_.resize(slots_.size() + depth);
    }
  }
  for (auto& r : routers_) {
    for (std::uint32_t port = 0; port < r.inputs.size(); ++port)
      for (std::uint32_t v = 0; v < vcs_; ++v)
        r.lanes.push_back({r.inputs[port] * vcs_ + v, port, v});
    r.occupied.resize((r.lanes.size() + word_bits - 1) / word_bits);
  }
}

void router_network::drain() {
  flit_network::drain();
  now_ = 0;
  next_ = never;
  if (!std::exchange(used_, false))
    return;
  for (auto& n : nodes_) {
    std::ranges::fill(n.classes, queue{});
    n.next_class = 0;
    n.packets = 0;
  }
  for (auto& b : buffers_) {
    b.front = {};
    b.head = 0;
    b.count = 0;
  }
  std::ranges::fill(slots_, slot{});
  std::ranges::fill(holder_, none);
  for (auto* pointers : {&next_vc_, &next_head_, &next_in_, &next_port_})
    std::ranges::fill(*pointers, 0U);
  std::ranges::fill(free_at_, cycle{0});
  for (auto& r : routers_) {
    r.branches.clear();
    std::ranges::fill(r.occupied, std::uint64_t{0});
    r.flits = 0;
  }
  for (std::uint32_t s = 0; s < stations_.size(); ++s)
    if (stations_[s].branches != 0)
      free_stations_.push_back(s);
  for (auto& s : stations_)
    s.branches = 0;
  free_packets_.clear();
  packets_.clear();
  free_branches_.clear();
  branches_.clear();
  for (auto& sum : reductions_)
    sum.number = 0;
  queued_ = 0;
  buffered_ = 0;
}

std::uint32_t router_network::make_packet(const packet& p, cycle departure) {
  const auto number = take(packets_, free_packets_);
  auto& fresh = packets_[number];
  fresh = {};
  fresh.destination = p.destination;
  fresh.flits = static_cast<std::uint32_t>(configuration_.flits_of(p.bytes));
  const std::uint32_t message_class = p.response && classes_ == 2 ? 1 : 0;
  fresh.first_vc = message_class * vcs_ / classes_;
  fresh.last_vc = (message_class + 1) * vcs_ / classes_;
  fresh.departure = departure;
  fresh.booked_under = p.booked_under;
  return number;
}

void router_network::launch(const packet& p, cycle departure, std::uint64_t ticket) {
  used_ = true;
  if (departure < now_)
    throw run_error("a packet departs at a cycle that has been simulated");
  if (p.reduction != 0) {
    launch_member(p, departure, ticket);
    return;
  }
  const auto number = make_packet(p, departure);
  packets_[number].ticket = ticket;
  if (p.multicast != 0)
    plan_multicast(p, number);
  enqueue(p.source, number);
}

void router_network::enqueue(std::uint32_t node, std::uint32_t number) {
  auto& n = nodes_[node];
  auto& q = n.classes[packets_[number].first_vc == 0 ? 0 : 1];
  auto* place = &q.first;
  auto before = none;
  if (q.last != none && packets_[q.last].departure <= packets_[number].departure) {
    before = q.last;
    place = &packets_[before].behind;
  }
  const bool first_has_begun = q.front.sent > 0;
  while (*place != none &&
         (packets_[*place].departure <= packets_[number].departure || (first_has_begun && *place == q.first))) {
    before = *place;
    place = &packets_[before].behind;
  }
  packets_[number].behind = *place;
  *place = number;
  if (packets_[number].behind == none)
    q.last = number;
  ++n.packets;
  ++queued_;
  next_ = std::min(next_, std::max(now_, packets_[number].departure));
}

void router_network::step() {
  now_ = next_;
  soonest_ = never;
  moved_ = false;
  if (queued_ > 0)
    for (std::uint32_t n = 0; n < nodes_.size(); ++n)
      if (nodes_[n].packets > 0)
        inject(n);
  for (std::uint32_t r = 0; r < routers_.size(); ++r)
    if (routers_[r].flits > 0 || !routers_[r].branches.empty())
      route(r);
  next_ = moved_ ? now_ + 1 : soonest_;
  if (next_ == never && buffered_ > 0)
    throw run_error(deadlock());
  ++now_;
}

void router_network::inject(std::uint32_t n) {
  auto& from = nodes_[n];
  for (std::uint32_t k = 0; k < classes_; ++k) {
    const auto chosen = (from.next_class + k) % classes_;
    if (!inject(n, from.classes[chosen]))
      continue;
    from.next_class = (chosen + 1) % classes_;
    return;
  }
}

bool router_network::inject(std::uint32_t n, queue& q) {
  if (q.first == none)
    return false;
  const auto number = q.first;
  auto& p = packets_[number];
  if (p.departure > now_) {
    wait_until(p.departure);
    return false;
  }
  const auto port = topology_.injection_port(n);
  const bool into_station = ends_at(p, topology_.channels[port]);
  if (q.front.vc == none && !into_station) {
    q.front.vc = free_vc(port, p);
    if (q.front.vc == none)
      return false;
    holder_[port * vcs_ + q.front.vc] = held;
    next_vc_[port] = q.front.vc + 1;
  }
  if (!may_enter(port, q.front.vc, p))
    return false;
  if (q.front.sent == 0 && now_ > p.departure)
    note_delay();
  enter(port, q.front.vc, number, q.front.sent, now_);
  moved_ = true;
  if (++q.front.sent < p.flits)
    return true;
  if (!into_station)
    holder_[port * vcs_ + q.front.vc] = none;
  q.front = {};
  q.first = p.behind;
  if (q.first == none)
    q.last = none;
  --nodes_[n].packets;
  --queued_;
  if (p.reports_departure)
    arrive(p.ticket, now_ + 1);
  return true;
}

void router_network::route(std::uint32_t r) {
  list_candidates(r);
  if (!heads_.empty())
    give_virtual_channels();
  const candidate* favourite = nullptr; // of its port
  for (const auto& c : candidates_) {
    if (c.is_head && (c.at->vc == none || !may_leave(*c.at, packets_[c.packet])))
      continue;
    if (favourite != nullptr && favourite->port != c.port) {
      nominate(*favourite);
      favourite = nullptr;
    }
    const auto first = c.input == none ? 0 : next_in_[c.channel];
    if (favourite == nullptr || turn(c.vc, first) < turn(favourite->vc, first))
      favourite = &c;
  }
  if (favourite != nullptr)
    nominate(*favourite);
  for (const auto exit : taken_) {
    move(candidates_[best_[exit]]);
    best_[exit] = none;
  }
  taken_.clear();
}

/// What is ready and not stopped by what lies ahead.
void router_network::list_candidates(std::uint32_t r) {
  candidates_.clear();
  heads_.clear();
  const auto& here = routers_[r];
  const auto add = [&](candidate c) {
    if (c.ready > now_) {
      wait_until(c.ready);
      return;
    }
    const auto& p = packets_[c.packet];
    c.is_head = c.at->vc == none;
    if (!c.is_head) {
      if (may_leave(*c.at, p))
        candidates_.push_back(c);
      return;
    }
    if (c.at->exit == none)
      c.at->exit = topology_.exit_towards(r, p.destination);
    if (free_vc(c.at->exit, p) == none)
      return;
    heads_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    candidates_.push_back(c);
  };
  if (here.flits > 0)
    for (std::size_t w = 0; w < here.occupied.size(); ++w)
      for (auto bits = here.occupied[w]; bits != 0; bits &= bits - 1) {
        const auto& in = here.lanes[w * word_bits + static_cast<std::size_t>(std::countr_zero(bits))];
        auto& b = buffers_[in.buffer];
        const auto& front = slots_[b.front_slot()];
        add({&b.front, front.packet, in.port, in.vc, here.inputs[in.port], in.buffer, none, front.time});
      }
  auto port = static_cast<std::uint32_t>(here.inputs.size());
  for (const auto number : here.branches) {
    auto& b = branches_[number];
    const auto& s = stations_[b.station];
    if (s.arrived[b.at.sent] == s.children)
      add({&b.at, b.packet, port, 0, none, none, number, s.latest[b.at.sent] + s.latency});
    ++port;
  }
}

bool router_network::may_leave(const lane& at, const moving_packet& p) {
  if (free_at_[at.exit] <= now_)
    return may_enter(at.exit, at.vc, p);
  wait_until(free_at_[at.exit]);
  return false;
}

void router_network::give_virtual_channels() {
  // Few: by exit, then in turn.
  const auto order = [this](std::uint32_t h) {
    const auto& c = candidates_[h];
    return std::tuple{c.at->exit, turn(c.port * vcs_ + c.vc, next_head_[c.at->exit])};
  };
  for (std::size_t i = 1; i < heads_.size(); ++i)
    for (auto j = i; j > 0 && order(heads_[j]) < order(heads_[j - 1]); --j)
      std::swap(heads_[j], heads_[j - 1]);
  for (const auto h : heads_) {
    const auto& c = candidates_[h];
    const auto vc = free_vc(c.at->exit, packets_[c.packet]);
    if (vc == none)
      continue;
    c.at->vc = vc;
    holder_[c.at->exit * vcs_ + vc] = c.input == none ? held : c.input;
    next_vc_[c.at->exit] = vc + 1;
    next_head_[c.at->exit] = c.port * vcs_ + c.vc + 1;
  }
}

std::uint32_t router_network::free_vc(std::uint32_t exit, const moving_packet& p) const {
  auto chosen = none;
  for (auto vc = p.first_vc; vc < p.last_vc; ++vc)
    if (holder_[exit * vcs_ + vc] == none &&
        (chosen == none || turn(vc, next_vc_[exit]) < turn(chosen, next_vc_[exit])))
      chosen = vc;
  return chosen;
}

/// One nomination per input port; every exit keeps the one whose turn it is.
void router_network::nominate(const candidate& c) {
  const auto exit = c.at->exit;
  auto& best = best_[exit];
  if (best == none)
    taken_.push_back(exit);
  if (best == none || turn(c.port, next_port_[exit]) < turn(candidates_[best].port, next_port_[exit]))
    best = static_cast<std::uint32_t>(&c - candidates_.data());
}

/// Whether a flit may enter a channel as far as its other end is concerned.
bool router_network::may_enter(std::uint32_t exit, std::uint32_t vc, const moving_packet& p) {
  const auto& ch = topology_.channels[exit];
  if (ch.what == channel::kind::ejection || ends_at(p, ch))
    return true;
  const auto& b = buffers_[exit * vcs_ + vc];
  if (b.count == b.depth)
    return false;
  const auto usable = slots_[b.back_slot()].time;
  if (usable > now_)
    wait_until(usable);
  return usable <= now_;
}

/// A flit is at the other end of a channel at cycle `there`.
void router_network::enter(std::uint32_t exit, std::uint32_t vc, std::uint32_t packet, std::uint32_t flit,
                           cycle there) {
  const auto& p = packets_[packet];
  const auto& ch = topology_.channels[exit];
  if (ends_at(p, ch)) {
    auto& s = stations_[p.station];
    s.latest[flit] = std::max(s.latest[flit], there);
    ++s.arrived[flit];
    return;
  }
  auto& b = buffers_[exit * vcs_ + vc];
  slots_[b.back_slot()] = {there + configuration_.router_latency_cycles, packet};
  auto& to = routers_[ch.to];
  if (b.count++ == 0) {
    const auto bit = port_of_[exit] * vcs_ + vc;
    to.occupied[bit / word_bits] |= std::uint64_t{1} << (bit % word_bits);
  }
  ++to.flits;
  ++buffered_;
}

void router_network::move(const candidate& c) {
  auto& at = *c.at;
  const auto exit = at.exit;
  const auto& ch = topology_.channels[exit];
  const auto& p = packets_[c.packet];
  const auto flit = at.sent++;
  if (flit == 0) {
    counter_.pass(ch, p.booked_under, p.flits);
    if (now_ > c.ready)
      note_delay();
  }
  free_at_[exit] = now_ + ch.cycles_per_flit;
  next_port_[exit] = c.port + 1;
  if (c.input != none)
    next_in_[c.channel] = c.vc + 1;
  const bool tail = at.sent == p.flits;
  const bool ends = ch.what == channel::kind::ejection || ends_at(p, ch);
  if (ch.what != channel::kind::ejection) {
    ++flit_hops_;
    enter(exit, at.vc, c.packet, flit, now_ + ch.latency_cycles + ch.cycles_per_flit - 1);
  }
  if (tail) {
    holder_[exit * vcs_ + at.vc] = none;
    at = {};
  }
  if (c.input != none)
    leave_buffer(c.input);
  else if (tail)
    leave_station(c.branch);
  if (tail && ends)
    finish(c.packet, now_ + ch.cycles_per_flit);
  moved_ = true;
}

void router_network::leave_buffer(std::uint32_t number) {
  auto& b = buffers_[number];
  slots_[b.front_slot()].time = now_ + configuration_.router.credit_latency_cycles;
  b.head = b.head + 1 == b.depth ? 0 : b.head + 1;
  const auto ch = number / vcs_;
  auto& here = routers_[topology_.channels[ch].to];
  if (--b.count == 0) {
    const auto bit = port_of_[ch] * vcs_ + number % vcs_;
    here.occupied[bit / word_bits] &= ~(std::uint64_t{1} << (bit % word_bits));
  }
  --here.flits;
  --buffered_;
}

/// A branch has sent its packet.
void router_network::leave_station(std::uint32_t number) {
  const auto from = branches_[number].station;
  auto& s = stations_[from];
  std::erase(routers_[s.router].branches, number);
  free_branches_.push_back(number);
  if (--s.branches == 0)
    free_stations_.push_back(from);
}

/// The tail of a packet is at its end.
void router_network::finish(std::uint32_t number, cycle at) {
  const auto& p = packets_[number];
  if (p.station == none) {
    if (p.multicast != 0) {
      deliver(p.multicast, p.destination, at);
    } else if (p.reduction != 0) {
      const auto sum = std::ranges::find(reductions_, p.reduction, &reduction::number);
      arrive(sum->ticket, at);
      sum->number = 0;
    } else {
      arrive(p.ticket, at);
    }
  }
  free_packets_.push_back(number);
}

/// The buffer that the front of a buffer waits for.
std::uint32_t router_network::blocker_of(std::uint32_t number) const {
  const auto& b = buffers_[number];
  const auto& p = packets_[slots_[b.front_slot()].packet];
  const auto ahead = b.front.exit * vcs_ + (b.front.vc == none ? p.first_vc : b.front.vc);
  if (b.front.vc == none && holder_[ahead] != none && holder_[ahead] != held)
    return holder_[ahead];
  return ahead;
}

std::string router_network::deadlock() const {
  const auto blocked = std::ranges::find_if(buffers_, [](const buffer& b) { return b.count > 0; });
  auto number = static_cast<std::uint32_t>(blocked - buffers_.begin());
  std::vector<std::uint32_t> chain;
  while (std::ranges::find(chain, number) == chain.end() && buffers_[number].count > 0) {
    chain.push_back(number);
    number = blocker_of(number);
  }
  const auto first = std::ranges::find(chain, number);
  auto text = fmt::format("the network is deadlocked at cycle {}: {} flits, nothing can move", now_, buffered_);
  for (auto at = first == chain.end() ? chain.begin() : first; at != chain.end(); ++at) {
    const auto& b = buffers_[*at];
    const auto& ch = topology_.channels[*at / vcs_];
    const auto& exit = topology_.channels[b.front.exit];
    const auto wanted = b.front.vc == none ? std::string("a virtual channel")
                                           : fmt::format("a place in virtual channel {}", b.front.vc);
    text += fmt::format("\n  router {}, input from {} {}, virtual channel {}: packet to node {} waits for {} to {} {}",
                        ch.to, ch.what == channel::kind::injection ? "node" : "router", ch.from, *at % vcs_,
                        packets_[slots_[b.front_slot()].packet].destination, wanted,
                        exit.what == channel::kind::ejection ? "node" : "router", exit.to);
  }
  return text;
}

} // namespace tilework::hardware
