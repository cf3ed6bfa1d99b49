// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/timing_monitor.h>
#include <tilework/core/byte_stream.h>

#include <algorithm>

namespace tilework::cli {
namespace {

/// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
std::uint64_t scrambled(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

} // namespace

bool timing_monitor::is_sampled(std::uint64_t step) {
  const auto interval = step / sampling_interval;
  return step % sampling_interval == (interval == 0 ? 0 : scrambled(interval) % sampling_interval);
}

void timing_monitor::observe(bool on) {
  if (on == observes_)
    return;
  observes_ = on;
  machine_.observe(on ? &log_ : nullptr);
}

void timing_monitor::step_begins(const step& s) {
  const auto operations = s.program->operations();
  is_training_step_ = !operations.empty() && is_training(operations.front().phase);
  const auto in_window = [this](const recording& r) { return r.window.contains(steps_); };
  observe(is_training_step_ && (is_sampled(steps_) || std::ranges::any_of(recordings_, in_window)));
  if (!observes_)
    return;
  current_.number = steps_;
  current_.program = s.program;
  current_.begin = time_;
  current_.operations.resize(operations.size());
}

void timing_monitor::operation_done(const operation_record& record) {
  if (observes_)
    current_.operations[record.index] = {record.ready, record.accepted, record.done, record.group, record.activity};
}

void timing_monitor::drained(std::uint64_t /*step*/, femtoseconds length) {
  if (!is_training_step_)
    return;
  if (observes_) {
    current_.length = length;
    current_.bookings.assign(log_.bookings().begin(), log_.bookings().end());
    if (is_sampled(steps_))
      analysis_.add(current_);
    for (const auto& r : recordings_)
      if (r.window.contains(steps_))
        r.consume(current_);
  }
  ++steps_;
  time_ += length;
}

void timing_monitor::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write(steps_);
  writer.write(time_);
  analysis_.save(out);
}

void timing_monitor::restore(std::istream& in) {
  byte_reader reader(in);
  reader.read(steps_);
  reader.read(time_);
  analysis_.restore(in);
}

} // namespace tilework::cli
