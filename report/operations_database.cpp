// SPDX-License-Identifier: Apache-2.0
#include <tilework/core/error.h>
#include <tilework/report/operations_database.h>

#include <fmt/format.h>
#include <sqlite3.h>

#include <limits>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace tilework::report {
namespace {

constexpr std::size_t most_waiting = 64; // steps

constexpr const char* schema = R"(
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
BEGIN;
CREATE TABLE Run (name TEXT, value TEXT);
CREATE TABLE Resource (resource INTEGER PRIMARY KEY, name TEXT, kind TEXT);
CREATE TABLE Step (step INTEGER PRIMARY KEY, program INTEGER, begin_fs INTEGER, length_fs INTEGER);
CREATE TABLE Operation (step INTEGER, operation INTEGER, kind TEXT, function TEXT, layer INTEGER, phase TEXT,
  array INTEGER, ready_fs INTEGER, accepted_fs INTEGER, done_fs INTEGER, cause INTEGER, gap_fs INTEGER,
  passes INTEGER, pulse_slots INTEGER, coincidences INTEGER);
CREATE TABLE Dependency (program INTEGER, operation INTEGER, predecessor INTEGER);
CREATE TABLE Booking (step INTEGER, booking INTEGER, operation INTEGER, resource INTEGER, requested_fs INTEGER,
  start_fs INTEGER, length_fs INTEGER, cause INTEGER, gap_fs INTEGER, joined_to INTEGER);
)";
constexpr const char* end = R"(
CREATE INDEX Operation_step ON Operation (step, operation);
CREATE INDEX Dependency_program ON Dependency (program, operation);
CREATE INDEX Booking_step ON Booking (step, booking);
CREATE INDEX Booking_resource ON Booking (resource, step, start_fs);
COMMIT;
)";

} // namespace

class operations_database::connection {
public:
  connection(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& run,
             std::span<const resource> resources)
      : name_(file.string()), resources_(resources) {
    std::error_code ignored; // opening the file says it better
    if (std::filesystem::is_regular_file(file, ignored))
      std::filesystem::remove(file, ignored);
    sqlite3* opened = nullptr;
    const int status = sqlite3_open(name_.c_str(), &opened);
    database_.reset(opened);
    check(status);
    execute(schema);
    step_ = prepare("INSERT INTO Step VALUES (?,?,?,?)");
    operation_ = prepare("INSERT INTO Operation VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    dependency_ = prepare("INSERT INTO Dependency VALUES (?,?,?)");
    booking_ = prepare("INSERT INTO Booking VALUES (?,?,?,?,?,?,?,?,?,?)");
    const auto in_run = prepare("INSERT INTO Run VALUES (?,?)");
    for (const auto& [key, value] : run)
      insert(in_run, key, value);
    const auto in_resources = prepare("INSERT INTO Resource VALUES (?,?,?)");
    for (std::size_t r = 0; r < resources.size(); ++r)
      insert(in_resources, r, resources[r].name, name_of(resources[r].kind));
  }

  void write(const recorded_step& step) {
    timing_.analyse(step, resources_);
    insert(step_, step.number, program_of(*step.program), step.begin.count, step.length.count);
    for (std::uint32_t i = 0; i < step.operations.size(); ++i)
      write_operation(step, i);
    for (std::uint32_t b = 0; b < step.bookings.size(); ++b)
      write_booking(step, b);
  }
  void finish() { execute(end); }

private:
  struct close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using statement = std::unique_ptr<sqlite3_stmt, close>;

  void check(int status) const {
    if (status != SQLITE_OK && status != SQLITE_DONE)
      throw run_error(fmt::format("cannot write {}: {}", name_,
                                  database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(status)));
  }
  void execute(const char* sql) const { check(sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr)); }
  [[nodiscard]] statement prepare(const char* sql) const {
    sqlite3_stmt* prepared = nullptr;
    check(sqlite3_prepare_v2(database_.get(), sql, -1, &prepared, nullptr));
    return statement(prepared);
  }

