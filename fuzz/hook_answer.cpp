// What the hooks of drivers answer.

#include "manager/drivers/hook_answer.hpp"

#include "fuzz/target.hpp"

#include <algorithm>

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const answer = manager::parse_hook_answer(fuzz::text_of(data, size));
    if (!answer) {
        must_hold(!answer.error().parameter("detail").empty(), "a refusal says why");
        return 0;
    }
    std::size_t values = answer->problems.size() + answer->settings.size();
    auto const known = family::known_facts();
    for (auto const& [fact, list] : answer->facts) {
        must_hold(std::ranges::find(known, fact) != known.end(), "every fact is known");
        values += list.size();
        for (auto const& one : list) must_hold(one.size() <= manager::k_hook_text && !one.contains('\0'), "a value has a limit");
    }
    must_hold(values <= manager::k_hook_values, "an answer has a limit");
    manager::Account account;
    manager::fill_account(answer->facts, UtcTime{}, account);
    return 0;
}
