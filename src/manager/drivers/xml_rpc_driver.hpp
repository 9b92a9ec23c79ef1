#pragma once

/// The driver "pages": facts and commands by XML-RPC, settings and uploads through the forms of the system's pages (protocols 3).

#include "dialect/xml_rpc.hpp"
#include "manager/drivers/pages_driver.hpp"

namespace countersign::manager {

class XmlRpcDriver final : public PagesDriver {
public:
    using PagesDriver::PagesDriver;

private:
    net::Task<Result<void>> add_facts(std::string method, Facts& facts) override;
    net::Task<Result<void>> run(family::Command const& command, std::vector<family::Argument> arguments) override;
    /// NET-012 when the password would be sent in clear.
    net::Task<Result<dialect::xml_rpc::Value>> call(std::string method, dialect::xml_rpc::Struct members);
};

}  // namespace countersign::manager
