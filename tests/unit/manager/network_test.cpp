#include "manager/estate/network.hpp"

#include "manager/campaign/campaigns.hpp"
#include "manager/manager.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

namespace countersign::testing {
namespace {

using manager::SecureOnly;

/// How the manager's own doors and names may be set (REQ MGR-7, MGR-8).
class NetworkTest : public StoreTest {
protected:
    NetworkTest() {
        id_ = get(store_->add_system({.name = "room1", .family = "c-series", .host_name = "room1.example.test"}, std::nullopt, "test"));
        store_.reset();
        auto made = manager::Manager::create(runtime_, {.data = folder_.path(), .host_name = "manager.example.test"},
                                             *family::Families::load_embedded(), clock_);
        if (made) manager_ = *made;
    }
    void SetUp() override { ASSERT_TRUE(manager_); }
    ErrorId override_dns() {
        auto changed = wait(manager_->network().change({.override_dns = true}, "admin"));
        if (changed) get(manager_->network().change({.override_dns = false}, "admin"));
        return changed ? ErrorId{} : changed.error().id();
    }

    manager::SystemId id_ = 0;
    std::shared_ptr<manager::Manager> manager_;
};

TEST_F(NetworkTest, override_dns_is_refused_where_anything_is_under_secure_only) {
    EXPECT_EQ(override_dns(), ErrorId{});
    auto& exceptions = manager_->store().folder_policy();
    manager::PolicyException exception{.kind = manager::ExceptionKind::mode, .value = "off", .reason = "old", .owner = "ops"};
    exception.ends = clock_->now() + std::chrono::hours(1);
    get(exceptions.add_exception(exception, "admin"));
    EXPECT_EQ(override_dns(), ErrorId{}) << "an exception that says Off";
    exception.value = "on";
    auto const on = get(exceptions.add_exception(exception, "admin"));
    EXPECT_EQ(override_dns(), errors::mgr::not_with_secure_only);
    clock_->advance(std::chrono::hours(2));
    EXPECT_EQ(override_dns(), ErrorId{}) << "it ended";
    get(exceptions.remove_exception(on.id, "admin"));

    auto& campaigns = manager_->store().campaigns();
    manager::Campaign campaign;
    campaign.settings.name = "floor 3";
    campaign.settings.mode = SecureOnly::verify;
    auto const started = get(campaigns.add(campaign, {{.system = id_, .name = "room1", .wave = 1}}, "admin"));
    EXPECT_EQ(override_dns(), ErrorId{}) << "its turn has not come";
    get(campaigns.apply(started, {.start = {id_}}));
    EXPECT_EQ(override_dns(), errors::mgr::not_with_secure_only);
}

TEST_F(NetworkTest, a_campaign_to_off_is_refused_while_http_is_closed) {
    auto settings = manager_->network().now();
    settings.plain_http = manager::PlainDoor::forbidden;
    get(manager_->store().network().set_network(settings, "test"));
    get(manager_->network().load());
    auto policy = get(manager_->store().get_policy());
    policy.secure_only = SecureOnly::off;
    auto const refused = wait(manager_->check_ready(policy));
    ASSERT_FALSE(refused);
    manager::CampaignRequest request;
    request.systems = {id_};
    request.mode = SecureOnly::off;
    auto const started = wait(manager_->campaigns().start(request, "admin"));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().id(), refused.error().id()) << started.error().message();
    EXPECT_TRUE(get(manager_->store().campaigns().list(0, 10)).empty());
}

}  // namespace
}  // namespace countersign::testing
