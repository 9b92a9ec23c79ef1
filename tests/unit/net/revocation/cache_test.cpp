#include "authority.hpp"

namespace countersign::net {
namespace {

using Names = AskedAuthority::Names;

class Cache : public HttpTest {
protected:
    AskedAuthority authority{loops.executors()};
    std::shared_ptr<MovedClock> clock = std::make_shared<MovedClock>(authority.now());
    std::shared_ptr<RevocationCache> cache = make();

    std::shared_ptr<RevocationCache> make(RevocationCache::Settings settings = {}) {
        settings.clock = clock;
        return std::make_shared<RevocationCache>(loops.executor(), settings);
    }
    std::vector<pki::Certificate> chain(Names names) {
        return {authority.issue("sys1.example.test", names).chain.front(), authority.root()};
    }
    KnownRevocation fetch(std::vector<pki::Certificate> const& path) { return loops.await(cache->fetch(path)); }
    /// Until nothing is asked any more.
    void settle() {
        while (cache->size().asking != 0) loops.await(sleep_for(1ms));
    }
    pki::RevocationState state(KnownRevocation const& known, std::vector<pki::Certificate> const& path) {
        for (auto const& response : known.responses)
            if (auto const answer = response.check(path[0], path[1], clock->now())) return answer->state;
        return pki::RevocationState::unknown;
    }
};

TEST_F(Cache, knows_nothing_at_first_asks_in_the_background_and_knows_then) {
    auto const path = chain(Names::responder);
    auto const first = cache->known(path);
    EXPECT_FALSE(first.complete);
    EXPECT_TRUE(first.responses.empty());
    settle();
    auto const second = cache->known(path);
    EXPECT_TRUE(second.complete);
    EXPECT_EQ(state(second, path), pki::RevocationState::good);
    settle();
    EXPECT_EQ(authority.answers_given(), 1);
}

TEST_F(Cache, fetch_waits_for_lists_and_for_responders) {
    for (auto names : {Names::lists, Names::responder}) {
        auto const path = chain(names);
        auto const known = fetch(path);
        EXPECT_TRUE(known.complete);
        EXPECT_EQ(known.lists.size() + known.responses.size(), 1u);
    }
}

TEST_F(Cache, asks_for_no_list_when_the_responder_answers_and_for_the_list_when_it_does_not) {
    auto path = chain(Names::both);
    EXPECT_TRUE(fetch(path).complete);
    EXPECT_EQ(authority.lists_given(), 0);
    authority.answer_with(503);
    path = chain(Names::both);
    EXPECT_FALSE(fetch(path).complete);
    EXPECT_EQ(authority.lists_given(), 1);
}

TEST_F(Cache, has_nothing_to_do_for_chains_that_name_nobody) {
    auto const path = chain(Names::nothing);
    EXPECT_TRUE(cache->known(path).complete);
    EXPECT_TRUE(fetch(path).complete);
    EXPECT_TRUE(cache->known({}).complete);
    EXPECT_EQ(cache->size().asking, 0u);
}

TEST_F(Cache, asks_once_however_many_want_to_know) {
    auto const path = chain(Names::responder);
    auto everybody = [](std::shared_ptr<RevocationCache> shared, std::vector<pki::Certificate> asked) -> Task<int> {
        auto complete = std::make_shared<std::atomic<int>>(0);
        co_await for_each_bounded(50, 50, [shared, asked, complete](std::size_t) -> Task<> {
            auto const known = co_await shared->fetch(asked);
            if (known.complete) ++*complete;
        });
        co_return complete->load();
    };
    EXPECT_EQ(loops.await(everybody(cache, path)), 50);
    EXPECT_EQ(authority.answers_given(), 1);
}

TEST_F(Cache, fetches_one_list_for_all_certificates_of_its_authority) {
    EXPECT_TRUE(fetch(chain(Names::lists)).complete);
    EXPECT_TRUE(fetch(chain(Names::lists)).complete);
    EXPECT_EQ(authority.lists_given(), 1);
    EXPECT_EQ(cache->size().lists, 1u);
}

TEST_F(Cache, asks_again_before_the_end_and_forgets_after_it) {
    auto const path = chain(Names::responder);
    EXPECT_TRUE(fetch(path).complete);
    clock->advance(44min);
    cache->known(path);
    settle();
    EXPECT_EQ(authority.answers_given(), 1);
    authority.shift_time(58min);
    authority.revoke(path.front());
    clock->advance(14min);
    // Close to the end: the old answer still holds, the new one is on its way.
    EXPECT_EQ(state(cache->known(path), path), pki::RevocationState::good);
    settle();
    EXPECT_EQ(authority.answers_given(), 2);
    EXPECT_EQ(state(cache->known(path), path), pki::RevocationState::revoked);
    clock->advance(2h);
    authority.answer_with(503);
    EXPECT_FALSE(cache->known(path).complete);
    settle();
    EXPECT_TRUE(cache->known(path).responses.empty());
}

TEST_F(Cache, keeps_the_newer_answer_when_an_older_one_is_played_again) {
    auto const path = chain(Names::lists);
    EXPECT_TRUE(fetch(path).complete);
    auto const first = cache->known(path).lists.front().this_update();
    clock->advance(58min);
    authority.shift_time(-10min);
    cache->known(path);
    settle();
    EXPECT_EQ(authority.lists_given(), 2);
    EXPECT_EQ(cache->known(path).lists.front().this_update(), first);
}

TEST_F(Cache, leaves_alone_for_a_while_who_failed) {
    authority.answer_with(503);
    auto const path = chain(Names::both);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(fetch(path).complete);
    EXPECT_EQ(authority.answers_given(), 1);
    EXPECT_EQ(authority.lists_given(), 1);
    EXPECT_EQ(cache->size().pausing, 2u);
    // Nor for another certificate of the same authority.
    EXPECT_FALSE(fetch(chain(Names::both)).complete);
    EXPECT_EQ(authority.answers_given(), 1);
}

TEST_F(Cache, asks_again_when_the_pause_is_over) {
    cache = make({.first_pause = 1ms, .longest_pause = 2ms});
    authority.answer_with(503);
    auto const path = chain(Names::responder);
    EXPECT_FALSE(fetch(path).complete);
    authority.answer_with(0);
    while (!fetch(path).complete) loops.await(sleep_for(1ms));
    EXPECT_EQ(cache->size().pausing, 0u);
}

TEST_F(Cache, stores_nothing_that_others_signed) {
    AskedAuthority const stranger(loops.executors());
    authority.sign_with(stranger.issuer());
    auto const path = chain(Names::both);
    auto const known = fetch(path);
    EXPECT_FALSE(known.complete);
    EXPECT_TRUE(known.lists.empty());
    EXPECT_TRUE(known.responses.empty());
}

TEST_F(Cache, stores_nothing_that_is_out_of_date) {
    authority.shift_time(-2h);
    auto const known = fetch(chain(Names::both));
    EXPECT_FALSE(known.complete);
    EXPECT_EQ(cache->size().lists + cache->size().responses, 0u);
}

TEST_F(Cache, is_bounded) {
    cache = make({.list_bytes = 2000, .responses = 3});
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(fetch(chain(Names::responder)).complete);
    EXPECT_EQ(cache->size().responses, 3u);
    for (int i = 0; i < 100; ++i) authority.revoke(chain(Names::nothing).front());
    auto const path = chain(Names::lists);
    EXPECT_FALSE(fetch(path).complete);  // a list larger than everything that may be kept
    EXPECT_EQ(cache->size().list_bytes, 0u);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(fetch(path).complete);
    settle();
    EXPECT_EQ(authority.lists_given(), 1) << "it is not fetched again at once";
}

TEST_F(Cache, asks_about_few_at_once_when_nobody_waits) {
    cache = make({.background = 0});
    EXPECT_FALSE(cache->known(chain(Names::responder)).complete);
    EXPECT_EQ(cache->size().asking, 0u);
    EXPECT_TRUE(fetch(chain(Names::responder)).complete);
}

TEST_F(Cache, may_go_while_questions_are_open) {
    cache->known(chain(Names::both));
    cache.reset();
    SUCCEED();
}

}  // namespace
}  // namespace countersign::net