  /// Value that may be missing.
  [[nodiscard]] static std::int64_t number_or_null(std::uint32_t value) {
    return value == no_booking ? null : std::int64_t{value};
  }
  static constexpr std::int64_t null = std::numeric_limits<std::int64_t>::min();

  static int bind(sqlite3_stmt* s, int column, std::string_view text) {
    return sqlite3_bind_text(s, column, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
  template <typename T>
  requires std::is_integral_v<T>
  static int bind(sqlite3_stmt* s, int column, T number) {
    const auto value = static_cast<sqlite3_int64>(number);
    return value == null ? sqlite3_bind_null(s, column) : sqlite3_bind_int64(s, column, value);
  }
  template <typename... T>
  void insert(const statement& s, const T&... values) const {
    int column = 0;
    (check(bind(s.get(), ++column, values)), ...);
    check(sqlite3_step(s.get()));
    check(sqlite3_reset(s.get()));
  }

  std::size_t program_of(const step_program& program) {
    const auto [found, fresh] = programs_.emplace(&program, programs_.size());
    if (fresh)
      for (std::uint32_t i = 0; i < program.size(); ++i)
        for (const auto p : program.predecessors(i))
          insert(dependency_, found->second, i, p);
    return found->second;
  }
  void write_operation(const recorded_step& step, std::uint32_t i) const {
    const auto& op = step.program->operations()[i];
    const auto& times = step.operations[i];
    const auto& cause = timing_.cause_of_end(i);
    const auto function = op.kind == operation_kind::vector_op  ? name_of(op.function)
                          : op.kind == operation_kind::transfer ? name_of(op.transfer)
                                                                : std::string_view{};
    insert(operation_, step.number, i, name_of(op.kind), function, op.layer, name_of(op.phase),
           number_or_null(op.array), times.ready.count, times.accepted.count, times.done.count,
           number_or_null(cause.booking), cause.gap.count, times.activity.passes(), times.activity.pulse_slots,
           times.activity.coincidences);
  }
  void write_booking(const recorded_step& step, std::uint32_t b) const {
    const auto& booking = step.bookings[b];
    const auto& cause = timing_.cause_of_booking(b);
    auto gap = cause.gap;
    if (booking.joined)
      gap = booking.start - step.bookings[b - 1].start;
    else if (booking.resource == no_resource)
      gap += booking.start - booking.requested;
    insert(booking_, step.number, b, booking.operation, number_or_null(booking.resource), booking.requested.count,
           booking.start.count, booking.length.count, number_or_null(cause.booking), gap.count,
           booking.joined ? std::int64_t{b} - 1 : null);
  }

  std::string name_;
  std::span<const resource> resources_;
  std::unique_ptr<sqlite3, close> database_;
  statement step_;
  statement operation_;
  statement dependency_;
  statement booking_;
  std::map<const step_program*, std::size_t> programs_;
  step_timing timing_;
};

operations_database::operations_database(const std::filesystem::path& file,
                                         const std::vector<std::pair<std::string, std::string>>& run,
                                         std::span<const resource> resources)
    : file_(std::make_unique<connection>(file, run, resources)), thread_([this] { write_all(); }) {
}

operations_database::~operations_database() {
  {
    const std::scoped_lock lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void operations_database::add(const recorded_step& step) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < most_waiting || failure_; });
    if (failure_)
      return;
    waiting_.push_back(step);
  }
  changed_.notify_all();
}

void operations_database::finish() {
  {
    const std::scoped_lock lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (failure_)
    std::rethrow_exception(failure_);
  file_->finish();
  file_.reset();
}

void operations_database::write_all() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return finishing_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    const auto step = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    changed_.notify_all();
    std::exception_ptr failure;
    try {
      file_->write(step);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) {
      failure_ = failure;
      changed_.notify_all();
      return;
    }
  }
}

} // namespace tilework::report
