#pragma once

/// The manager's own authority: a root that signs system and manager certificates. Its key is sealed in the store.

#include "manager/store/store.hpp"
#include "net/task.hpp"
#include "pki/issue.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace countersign::manager {

class InternalCa {
public:
    /// Loads it from the store, or makes it (ECDSA P-256, ten years) and stores it.
    static net::Task<Result<std::unique_ptr<InternalCa>>> open(Store& store, net::BlockingPool& pool, std::shared_ptr<Clock const> clock,
                                                               std::string organization);
    virtual ~InternalCa() = default;
    /// What systems and people must trust: its own root first, then those of others. Any thread.
    [[nodiscard]] virtual std::vector<pki::Certificate> roots() const = 0;
    /// Roots of others that the estate trusts besides, from now on; and fingerprints of those that it trusted once and does not any
    /// more, so that systems forget them, too. They replace what was said before. Any thread.
    virtual void trust_also(std::vector<pki::Certificate> others, std::vector<std::string> withdrawn) = 0;
    [[nodiscard]] virtual std::vector<std::string> withdrawn() const = 0;
    /// A new key and certificate for a system: serverAuth and clientAuth; its name is the host name, and its address only while it
    /// is tracked by address. Made on the blocking pool; not stored: the caller stores it as pending. CRT-018, CRT-019.
    virtual net::Task<Result<PendingCertificate>> issue_for_system(System system, Policy policy) = 0;
    /// The manager's own: made when there is none, or it ends within a third of its life, or the name changed.
    virtual net::Task<Result<PendingCertificate>> manager_certificate(std::string host_name, std::vector<std::string> addresses) = 0;
};

/// Writes the authority's roots as PEM, for people and their browsers (`ca.pem` of the data folder). FIL-002.
Result<void> write_roots(InternalCa const& authority, std::filesystem::path const& file);

}  // namespace countersign::manager
