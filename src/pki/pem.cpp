#include "pki/pem.hpp"

namespace countersign::pki {

namespace {

constexpr std::string_view k_begin = "-----BEGIN ";
constexpr std::string_view k_end = "-----END ";
constexpr std::string_view k_dashes = "-----";
constexpr std::size_t k_longest_label = 64;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Headers are there when the first line that is not empty has a colon; they end at an empty line.
void split_headers(PemBlock& block) {
    std::string_view const all = block.body;
    std::size_t start = 0;
    while (start < all.size() && is_blank(all[start])) ++start;
    std::size_t line_end = all.find('\n', start);
    if (line_end == std::string_view::npos || all.substr(start, line_end - start).find(':') == std::string_view::npos) return;
    for (std::size_t at = start; at < all.size();) {
        std::size_t const end = std::min(all.find('\n', at), all.size());
        if (trim(all.substr(at, end - at)).empty()) {
            block.headers = all.substr(start, at - start);
            block.body = all.substr(end);
            return;
        }
        at = end + 1;
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

std::vector<PemBlock> scan_pem(std::string_view text) {
    std::vector<PemBlock> blocks;
    std::size_t at = text.find(k_begin);
    while (at != std::string_view::npos) {
        PemBlock block;
        std::size_t const label_start = at + k_begin.size();
        std::size_t const label_end = text.find(k_dashes, label_start);
        std::string_view const label = text.substr(label_start, std::min(label_end, text.size()) - label_start);
        if (label_end == std::string_view::npos || label.size() > k_longest_label || label.find('\n') != std::string_view::npos) {
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

std::string pem_text(std::string_view label, std::span<std::uint8_t const> der) {
    constexpr std::size_t line = 64;
    std::string const packed = to_base64(der);
    std::string out;
    out.reserve(packed.size() + packed.size() / line + 2 * label.size() + 64);
    out.append(k_begin).append(label).append("-----\n");
    for (std::size_t at = 0; at < packed.size(); at += line) out.append(packed, at, line).push_back('\n');
    out.append(k_end).append(label).append("-----\n");
    return out;
}

bool is_certificate_label(std::string_view label) { return label == "CERTIFICATE" || label == "X509 CERTIFICATE"; }
bool is_request_label(std::string_view label) { return label == "CERTIFICATE REQUEST" || label == "NEW CERTIFICATE REQUEST"; }

}  // namespace countersign::pki
