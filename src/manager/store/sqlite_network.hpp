#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/network_store.hpp"

namespace countersign::manager::store {

class SqliteNetwork final : public NetworkStore {
public:
    explicit SqliteNetwork(Backing& backing) : backing_(backing) {}
    net::Task<Result<NetworkSettings>> get_network() override;
    net::Task<Result<void>> set_network(NetworkSettings settings, std::string actor) override;
    net::Task<Result<ConnectionSettings>> get_connection(SystemId id) override;
    net::Task<Result<Link>> get_link(SystemId id) override;
    net::Task<Result<void>> set_connection(SystemId id, ConnectionSettings settings, std::string actor) override;

private:
    Backing& backing_;
};

/// Settings as one JSON object, and back; what cannot be read is left out.
std::string to_document(std::map<std::string, std::string> const& settings);
std::map<std::string, std::string> parse_settings(std::string const& document);

}  // namespace countersign::manager::store
