#include "base/text.hpp"
#include "host/crypto.hpp"
#include "net/http/message.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>

namespace countersign::net::http {

namespace {

constexpr std::size_t k_most_fields = 1000;
constexpr std::size_t k_most_parts = 100;

Failure malformed(std::string_view detail) { return fail(errors::net::malformed_form, {{"detail", detail}}); }

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The value of a parameter of a header field: `boundary=x`, `name="a \"b\""` (RFC 9110 section 5.6.6).
std::optional<std::string> field_parameter(std::string_view value, std::string_view wanted) {
    auto at = value.find(';');
    while (at != std::string_view::npos) {
        auto rest = value.substr(at + 1);
        auto equals = rest.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        auto name = trim(rest.substr(0, equals));
        rest.remove_prefix(equals + 1);
        std::string text;
        std::size_t used = 0;
        if (rest.starts_with('"')) {
            for (used = 1; used < rest.size() && rest[used] != '"'; ++used) {
                // Browsers escape only '"', and as %22; a backslash before another character stands for itself
                // (old ones send whole Windows paths as file names).
                if (rest[used] == '\\' && used + 1 < rest.size() && (rest[used + 1] == '"' || rest[used + 1] == '\\')) ++used;
                text += rest[used];
            }
            if (used >= rest.size()) return std::nullopt;
            ++used;
        } else {
            used = std::min(rest.find(';'), rest.size());
            text = trim(rest.substr(0, used));
        }
        if (iequals(name, wanted)) return text;
        at = rest.find(';', used);
        value = rest;
    }
    return std::nullopt;
}

Result<Part> parse_part(std::string_view head, std::string_view content) {
    Part part;
    bool named = false;
    while (!head.empty()) {
        auto end = head.find("\r\n");
        auto line = head.substr(0, end);
        head = end == std::string_view::npos ? std::string_view() : head.substr(end + 2);
        auto colon = line.find(':');
        if (colon == std::string_view::npos) return malformed("a header line of a part has no colon");
        auto name = trim(line.substr(0, colon));
        auto value = trim(line.substr(colon + 1));
        if (iequals(name, "Content-Type")) part.content_type = value;
        if (!iequals(name, "Content-Disposition")) continue;
        auto field = field_parameter(value, "name");
        if (!field || field->empty() || !istarts_with(value, "form-data")) return malformed("a part has no name");
        named = true;
        part.name = *field;
        part.file_name = field_parameter(value, "filename").value_or("");
    }
    if (!named) return malformed("a part has no name");
    part.content = content;
    return part;
}

/// A quoted parameter as browsers write it (the "form-data" of the WHATWG HTML standard), but for the backslash: readers that
/// know quoted pairs (RFC 9110 section 5.6.4), as ours does, would take it for the beginning of one.
std::string quoted_parameter(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"') {
            out += "%22";
        } else if (c == '\\') {
            out += "\\\\";
        } else if (c == '\r') {
            out += "%0D";
        } else if (c == '\n') {
            out += "%0A";
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace

std::string url_encode(std::string_view text) {
    constexpr std::string_view k_digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += k_digits[byte >> 4U];
        out += k_digits[byte & 15U];
    }
    return out;
}

std::optional<std::string> url_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            auto high = nibble(text[i + 1]);
            auto low = nibble(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

Result<std::map<std::string, std::string>> parse_form(std::string_view body) {
    std::map<std::string, std::string> fields;
    std::size_t count = 0;
    while (!body.empty()) {
        auto end = std::min(body.find('&'), body.size());
        auto pair = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (pair.empty()) continue;
        if (++count > k_most_fields) return malformed("there are more than 1000 fields");
        auto equals = std::min(pair.find('='), pair.size());
        auto name = url_decode(pair.substr(0, equals), true);
        auto value = url_decode(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) return malformed("a % is not followed by two hexadecimal digits");
        fields.insert_or_assign(*std::move(name), *std::move(value));
    }
    return fields;
}

std::string encode_form(std::vector<std::pair<std::string, std::string>> const& fields) {
    std::string out;
    for (auto const& [name, value] : fields) {
        if (!out.empty()) out += '&';
        out += url_encode(name) + '=' + url_encode(value);
    }
    return out;
}

Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body) {
    if (!istarts_with(trim(content_type), "multipart/form-data")) return malformed("the type is not multipart/form-data");
    auto boundary = field_parameter(content_type, "boundary");
    // RFC 2046 section 5.1.1: 1 to 70 characters.
    if (!boundary || boundary->empty() || boundary->size() > 70) return malformed("the boundary is missing");
    auto const delimiter = "\r\n--" + *boundary;
    // The first delimiter may stand at the very beginning, without a line end before it.
    auto rest = body;
    if (rest.starts_with(std::string_view(delimiter).substr(2))) {
        rest.remove_prefix(delimiter.size() - 2);
    } else {
        auto first = rest.find(delimiter);
        if (first == std::string_view::npos) return malformed("the boundary does not occur in the body");
        rest.remove_prefix(first + delimiter.size());
    }
    std::vector<Part> parts;
    while (!rest.starts_with("--")) {
        auto line_end = rest.find("\r\n");
        if (line_end == std::string_view::npos || !trim(rest.substr(0, line_end)).empty()) return malformed("a boundary line is broken");
        rest.remove_prefix(line_end);
        auto end = rest.find(delimiter);
        if (end == std::string_view::npos) return malformed("the end is missing");
        auto part = rest.substr(2, end > 2 ? end - 2 : 0);
        auto head_end = part.find("\r\n\r\n");
        if (head_end == std::string_view::npos) return malformed("a part has no end of its header");
        if (parts.size() == k_most_parts) return malformed("there are more than 100 parts");
        CS_TRY(auto parsed, parse_part(part.substr(0, head_end), part.substr(head_end + 4)));
        parts.push_back(std::move(parsed));
        rest.remove_prefix(end + delimiter.size());
    }
    return parts;
}

std::string encode_multipart(std::vector<Part> const& parts, std::string& content_type) {
    // 144 random bits: no content can be made to hold it.
    auto boundary = "----countersign" + to_base64url(host::random_bytes(18));
    std::ranges::replace(boundary, '_', '0');
    content_type = "multipart/form-data; boundary=" + boundary;
    std::string out;
    for (auto const& part : parts) {
        out += "--" + boundary + "\r\nContent-Disposition: form-data; name=" + quoted_parameter(part.name);
        if (!part.file_name.empty()) out += "; filename=" + quoted_parameter(part.file_name);
        out += "\r\n";
        auto type = part.content_type.empty() && !part.file_name.empty() ? "application/octet-stream" : part.content_type;
        if (!type.empty()) out += "Content-Type: " + type + "\r\n";
        out += "\r\n" + part.content + "\r\n";
    }
    return out + "--" + boundary + "--\r\n";
}

Result<std::map<std::string, Part>> parse_any_form(Request const& request) {
    std::map<std::string, Part> fields;
    auto type = request.fields.get("Content-Type");
    if (istarts_with(trim(type), "multipart/form-data")) {
        CS_TRY(auto parts, parse_multipart(type, request.body));
        for (auto& part : parts) {
            auto name = part.name;
            fields.insert_or_assign(std::move(name), std::move(part));
        }
        return fields;
    }
    if (!type.empty() && !istarts_with(trim(type), "application/x-www-form-urlencoded")) return malformed("the type is not one of a form");
    CS_TRY(auto plain, parse_form(request.body));
    for (auto& [name, value] : plain)
        fields.insert_or_assign(name, Part{.name = name, .file_name = {}, .content_type = {}, .content = value});
    return fields;
}

}  // namespace countersign::net::http
