#pragma once

/// The estate's trust list: the root of the internal authority, and roots of others that a person added (REQ TRU-1; seed 004, Level 4
/// step 2). Certificates of systems below any of them count as verified; systems that verify get all of them.

#include "manager/certificates/own_certificate.hpp"

namespace countersign::manager {

/// A root and what needs it.
struct EstateRoot {
    pki::Certificate certificate;
    bool internal = false;
    std::optional<UtcTime> added;
    std::string added_by;
    std::vector<std::string> needed_by_manager;  ///< "the manager's own certificate" ...
    NamedSystems systems;                        ///< whose served chain ends here
    NamedSystems lacking;                        ///< that check the manager and do not trust it yet
};

class EstateRoots {
public:
    struct Links {
        Store& store;
        InternalCa& authority;
        OwnCertificate& own;
        std::shared_ptr<Clock const> clock;
        /// The file in which people and their programs find the roots is to be written.
        std::function<Result<void>()> publish;
    };
    explicit EstateRoots(Links links) : links_(std::move(links)) {}

    /// Reads the list and tells the authority.
    net::Task<Result<void>> load();
    /// The internal ones first (two while one is replaced), then the others, oldest first. `most` systems are named of each.
    net::Task<Result<std::vector<EstateRoot>>> list(std::size_t most);
    net::Task<Result<EstateRoot>> get(std::string fingerprint);  ///< GEN-003
    /// See read_roots; MGR-120 when all are there already, MGR-122. What was added.
    net::Task<Result<std::vector<pki::Certificate>>> add(std::string file, std::string actor);
    /// MGR-119 for the internal one. MGR-118 while something depends on it: what the manager serves or has staged always, systems and
    /// the certificate before unless `accepted`.
    net::Task<Result<void>> remove(std::string fingerprint, bool accepted, std::string actor);

private:
    net::Task<Result<EstateRoot>> describe(pki::Certificate certificate, ForeignRoot const* foreign, std::size_t most);
    Links links_;
};

}  // namespace countersign::manager
