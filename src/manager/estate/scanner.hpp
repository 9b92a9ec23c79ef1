#pragma once

/// Finding systems in address ranges that a person names (REQ MGR-1). A scan asks each address over HTTPS, outside Secure-Only also over
/// HTTP and SNMP, which family it belongs to. No password is sent, and nothing that answers is believed: what was found is shown, and
/// added when a person (or the rule that he gave) says so; then it is looked at as any other system.
///
/// Limits: 65,536 addresses and 500 addresses a second in one scan, one scan at a time. Scans are kept in memory: the newest ten.

#include "manager/estate/address_ranges.hpp"
#include "manager/manager.hpp"
#include "manager/observe/wire.hpp"

#include <mutex>

namespace countersign::manager {

using ScanId = std::int64_t;

struct ScanOrder {
    std::vector<std::string> ranges;
    int rate = 50;                ///< addresses a second, 1 to 500
    bool over_snmp = true;        ///< as far as the network settings and Secure-Only allow it
    bool add_recognised = false;  ///< the rule: what is recognised is added at once
    std::string folder;           ///< for what is added
};

struct ScanFinding {
    std::string address;
    std::string family;                ///< id; empty: something answers and no family fits
    std::string software;              ///< as SNMP or the page told; empty: not told without a log-in
    std::string name;                  ///< sysName, else the common name of its certificate
    std::string host_name;             ///< the name of its certificate, when DNS says that it is this address
    std::vector<std::string> answers;  ///< "https", "http", "snmp"
    std::string fingerprint;           ///< of its certificate
    SystemId system = 0;               ///< it is in the estate already, or was added
    bool added = false;                ///< by this scan
    std::string problem;               ///< why it could not be added
};

enum class ScanState { running, done, cancelled };

struct Scan {
    ScanId id = 0;
    ScanState state = ScanState::running;
    ScanOrder order;
    std::string actor;
    bool with_snmp = false;  ///< what it really does
    bool with_http = false;
    std::string note;  ///< why it asks less than was wanted
    std::uint64_t addresses = 0;
    std::uint64_t looked_at = 0;
    UtcTime started{};
    std::optional<UtcTime> ended;
    std::vector<ScanFinding> findings;
};
std::string_view to_string(ScanState state);

class Scanner {
public:
    using Add = std::function<net::Task<Result<System>>(NewSystem, std::string folder, std::string actor)>;
    Scanner(net::Runtime& runtime, Store& store, family::Families families, Wire wire, Add add, std::function<void(Event)> publish);
    ~Scanner();

    /// What start() would do, without a single packet: addresses, protocols, how long. MGR-087, MGR-088, GEN-001.
    net::Task<Result<Scan>> look_ahead(ScanOrder order);
    /// MGR-089 while another one runs.
    net::Task<Result<Scan>> start(ScanOrder order, std::string actor);
    [[nodiscard]] std::vector<Scan> list() const;     ///< newest first, without findings
    [[nodiscard]] Result<Scan> get(ScanId id) const;  ///< GEN-003
    Result<Scan> cancel(ScanId id);
    /// Adds what was found at these addresses. Problems stand at the findings; GEN-003 for an address that was not found.
    net::Task<Result<Scan>> add(ScanId id, std::vector<std::string> addresses, std::string folder, std::string actor);
    /// Ends a scan that runs.
    net::Task<> stop();

private:
    struct Running;
    net::Task<> run(std::shared_ptr<Running> running);
    net::Task<> look_at(std::shared_ptr<Running> running, std::string address);
    net::Task<> add_finding(std::shared_ptr<Running> running, std::string address, std::string folder, std::string actor);

    net::Runtime& runtime_;
    Store& store_;
    family::Families families_;
    Wire wire_;
    Add add_;
    std::function<void(Event)> publish_;
    mutable std::mutex mutex_;
    ScanId next_ = 1;
    std::vector<std::shared_ptr<Running>> scans_;  ///< oldest first
};

}  // namespace countersign::manager
