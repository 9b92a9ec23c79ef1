#include "pki/pem.hpp"

namespace countersign::pki {

namespace {

constexpr std::string_view k_begin = "-----BEGIN ";
constexpr std::string_view k_end = "-----END ";
constexpr std::string_view k_dashes = "-----";
constexpr std::size_t k_longest_label = 64;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// The line at the front of `text`, and the text behind its end: LF, CR LF, or the CR alone of old Macs.
std::string_view take_line(std::string_view& text) {
    auto const end = std::min(text.find_first_of("\r\n"), text.size());
    auto const line = text.substr(0, end);
    text.remove_prefix(end);
    if (text.starts_with("\r\n")) {
        text.remove_prefix(2);
    } else if (!text.empty()) {
        text.remove_prefix(1);
    }
    return line;
}

/// Headers are there when the first line that is not empty has a colon; they end at an empty line.
void split_headers(PemBlock& block) {
    std::size_t const start = block.body.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return;
    std::string_view const all = block.body.substr(start);
    std::string_view rest = all;
    if (!take_line(rest).contains(':')) return;
    while (!rest.empty()) {
        std::size_t const at = all.size() - rest.size();
        if (!trim(take_line(rest)).empty()) continue;
        block.headers = all.substr(0, at);
        block.body = rest;
        return;
    }
    // No empty line: the colon stays in the body and makes it invalid Base64, which is the truth.
}

/// Bodies with blanks taken out. The result may be a secret: the caller owns it.
std::string without_blanks(std::string_view body) {
    std::string out;
    out.reserve(body.size());
    for (char c : body) {
        if (!is_blank(c)) out.push_back(c);
    }
    return out;
}

}  // namespace

std::vector<PemBlock> scan_pem(std::string_view text, std::size_t most) {
    std::vector<PemBlock> blocks;
    std::size_t at = text.find(k_begin);
    while (at != std::string_view::npos && blocks.size() < most) {
        PemBlock block;
        std::size_t const label_start = at + k_begin.size();
        std::size_t const label_end = text.find(k_dashes, label_start);
        std::string_view const label = text.substr(label_start, std::min(label_end, text.size()) - label_start);
        if (label_end == std::string_view::npos || label.size() > k_longest_label ||
            label.find_first_of("\r\n") != std::string_view::npos) {
            blocks.push_back(block);
            at = text.find(k_begin, label_start);
            continue;
        }
        block.label = label;
        std::size_t const body_start = label_end + k_dashes.size();
        // Base64 and headers have no five dashes, so that the next ones must be the END line of this block.
        std::size_t const body_end = std::min(text.find(k_dashes, body_start), text.size());
        block.body = text.substr(body_start, body_end - body_start);
        std::string_view const rest = text.substr(body_end);
        std::size_t next = body_end;
        if (rest.starts_with(k_end) && rest.substr(k_end.size()).starts_with(label) &&
            rest.substr(k_end.size() + label.size()).starts_with(k_dashes)) {
            block.complete = true;
            next = body_end + k_end.size() + label.size() + k_dashes.size();
            split_headers(block);
        }
        blocks.push_back(block);
        at = text.find(k_begin, next);
    }
    return blocks;
}

std::optional<Bytes> decode_body(std::string_view body) {
    auto bytes = from_base64(without_blanks(body));
    if (bytes && bytes->empty()) return std::nullopt;
    return bytes;
}

std::optional<Secret<Bytes>> decode_secret_body(std::string_view body) {
    SecretText const packed(without_blanks(body));
    auto bytes = from_base64(packed.reveal());
    if (!bytes || bytes->empty()) return std::nullopt;
    return Secret<Bytes>(*std::move(bytes));
}

namespace {

std::string block_of(std::string_view label, std::string_view packed) {
    constexpr std::size_t line = 64;
    std::string out;
    out.reserve(packed.size() + packed.size() / line + 2 * label.size() + 64);
    out.append(k_begin).append(label).append("-----\n");
    for (std::size_t at = 0; at < packed.size(); at += line) out.append(packed, at, line).push_back('\n');
    out.append(k_end).append(label).append("-----\n");
    return out;
}

}  // namespace

std::string pem_text(std::string_view label, std::span<std::uint8_t const> der) { return block_of(label, to_base64(der)); }

SecretText secret_pem_text(std::string_view label, Secret<Bytes> const& der) {
    SecretText const packed(to_base64(der.reveal()));
    return SecretText(block_of(label, packed.reveal()));
}

bool is_certificate_label(std::string_view label) { return label == "CERTIFICATE" || label == "X509 CERTIFICATE"; }
bool is_request_label(std::string_view label) { return label == "CERTIFICATE REQUEST" || label == "NEW CERTIFICATE REQUEST"; }

}  // namespace countersign::pki
