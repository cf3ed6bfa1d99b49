// SPDX-License-Identifier: Apache-2.0
#include <tilework/report/costs_csv.h>

#include <fmt/format.h>

#include <iterator>
#include <map>

namespace tilework::report {

std::string costs_csv(const run_results& results) {
  std::map<std::string_view, const component_account*> accounts;
  for (const auto& account : results.books.accounts())
    accounts[account.name] = &account;
  std::string csv = "component,action,phase,count,energy_J,busy_s\n";
  for (const auto& row : results.costs.rows) {
    const auto busy =
        row.what
            ? std::string{}
            : fmt::format("{:.9g}", accounts.at(row.component)->busy[static_cast<std::size_t>(row.phase)].seconds());
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{:.9g},{}\n", row.component,
                   row.what ? name_of(*row.what) : std::string_view("leakage"), name_of(row.phase), row.count,
                   row.energy_J, busy);
  }
  return csv;
}

} // namespace tilework::report
