// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/byte_stream.h>
#include <tilework/core/checksum.h>
#include <tilework/report/activity_file.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tilework::report {
namespace {

using json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t block_bytes = std::size_t{1} << 16U; // a block is cut at the end of the step that fills it
constexpr std::uint64_t checksum_digits = 16;

struct file_header {
  std::array<char, 8> magic{'T', 'W', 'A', 'C', 'T', 'I', 'V', '\n'};
  std::uint32_t version = activity_file_version;
  std::uint32_t unused = 0;
};

enum class block_kind : std::uint32_t { run = 1, activities = 2, end = 3 };

/// Before every block; without gaps, so that it can be summed up as bytes.
struct block_header {
  block_kind kind{};
  std::uint32_t bytes = 0; ///< that follow
  std::uint64_t steps = 0;
  std::uint64_t digest = 0;
  std::uint64_t checksum = 0; ///< of the fields above and the bytes that follow
};
static_assert(sizeof(block_header) == 32);

constexpr char epoch_note = 'e';
constexpr char evaluation_note = 'v';
constexpr char programmed_note = 'p';

std::uint64_t checksum_of(const block_header& header, std::string_view content) {
  crc64 crc;
  crc.process_bytes(&header, offsetof(block_header, checksum));
  crc.process_bytes(content.data(), content.size());
  return crc.checksum();
}

template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string framed(block_header header, std::string_view content) {
  header.bytes = static_cast<std::uint32_t>(content.size());
  header.checksum = checksum_of(header, content);
  std::string piece;
  piece.reserve(sizeof(header) + content.size());
  piece += bytes_of(header);
  piece += content;
  return piece;
}

json to_json(const recorded_run& run) {
  return {{"train_samples", run.train_samples},
          {"test_samples", run.test_samples},
          {"features", run.features},
          {"bits_per_feature", run.bits_per_feature},
          {"configuration", fmt::format("{:0{}x}", run.configuration, checksum_digits)}};
}

json to_json(const recorded_end& end) {
  json programming = json::array();
  for (const auto& layer : end.programming)
    programming.push_back({layer.weight_std, layer.copy_std});
  json wear = json::array();
  for (const auto& role : end.wear)
    wear.push_back({role.layer, role.role, role.pulses_per_cell, role.most_pulses_per_cell});
  return {{"interrupted", end.interrupted},        {"steps", end.steps},
          {"weights_digest", end.weights_digest},  {"input_ranges", end.input_ranges},
          {"programming", std::move(programming)}, {"wear", std::move(wear)}};
}

recorded_run run_from(std::string_view text) {
  const auto j = json::parse(text);
  return {j.at("train_samples").get<std::uint32_t>(), j.at("test_samples").get<std::uint32_t>(),
          j.at("features").get<std::uint32_t>(), j.at("bits_per_feature").get<std::uint32_t>(),
          std::stoull(j.at("configuration").get<std::string>(), nullptr, 16)};
}

recorded_end end_from(std::string_view text) {
  const auto j = json::parse(text);
  recorded_end end{j.at("interrupted").get<bool>(),
                   j.at("steps").get<std::uint64_t>(),
                   j.at("weights_digest").get<std::string>(),
                   j.at("input_ranges").get<std::vector<float>>(),
                   {},
                   {}};
  for (const auto& layer : j.at("programming"))
    end.programming.push_back({layer.at(0).get<double>(), layer.at(1).get<double>()});
  for (const auto& role : j.at("wear"))
    end.wear.push_back({role.at(0).get<std::size_t>(), role.at(1).get<std::size_t>(), role.at(2).get<double>(),
                        role.at(3).get<std::uint64_t>()});
  return end;
}

} // namespace

void activity_writer::begin(const recorded_run& run) {
  add_block(std::string(bytes_of(file_header{})) + framed({block_kind::run}, to_json(run).dump()));
}

void activity_writer::end_step() {
  ++steps_;
  ++steps_of_block_;
  if (block_.size() >= block_bytes)
    flush();
}

void activity_writer::add_epoch(double train_loss) {
  add_note(epoch_note, bytes_of(train_loss));
}

void activity_writer::add_programmed(std::span<const std::uint32_t> copies) {
  std::string text;
  for (const auto copy : copies)
    encode_number(text, copy);
  add_note(programmed_note, text);
}

void activity_writer::add_evaluation(std::string_view line) {
  add_note(evaluation_note, line);
}

void activity_writer::add_note(char kind, std::string_view text) {
  block_ += kind;
  encode_number(block_, text.size());
  block_ += text;
}

void activity_writer::flush() {
  if (block_.empty() && steps_of_block_ == 0)
    return;
  add_block(framed({.kind = block_kind::activities, .steps = steps_of_block_, .digest = digest_.sum()}, block_));
  block_.clear(); // keeps its room
  steps_of_block_ = 0;
}

void activity_writer::finish(recorded_end end) {
  flush();
  end.steps = steps_;
  add_block(framed({block_kind::end}, to_json(end).dump()));
}

void activity_writer::add_block(std::string_view block) {
  bytes_ += block.size();
  ready_ += block;
}

void activity_writer::save(std::ostream& out) const {
  byte_writer writer(out);
  writer.write(bytes_);
  writer.write(steps_);
  writer.write(steps_of_block_);
  writer.write(digest_.sum());
  writer.write(std::uint64_t{block_.size()});
  writer.write_span(std::span(block_));
}

