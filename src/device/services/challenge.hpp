#pragma once

/// Telnet challenge (REQ SVC-4): the system prints a random text, the client answers with the MD5 of that text followed by the password,
/// in hexadecimal: the password itself never goes over the line. Public documents do not say what the digest covers
/// (protocols 2.2); this is the simplest form, as CHAP's (RFC 1994) without an identifier. What is said afterwards is in clear: Level 2.

#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace countersign::device {

/// 32 hexadecimal digits, 128 random bits. Each is for one attempt.
std::string make_challenge();
/// MD5(challenge + password), 32 hexadecimal digits in lower case.
std::string response_to(std::string_view challenge, SecretText const& password);
/// `answer` as it was typed: blanks around it and upper case do not matter. Takes the same time for every wrong answer of that length.
bool answers_challenge(std::string_view challenge, SecretText const& password, std::string_view answer);

}  // namespace countersign::device
