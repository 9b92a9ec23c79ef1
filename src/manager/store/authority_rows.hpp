#pragma once

#include "manager/store/authority_store.hpp"
#include "manager/store/backing.hpp"

namespace countersign::manager::store {

class AuthorityRows final : public AuthorityStore {
public:
    explicit AuthorityRows(Backing& backing) : backing_(backing) {}
    net::Task<Result<std::vector<KeptAuthority>>> all() override;
    net::Task<Result<void>> add(std::vector<KeptAuthority> fresh, std::string actor) override;
    net::Task<Result<std::uint64_t>> next_list_number(std::string fingerprint) override;
    net::Task<Result<std::optional<KeptReplacement>>> replacement() override;
    net::Task<Result<KeptReplacement>> begin_replacement(std::vector<KeptAuthority> fresh, int from, std::string actor) override;
    net::Task<Result<void>> enter_phase(ReplacementPhase phase, std::string detail, std::string actor) override;
    net::Task<Result<void>> note_manager_moved(std::string detail) override;
    net::Task<Result<void>> end_replacement(std::string detail, std::string actor) override;
    net::Task<Result<void>> cancel_replacement(std::string actor) override;
    net::Task<Result<NamedSystems>> users_of(std::vector<std::string> issuers, std::size_t most) override;
    net::Task<Result<NamedSystems>> holding(std::string root, std::size_t most) override;
    net::Task<Result<std::vector<SystemId>>> unreachable_of(std::vector<SystemId> systems) override;
    net::Task<Result<void>> drop_key(std::string fingerprint, std::string actor) override;
    net::Task<Result<void>> keep_list(std::string fingerprint, std::string pem, std::string actor) override;

private:
    void insert(Database& database, KeptAuthority const& one, std::string_view actor) const;

    Backing& backing_;
};

}  // namespace countersign::manager::store
