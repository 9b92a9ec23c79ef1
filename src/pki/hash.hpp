#pragma once

/// The digest of a signature, as a person chooses it.

#include "base/result.hpp"
#include "pki/openssl_types.hpp"

#include <string_view>

struct evp_md_st;

namespace countersign::pki {

/// `automatic`: SHA-384 for P-384 and above, SHA-256 otherwise. Ed25519 has its own digest and ignores the choice.
/// SHA-1 is for equipment that can do no better (REQ RMX-2).
enum class Hash { automatic, sha1, sha256, sha384, sha512 };

/// "sha256" and the like; GEN-001 for anything else.
Result<Hash> parse_hash(std::string_view text);

/// Null for keys that have their own. Internal to this room.
evp_md_st const* digest_for(evp_pkey_st const* key, Hash hash);

}  // namespace countersign::pki
