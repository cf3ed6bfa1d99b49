// SPDX-License-Identifier: Apache-2.0
#include <tilework/cli/activity_recorder.h>
#include <tilework/core/byte_stream.h>

#include <utility>

namespace tilework::cli {

void activity_recorder::drained(std::uint64_t /*step*/, femtoseconds /*length*/) {
  for (auto& done : step_)
    if (const auto* op = std::exchange(done.op, nullptr))
      file_.add(*op, done.activity);
  file_.end_step();
}

void activity_recorder::save(std::ostream& out) const {
  byte_writer(out).write(records_);
  if (records_)
    file_.save(out);
}

void activity_recorder::restore(std::istream& in) {
  byte_reader(in).read(records_);
  if (records_)
    file_.restore(in);
}

} // namespace tilework::cli
