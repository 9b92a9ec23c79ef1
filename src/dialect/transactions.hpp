#pragma once

/// XML transactions: one document per POST, a *transaction* (the root, "TRANS_MCU") with parameters common to all of them and one
/// *action* ("LOGIN"), answered by a document of the same name with "RESPONSE_" before it. A log-in gives tokens, which every
/// other request carries. Both directions. Source: protocols section 4; docs/dialects.md lists the actions.
///
/// Limits are those of xml.hpp. Names are at most 64 letters, digits and underscores: a document with others is refused whole.
/// Attributes and text beside elements mean nothing here and are dropped.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::transactions {

inline constexpr std::size_t k_longest_name = 64;
/// What clients send before they have logged in; so is an empty element.
inline constexpr std::int64_t k_no_token = -1;
/// The tokens of a log-in that failed.
inline constexpr std::int64_t k_failed_token = 0;

/// One element: a leaf with a value, or a group.
struct Item {
    std::string name;
    std::string value;
    std::vector<Item> children;

    static Item leaf(std::string_view name, std::string_view value);
    static Item group(std::string_view name, std::vector<Item> children);
    /// The first child of that name, without case; null when there is none.
    [[nodiscard]] Item const* child(std::string_view wanted) const;
    /// The value of the first leaf of that name at any depth, or empty.
    [[nodiscard]] std::string_view find(std::string_view wanted) const;
    bool operator==(Item const&) const = default;
};

/// A name and a value, without the groups around it.
struct Leaf {
    std::string_view name;
    std::string_view value;
};
/// All leaves below `item`, in order. They point into it.
std::vector<Leaf> leaves_of(Item const& item);

/// What the caller wants to see again in the answer.
struct Echo {
    std::int64_t your_token1 = 0;
    std::int64_t your_token2 = 0;
    std::int64_t message_id = 0;
    bool operator==(Echo const&) const = default;
};

struct Request {
    std::string transaction;  ///< "TRANS_MCU"
    std::int64_t token = k_no_token;
    std::int64_t user_token = k_no_token;
    Echo echo;
    Item action;  ///< "LOGIN" with its parameters
    bool operator==(Request const&) const = default;
};

/// RETURN_STATUS/ID. Zero is the vendor's; the others are ours: clients ask only whether it is zero.
enum class Status : std::uint16_t {
    ok = 0,
    login_wrong = 1,      ///< or locked out
    no_session = 2,       ///< the tokens are of no session; clients look for the words "User not found"
    malformed = 3,        ///< the document
    unknown_action = 4,   ///< this system has none of that name
    wrong_parameter = 5,  ///< missing, unknown, or not in its value space
    refused = 6           ///< understood, and not done
};

struct Response {
    std::string transaction;  ///< as in the request, without "RESPONSE_"
    Status status = Status::ok;
    std::string description;  ///< "Status OK", or what went wrong in the family's words
    std::string detail;       ///< DESCRIPTION_EX: ours: catalogue id and message
    Echo echo;
    Item action;  ///< as in the request, with the results; no name: there is none
    bool operator==(Response const&) const = default;
};

/// DEV-008: no transaction, no action or several, a token or an id that is no number.
Result<Request> parse_request(std::string_view xml);
/// DEV-008. A status that is not known is `refused`.
Result<Response> parse_response(std::string_view xml);
std::string write_request(Request const& request);
std::string write_response(Response const& response);

/// "servedCertificateFingerprint" and "Served Certificate" as SERVED_CERTIFICATE_FINGERPRINT and SERVED_CERTIFICATE: how
/// the names of facts are spelt here.
std::string upper_snake(std::string_view name);

}  // namespace countersign::dialect::transactions
