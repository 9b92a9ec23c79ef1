#pragma once

/// What a hook answers: one JSON document (docs/driver-sdk.md). Refused whole when a part is bad.

#include "manager/drivers/facts.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager {

struct HookAnswer {
    Facts facts;
    std::map<std::string, std::string> settings;  ///< canonical name -> value, in the family's words or canonical
    std::vector<std::string> problems;            ///< what the system refused, in its words
    bool login_refused = false;
    bool opened_by_key = false;  ///< no password was used to log in
};

inline constexpr std::size_t k_hook_output = 1024UL * 1024;
inline constexpr std::size_t k_hook_values = 10'000;     ///< of facts, settings and problems together
inline constexpr std::size_t k_hook_text = 16UL * 1024;  ///< bytes of one value

/// `{"facts": {"system.software": "1.2", "trust.fingerprint": ["..."]}, "settings": {...}, "problems": ["..."], "login_refused": true,
/// "opened_by_key": true}`; each member may be missing, none other may be there. GEN-001 that says what is wrong.
Result<HookAnswer> parse_hook_answer(std::string_view text);

}  // namespace countersign::manager
