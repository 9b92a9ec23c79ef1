#pragma once

/// Messages of syslog (RFC 5424) and their frames on a stream (RFC 5425 section 4.3).

#include "base/utc_time.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::dialect::syslog {

inline constexpr int k_local0 = 16;
/// Every receiver has to take so much (RFC 5424 section 6.1): what does not fit is left out, whole parameters first.
inline constexpr std::size_t k_message_limit = 2048;

enum class Severity { error = 3, warning = 4, notice = 5 };

struct Message {
    int facility = k_local0;
    Severity severity = Severity::notice;
    UtcTime at{};
    std::string host;
    std::string application;
    std::string id;                                           ///< MSGID: the kind of event
    std::vector<std::pair<std::string, std::string>> fields;  ///< structured data, as one element `event@32473`
    std::string text;                                         ///< UTF-8
};

/// "<132>1 2026-11-22T08:16:25Z room204 codec - tls.failed [event@32473 client="feedback"] SSL: ...". Characters that have no place
/// where they stand are replaced, so that a value cannot look like a message of its own.
std::string write(Message const& message);

/// "LENGTH SP MESSAGE".
std::string frame(std::string_view message);

}  // namespace countersign::dialect::syslog
