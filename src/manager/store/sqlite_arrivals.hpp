#pragma once

#include "manager/store/arrival_store.hpp"
#include "manager/store/backing.hpp"

namespace countersign::manager::store {

class SqliteArrivals final : public ArrivalStore {
public:
    explicit SqliteArrivals(Backing& backing) : backing_(backing) {}
    net::Task<Result<ArrivalId>> add_preregistration(Preregistration wanted, std::optional<SecretText> password,
                                                     std::string actor) override;
    net::Task<Result<Preregistration>> get_preregistration(ArrivalId id) override;
    net::Task<Result<std::vector<Preregistration>>> list_preregistrations(ArrivalId after, std::size_t limit) override;
    net::Task<Result<void>> remove_preregistration(ArrivalId id, std::string actor) override;
    net::Task<Result<std::optional<Preregistration>>> find_preregistration(std::string mac_address, std::string serial_number) override;
    net::Task<Result<std::optional<SecretText>>> get_preregistered_password(ArrivalId id) override;
    net::Task<Result<void>> note_preregistered_call(ArrivalId id, SystemId system, std::string address) override;
    net::Task<Result<void>> confirm_preregistration(ArrivalId id) override;
    net::Task<Result<std::optional<Preregistration>>> unconfirmed_preregistration_of(SystemId system) override;
    net::Task<Result<Noted>> note_unknown_caller(UnknownCaller said, WaitingLimits limits) override;
    net::Task<Result<WaitingSystem>> get_waiting(ArrivalId id) override;
    net::Task<Result<std::vector<WaitingSystem>>> list_waiting(bool rejected, ArrivalId after, std::size_t limit) override;
    net::Task<Result<void>> reject_waiting(ArrivalId id, std::string actor) override;
    net::Task<Result<void>> remove_waiting(ArrivalId id, std::string actor, std::string why) override;

private:
    Backing& backing_;
};

}  // namespace countersign::manager::store