void activity_writer::restore(std::istream& in) {
  byte_reader reader(in);
  std::uint64_t sum = 0;
  std::vector<char> waiting;
  reader.read(bytes_);
  reader.read(steps_);
  reader.read(steps_of_block_);
  reader.read(sum);
  reader.read_vector(waiting);
  digest_.reset(sum);
  block_.assign(waiting.begin(), waiting.end());
}

struct activity_reader::checked_block {
  block_kind kind{};
  block place;
  std::string content;
};

activity_reader::activity_reader(std::filesystem::path file) : file_(std::move(file)), in_(file_, std::ios::binary) {
  if (!in_)
    throw input_error(fmt::format("{}:0:0: cannot open the record of the run: {}", file_.string(),
                                  errno != 0 ? std::strerror(errno) : "no such file"));
  check_file();
  in_.clear();
}

void activity_reader::refuse(std::string_view why) const {
  throw input_error(fmt::format("{}:0:0: {}", file_.string(), why));
}

void activity_reader::refuse_programs(std::string_view why) const {
  refuse(fmt::format("step {} {}: the steps of this replay are not those that were recorded", steps_, why));
}

void activity_reader::check_file() {
  file_header header;
  const file_header expected;
  if (!in_.read(reinterpret_cast<char*>(&header), sizeof(header)) || header.magic != expected.magic)
    refuse("is no record of a run, or damaged at its begin; run the experiment again");
  if (header.version != expected.version)
    refuse(
        fmt::format("is a record of version {}, and this tilework reads version {} only; replay it with the tilework "
                    "that wrote it, or run the experiment again",
                    header.version, expected.version));
  if (header.unused != expected.unused)
    refuse("is damaged (header); run the experiment again");
  try {
    auto first = next_block();
    if (first.kind != block_kind::run)
      refuse("is damaged (no description of the run); run the experiment again");
    run_ = run_from(first.content);
    auto b = next_block();
    for (; b.kind == block_kind::activities; b = next_block()) {
      blocks_.push_back(b.place);
      steps_ += b.place.steps;
    }
    end_ = end_from(b.content);
    if (b.kind != block_kind::end || end_.steps != std::exchange(steps_, 0) ||
        in_.peek() != std::ifstream::traits_type::eof())
      refuse("is damaged (blocks in a wrong order); run the experiment again");
  } catch (const std::exception& error) { // of the JSON parser, which must not get out
    if (dynamic_cast<const input_error*>(&error) != nullptr)
      throw;
    refuse("is damaged (description of the run); run the experiment again");
  }
}

activity_reader::checked_block activity_reader::next_block() {
  const auto incomplete = [this] {
    refuse(fmt::format("is incomplete, it ends after {} steps: if the run was killed or is not over, go on with it by "
                       "tilework run --resume, else run the experiment again",
                       steps_));
  };
  block_header header;
  if (!in_.read(reinterpret_cast<char*>(&header), sizeof(header)))
    incomplete();
  const auto first_byte = static_cast<std::uint64_t>(in_.tellg());
  if (header.bytes > fs::file_size(file_) - first_byte)
    incomplete();
  checked_block found{
      header.kind, {first_byte, header.bytes, header.steps, header.digest}, std::string(header.bytes, '\0')};
  if (!in_.read(found.content.data(), static_cast<std::streamsize>(found.content.size())))
    incomplete();
  if (checksum_of(header, found.content) != header.checksum)
    refuse("is damaged (checksum); run the experiment again");
  return found;
}

void activity_reader::advance() {
  if (steps_left_ > 0 || !at_.empty())
    return;
  if (next_ > 0 && digest_.sum() != blocks_[next_ - 1].digest)
    refuse_programs("did other operations");
  if (next_ == blocks_.size())
    return;
  const auto& next = blocks_[next_++];
  content_.resize(next.bytes);
  in_.seekg(static_cast<std::streamoff>(next.first_byte));
  if (!in_.read(content_.data(), static_cast<std::streamsize>(content_.size())))
    refuse("changed while it was read");
  at_ = byte_cursor(content_);
  steps_left_ = next.steps;
}

bool activity_reader::over() {
  advance();
  return steps_left_ == 0 && at_.empty();
}

void activity_reader::begin_step() {
  advance();
  if (steps_left_ == 0)
    refuse_programs(at_.empty() ? "was the last one" : "did more");
  --steps_left_;
  ++steps_;
}

void activity_reader::read(const operation& op, operation_activity& activity) {
  try {
    decode_activity(at_, op, activity);
  } catch (const input_error& error) {
    refuse_programs(error.what());
  }
  digest_.add(op);
}

std::string_view activity_reader::read_note(char kind) {
  advance();
  try {
    if (at_.bytes(1).front() == kind)
      return at_.bytes(at_.number());
  } catch (const input_error&) { // as if it were another one
  }
  refuse_programs("was not the end of an epoch");
}

double activity_reader::read_epoch() {
  const auto bytes = read_note(epoch_note);
  double loss = 0;
  std::memcpy(&loss, bytes.data(), std::min(bytes.size(), sizeof(loss)));
  return loss;
}

std::vector<std::uint32_t> activity_reader::read_programmed() {
  byte_cursor text(read_note(programmed_note));
  std::vector<std::uint32_t> copies;
  while (!text.empty())
    copies.push_back(static_cast<std::uint32_t>(text.number()));
  return copies;
}

std::string_view activity_reader::read_evaluation() {
  return read_note(evaluation_note);
}

} // namespace tilework::report
