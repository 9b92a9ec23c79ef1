#pragma once

/// Finds the blocks of a PEM text (RFC 7468, with the headers of RFC 1421). Lenient about what stands between blocks,
/// line ends and line lengths; strict about the Base64. Linear in the size of the text. Everything is borrowed from
/// the text that was scanned.

#include "base/secret.hpp"
#include "base/text.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::pki {

/// What every parse function of this room takes at most, in bytes.
inline constexpr std::size_t k_input_limit = 1024 * 1024;

struct PemBlock {
    std::string_view label;    ///< "CERTIFICATE"; empty when the BEGIN line itself is broken
    std::string_view headers;  ///< "Proc-Type: 4,ENCRYPTED\nDEK-Info: ..." with its line ends, or empty
    std::string_view body;     ///< Base64 with line ends
    bool complete = false;     ///< has its END line
};

/// Stops after `most` blocks: a caller with a limit asks for one more than that.
std::vector<PemBlock> scan_pem(std::string_view text, std::size_t most = SIZE_MAX);

/// Nothing when the Base64 is broken.
std::optional<Bytes> decode_body(std::string_view body);
/// The same for private keys: no copy stays in memory.
std::optional<Secret<Bytes>> decode_secret_body(std::string_view body);

/// A whole block with lines of 64 characters.
std::string pem_text(std::string_view label, std::span<std::uint8_t const> der);

/// The same for private keys: no copy stays in memory.
SecretText secret_pem_text(std::string_view label, Secret<Bytes> const& der);

bool is_certificate_label(std::string_view label);
bool is_request_label(std::string_view label);

}  // namespace countersign::pki
