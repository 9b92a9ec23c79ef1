#pragma once

/// A token of SoftHSM for tests, in a folder of its own.

#include "support/program.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace countersign::testing {

inline std::string const k_soft_module = "/usr/lib/softhsm/libsofthsm2.so";

/// One token of SoftHSM in a folder, made with pkcs11-tool: RSA key "root", EC key "sub", two keys "twin". For all tests of the
/// program: a process has one SoftHSM with one configuration.
class SoftToken {
public:
    static SoftToken const& get() {
        static SoftToken const token;
        return token;
    }
    [[nodiscard]] TemporaryFolder const& folder() const { return folder_; }
    void tool(std::string const& arguments) const {
        auto const ran = run_in(folder_, "pkcs11-tool --module " + k_soft_module + " --token-label estate " + arguments);
        EXPECT_EQ(ran.exit_code, 0) << arguments << "\n" << ran.output;
    }

private:
    SoftToken() {
        std::filesystem::create_directory(folder_.path() / "tokens");
        auto const settings = folder_.file("softhsm2.conf", "directories.tokendir = " + (folder_.path() / "tokens").string() +
                                                                "\nobjectstore.backend = file\nlog.level = ERROR\n");
        setenv("SOFTHSM2_CONF", settings.c_str(), 1);
        auto const ran = run_in(folder_, "softhsm2-util --init-token --free --label estate --so-pin 5678 --pin 1234");
        if (ran.exit_code != 0) throw std::runtime_error(ran.output);
        tool("--login --pin 1234 --keypairgen --key-type rsa:2048 --label root --id 01");
        tool("--login --pin 1234 --keypairgen --key-type EC:prime256v1 --label sub --id 02");
        tool("--login --pin 1234 --keypairgen --key-type EC:prime256v1 --label twin --id 03");
        tool("--login --pin 1234 --keypairgen --key-type EC:secp384r1 --label twin --id 04");
    }
    TemporaryFolder folder_;
};

}  // namespace countersign::testing
