#pragma once

/// Requests for certificates of systems on their way to an authority that people ask, and the answers on their way back (docs/by-hand.md,
/// docs/decisions/0055). Enforcement makes the requests and installs the answers; here they are packed, matched, checked and kept.

#include "manager/certificates/answers.hpp"
#include "manager/certificates/internal_ca.hpp"
#include "manager/store/request_store.hpp"

#include <functional>

namespace countersign::manager {

class RequestDesk {
public:
    struct Links {
        Store& store;
        InternalCa& authority;  ///< whose roots the estate trusts
        net::BlockingPool& pool;
        std::shared_ptr<Clock const> clock;
        /// These can go on now; recorded as `actor`.
        std::function<net::Task<Result<void>>(std::vector<SystemId>, std::string actor)> enforce;
        std::function<void(std::string kind, std::int64_t id)> announce;
        int request_days = k_request_days;
    };
    explicit RequestDesk(Links links) : links_(std::move(links)) {}

    [[nodiscard]] RequestStore& requests() { return links_.store.requests(); }

    enum class Form { zip, tar };
    struct Bundle {
        std::string file_name;
        std::string bytes;
        std::size_t requests = 0;
    };
    /// The open requests that the filter means, one PEM file each, and manifest.json. MGR-176 when there is none, MGR-177 when there are
    /// too many.
    net::Task<Result<Bundle>> download(RequestFilter filter, Form form, std::string actor);
    /// Everything in one look (answers.hpp). What is taken is stored before this returns, and its systems are enforced. An Error only when
    /// the store fails.
    net::Task<Result<JudgedAnswers>> answer(std::vector<AnswerFile> files, std::string actor);
    /// GEN-003, MGR-174. Enforcement makes another one when it is still needed.
    net::Task<Result<RequestEntry>> discard(RequestId id, std::string actor);

private:
    net::Task<Result<std::vector<RequestEntry>>> accept(JudgedAnswers& judged, std::string actor);

    Links links_;
};

/// The files of a bundle. Pure.
std::vector<std::pair<std::string, std::string>> bundle_files(std::vector<RequestEntry> const& requests, UtcTime now);

}  // namespace countersign::manager
