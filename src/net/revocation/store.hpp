#pragma once

/// What the cache of revocation keeps: responses by certificate, lists by address, and which addresses rest after a failure.
/// Bounded in each; no I/O and no clock of its own. Internal to this folder; the owner locks.

#include "net/revocation.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace countersign::net::revocation {

using std::chrono::steady_clock;

/// When to ask again, and until when an answer holds.
struct Life {
    UtcTime refresh;
    UtcTime end;
};

class Store {
public:
    explicit Store(RevocationCache::Settings const& settings) : settings_(settings) {}

    struct Response {
        pki::OcspResponse response;
        pki::RevocationState state = pki::RevocationState::unknown;
        UtcTime this_update;
        Life life;
        std::uint64_t used = 0;
    };
    struct List {
        pki::Crl list;
        std::size_t bytes = 0;
        Life life;
        std::uint64_t used = 0;
    };
    /// Null when there is none that holds at `now`.
    Response const* find_response(std::string const& fingerprint, UtcTime now);
    List const* find_list(std::string const& url, UtcTime now);
    /// An answer that is older than the one that is here changes nothing: it may have been played again by somebody.
    void put(std::string const& fingerprint, pki::OcspResponse response, pki::OcspAnswer const& answer, UtcTime now);
    /// False when it is larger than all that may be kept.
    [[nodiscard]] bool put(std::string const& url, pki::Crl list, UtcTime now);

    [[nodiscard]] bool rests(std::string const& url, steady_clock::time_point now) const;
    void note_failure(std::string const& url, steady_clock::time_point now);
    void note_success(std::string const& url) { pauses_.erase(url); }

    void count(RevocationCache::Size& size) const;

private:
    struct Pause {
        steady_clock::time_point until;
        Milliseconds length{0};
    };
    Life life_of(std::optional<UtcTime> end, std::chrono::seconds otherwise, UtcTime now);

    RevocationCache::Settings const& settings_;
    std::map<std::string, Response, std::less<>> responses_;
    std::map<std::string, List, std::less<>> lists_;
    std::map<std::string, Pause, std::less<>> pauses_;
    std::size_t list_bytes_ = 0;
    std::uint64_t uses_ = 0;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace countersign::net::revocation
