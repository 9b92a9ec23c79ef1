#include "pki/hash.hpp"

#include "pki/openssl.hpp"

#include "countersign/errors/gen.hpp"

#include <array>

namespace countersign::pki {
namespace {

struct HashRow {
    Hash hash;
    std::string_view text;
    EVP_MD const* (*method)();
};
constexpr std::array<HashRow, 4> k_hashes{{
    {Hash::sha1, "sha1", EVP_sha1},
    {Hash::sha256, "sha256", EVP_sha256},
    {Hash::sha384, "sha384", EVP_sha384},
    {Hash::sha512, "sha512", EVP_sha512},
}};

}  // namespace

Result<Hash> parse_hash(std::string_view text) {
    for (auto const& row : k_hashes) {
        if (iequals(row.text, text)) return row.hash;
    }
    return fail(errors::gen::invalid_input,
                {{"field", "hash"}, {"detail", std::string(text) + " is none of sha256, sha384, sha512, sha1"}});
}

evp_md_st const* digest_for(evp_pkey_st const* key, Hash hash) {
    EVP_MD const* const own = signing_digest(key);
    if (own == nullptr || hash == Hash::automatic) return own;
    for (auto const& row : k_hashes) {
        if (row.hash == hash) return row.method();
    }
    return own;
}

}  // namespace countersign::pki
