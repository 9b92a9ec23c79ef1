#include "manager/observe/policy_of.hpp"

#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"

namespace countersign::manager {

namespace {

net::Task<Result<Policy>> read_policy(Store& store, SystemId id, FolderId folder) {
    CS_CO_TRY(auto policy, co_await store.folder_policy().effective_policy(folder));
    // A campaign may have taken this one to another goal than the whole estate's, or its folder's.
    CS_CO_TRY(auto const goal, co_await store.campaigns().find_goal(id));
    if (goal && !goal->hold) {
        policy.secure_only = goal->mode;
        if (goal->trial_seconds > 0) policy.trial_seconds = goal->trial_seconds;
        std::erase_if(policy.exceptions, [](PolicyException const& one) { return one.kind == ExceptionKind::mode; });
    }
    co_return policy;
}

}  // namespace

net::Task<Result<Policy>> policy_of(Store& store, System const& system) { return read_policy(store, system.id, system.folder); }

}  // namespace countersign::manager
