#include "host/audit_chain.hpp"

#include "base/text.hpp"

#include <sodium.h>

#include <array>
#include <initializer_list>

namespace countersign::host {
namespace {

constexpr std::string_view k_form = "countersign-audit-1";
constexpr std::string_view k_start = "0000000000000000000000000000000000000000000000000000000000000000";

class Hash {
public:
    Hash() { crypto_hash_sha256_init(&state_); }
    /// Eight bytes of length, the most significant first, then the bytes: no two lists of fields are the same bytes.
    void field(std::string_view bytes) {
        std::array<unsigned char, 8> length{};
        auto rest = static_cast<std::uint64_t>(bytes.size());
        for (std::size_t i = length.size(); i-- > 0; rest >>= 8) length.at(i) = static_cast<unsigned char>(rest & 0xff);
        crypto_hash_sha256_update(&state_, length.data(), length.size());
        crypto_hash_sha256_update(&state_, reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size());
    }
    std::string end() {
        std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
        crypto_hash_sha256_final(&state_, digest.data());
        return to_hex(digest);
    }

private:
    crypto_hash_sha256_state state_{};
};

std::string range(std::int64_t first, std::int64_t last) {
    if (first == last) return "record " + std::to_string(first) + " is";
    return "records " + std::to_string(first) + " to " + std::to_string(last) + " are";
}

}  // namespace

std::string_view audit_chain_start() { return k_start; }

std::string audit_hash(std::string_view previous, AuditLink const& record) {
    Hash hash;
    hash.field(k_form);
    hash.field(previous);
    hash.field(std::to_string(record.id));
    hash.field(std::to_string(record.at));
    for (auto text : {record.actor, record.action, record.subject, record.detail}) hash.field(text);
    return hash.end();
}

std::string_view to_string(AuditBreak::Kind kind) {
    using enum AuditBreak::Kind;
    switch (kind) {
        case changed: return "changed";
        case missing: return "missing";
        case out_of_order: return "out_of_order";
        case end_missing: return "end_missing";
        case rewritten: return "rewritten";
        case not_ours: return "not_ours";
    }
    return "changed";
}

bool AuditVerifier::broken(AuditBreak::Kind kind, std::int64_t id, std::string text) {
    break_ = AuditBreak{kind, id, std::move(text)};
    return false;
}

bool AuditVerifier::take(AuditLink const& record, std::string_view hash) {
    if (break_) return false;
    auto const number = std::to_string(record.id);
    if (record.id <= head_.newest)
        return broken(AuditBreak::Kind::out_of_order, record.id,
                      "record " + number + " stands behind record " + std::to_string(head_.newest));
    if (audit_hash(head_.hash, record) != hash) {
        if (record.id == head_.newest + 1)
            return broken(AuditBreak::Kind::changed, record.id,
                          "record " + number + " is not what was written, or does not stand in its place");
        return broken(AuditBreak::Kind::missing, record.id,
                      range(head_.newest + 1, record.id - 1) + " missing before record " + number + ", or record " + number +
                          " is not what was written");
    }
    head_ = {head_.count + 1, record.id, std::string(hash)};
    return true;
}

std::optional<AuditBreak> AuditVerifier::finish(AuditHead const& head) {
    if (break_ || head == head_) return break_;
    auto const last = std::to_string(head_.newest);
    if (head_.newest < head.newest)
        broken(AuditBreak::Kind::end_missing, head_.newest + 1, range(head_.newest + 1, head.newest) + " missing at the end");
    else if (head_.newest > head.newest)
        broken(AuditBreak::Kind::not_ours, head.newest + 1,
               "the newest record that the manager wrote is " + std::to_string(head.newest) + ", the trail ends at " + last);
    else
        broken(AuditBreak::Kind::rewritten, head_.newest,
               "record " + last + " or one before it is not what the manager wrote: the chain was computed anew");
    return break_;
}

}  // namespace countersign::host
