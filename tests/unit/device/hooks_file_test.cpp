#include "device/hooks/hooks_file.hpp"

#include "countersign/errors/gen.hpp"

#include <gtest/gtest.h>

namespace countersign::device {
namespace {

TEST(HooksFile, HoldsWhatAHookNeeds) {
    auto const hooks = parse_hooks(R"(
[[hook]]
name = "nginx"
certificate = "/etc/nginx/cert.pem"
key = "/etc/nginx/key.pem"
mode = "0600"
owner = "0"
check = ["nginx", "-t"]
reload = ["nginx", "-s", "reload"]
timeout = 5
retry = 2
[[hook]]
name = "other"
identity = "media"
combined = "/srv/all.pem"
trust = "/srv/trust.pem"
)",
                                   "hooks.toml");
    ASSERT_TRUE(hooks) << hooks.error().explanation();
    ASSERT_EQ(hooks->size(), 2U);
    auto const& first = hooks->front();
    EXPECT_EQ(first.files.size(), 2U);
    EXPECT_EQ(first.access.mode, 0600U);
    EXPECT_EQ(first.access.owner, 0U);
    EXPECT_EQ(first.check, (std::vector<std::string>{"nginx", "-t"}));
    EXPECT_EQ(first.timeout, std::chrono::seconds(5));
    EXPECT_EQ(first.first_retry, std::chrono::seconds(2));
    EXPECT_EQ(hooks->back().identity, "media");
    EXPECT_EQ(hooks->back().access.mode, 0640U);
    EXPECT_EQ(hooks->back().files.front().first, HookPart::combined);
}

TEST(HooksFile, MayBeEmpty) {
    auto const hooks = parse_hooks("# nothing\n", "hooks.toml");
    ASSERT_TRUE(hooks);
    EXPECT_TRUE(hooks->empty());
}

TEST(HooksFile, TellsEveryProblemAtOnce) {
    auto const hooks = parse_hooks(R"(
[[hook]]
name = "a b"
key = "relative.pem"
mode = "0644"
check = "nginx -t"
timeout = 0
colour = "red"
[[hook]]
name = "two"
)",
                                   "hooks.toml");
    ASSERT_FALSE(hooks);
    EXPECT_EQ(hooks.error().id(), errors::gen::several_problems);
    EXPECT_EQ(hooks.error().causes().size(), 8U) << hooks.error().explanation();
}

TEST(HooksFile, RefusesEachOfThese) {
    for (std::string const text : {
             "[[hook]]\nname = 'x'\nkey = '/a/../etc/shadow'\n",       // leads elsewhere
             "[[hook]]\nname = 'x'\nkey = '/a/'\n",                    // a folder
             "[[hook]]\nname = 'x'\nkey = '/a'\ntrust = '/a'\n",       // two parts in one file
             "[[hook]]\nname = 'x'\nkey = '/a'\nreload = []\n",        // no program
             "[[hook]]\nname = 'x'\nkey = '/a'\nreload = ['']\n",      // nor this
             "[[hook]]\nname = 'x'\nkey = '/a'\nreload = ['a', 1]\n",  // not texts
             "[[hook]]\nname = 'x'\nkey = '/a'\nmode = '0200'\n",      // nobody could read it
             "[[hook]]\nname = 'x'\nkey = '/a'\nmode = '4640'\n",      // set-user-id
             "[[hook]]\nname = 'x'\nkey = '/a'\nowner = 'nobody-of-that-name'\n",
             "[[hook]]\nname = 'x'\nkey = '/a'\n[[hook]]\nname = 'x'\nkey = '/b'\n",
             "[[hook]]\nname = 'x'\nkey = '/a'\n[[hook]]\nname = 'y'\nkey = '/a'\n",
             "hook = 5\n",
             "[hook]\nname = 'x'\n",
             "other = 1\n",
             "[[hook]\n",
         }) {
        EXPECT_FALSE(parse_hooks(text, "hooks.toml")) << text;
    }
}

}  // namespace
}  // namespace countersign::device
