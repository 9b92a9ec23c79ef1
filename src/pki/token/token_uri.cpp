#include "pki/token/token_uri.hpp"

#include "pki/token.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

constexpr std::string_view k_scheme = "pkcs11:";

Failure bad_address(std::string_view detail, std::string_view value) {
    return fail(errors::crt::token_failed, {{"detail", detail}, {"attribute", value}});
}

/// %xx; nothing when a '%' is not followed by two digits.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        if (text.front() != '%') {
            out.push_back(text.front());
            text.remove_prefix(1);
            continue;
        }
        auto const byte = text.size() < 3 ? std::nullopt : from_hex(text.substr(1, 2));
        if (!byte || byte->size() != 1) return std::nullopt;
        out.push_back(static_cast<char>(byte->front()));
        text.remove_prefix(3);
    }
    return out;
}

struct Row {
    std::string_view name;
    std::optional<std::string> TokenUri::* value;
};
constexpr std::array<Row, 5> k_attributes{{{"token", &TokenUri::token},
                                           {"manufacturer", &TokenUri::manufacturer},
                                           {"model", &TokenUri::model},
                                           {"serial", &TokenUri::serial},
                                           {"object", &TokenUri::object}}};

Result<void> take(TokenUri& out, std::string_view attribute) {
    auto const equals = attribute.find('=');
    if (equals == std::string_view::npos) return bad_address("the address has a part without '='", attribute);
    auto const name = attribute.substr(0, equals);
    if (name == "pin-value" || name == "pin-source") return bad_address("the PIN must not stand in the address", name);
    auto value = percent_decoded(attribute.substr(equals + 1));
    if (!value) return bad_address("the address has a '%' without two hexadecimal digits", name);
    if (name == "type") {
        if (*value == "private") return {};
        return bad_address("the address is not one of a private key", attribute);
    }
    if (name == "id" && !out.id) {
        out.id = Bytes(value->begin(), value->end());
        return {};
    }
    if (name == "module-path" && out.module_path.empty()) {
        out.module_path = *std::move(value);
        return {};
    }
    auto const row = std::ranges::find(k_attributes, name, &Row::name);
    if (row == k_attributes.end() && name != "id" && name != "module-path")
        return bad_address("the address has a part that is not known", name);
    if (row == k_attributes.end() || out.*(row->value)) return bad_address("a part of the address stands twice", name);
    out.*(row->value) = *std::move(value);
    return {};
}

}  // namespace

bool is_token_uri(std::string_view text) { return istarts_with(text, k_scheme); }

Result<TokenUri> parse_token_uri(std::string_view uri) {
    if (!is_token_uri(uri)) return bad_address("the address does not begin with pkcs11:", uri);
    TokenUri out;
    uri.remove_prefix(k_scheme.size());
    auto const question = std::min(uri.find('?'), uri.size());
    auto const path = uri.substr(0, question);
    auto const query = uri.substr(std::min(question + 1, uri.size()));
    for (auto const& [part, separator] : {std::pair(path, ';'), std::pair(query, '&')}) {
        if (part.empty()) continue;
        for (auto const attribute : split(part, separator)) CS_CHECK(take(out, attribute));
    }
    return out;
}

}  // namespace countersign::pki
