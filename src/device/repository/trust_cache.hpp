#pragma once

/// The systems of an estate trust the same roots. One copy of them, with its OpenSSL store, serves all units of a program.

#include "pki/verify.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace countersign::device {

class TrustCache {
public:
    /// Lists that differ from all of the last few are kept too, up to this many; then the cache begins anew.
    static constexpr std::size_t k_lists = 64;

    /// The shared copy of these roots. Any thread may ask.
    pki::Anchors share(std::vector<pki::Certificate> const& roots) {
        std::string key;
        for (auto const& root : roots) key += root.fingerprint();
        std::scoped_lock lock(mutex_);
        if (lists_.size() >= k_lists && !lists_.contains(key)) lists_.clear();
        return lists_.try_emplace(std::move(key), roots).first->second;
    }

private:
    std::mutex mutex_;
    std::map<std::string, pki::Anchors> lists_;
};

}  // namespace countersign::device
