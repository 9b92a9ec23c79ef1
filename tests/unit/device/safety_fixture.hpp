#pragma once

/// Units whose family file got more lines, and what the tests of alarms, trials, flags and factory defaults share.

#include "device/safety.hpp"
#include "unit/device/certificates_fixture.hpp"
#include "unit/device/unit_fixture.hpp"

#include <string>
#include <utility>
#include <vector>

namespace countersign::device::testing {

inline Actor const k_owner{"http", "admin", "127.0.0.1"};

class SafetyTest : public UnitTest {
protected:
    /// A family of this repository with `more` at its end.
    static family::FamilyPtr family_with(std::string const& id, std::string const& more) {
        auto text = host::read_file(fs::path(CS_SOURCE_DIR) / "families" / (id + ".toml")).value() + "\n" + more;
        auto parsed = family::parse_family(text, id + ".toml");
        if (!parsed) throw std::runtime_error(parsed.error().explanation());
        return *parsed;
    }
    std::shared_ptr<Unit> boot_of(family::FamilyPtr const& family, UnitSpec spec = {}) {
        if (spec.serial.empty()) spec.serial = "T" + std::to_string(units_.size() + 1);
        if (spec.address == "127.0.0.1") spec.address = fresh_address();
        spec.family = family->id;
        auto made = net::run(runtime_, Unit::create(environment_, family, std::move(spec), runtime_.executor(0)));
        if (!made) throw std::runtime_error(made.error().explanation());
        units_.push_back(*made);
        auto booted = on_unit(**made, [](auto held) { return held->boot(); });
        if (!booted) throw std::runtime_error(booted.error().explanation());
        return *made;
    }
    /// As if the program had been killed: nothing is closed in order but the ports.
    std::shared_ptr<Unit> again(std::shared_ptr<Unit>& unit) {
        auto spec = unit->spec();
        on_unit(*unit, [](auto held) { return held->power_off(); });
        units_.clear();
        unit.reset();
        return boot_of(families().get(spec.family).value(), std::move(spec));
    }
    Result<Outcome> apply(std::shared_ptr<Unit> const& unit, std::vector<Change> changes, Actor const& actor = k_owner) {
        return call(unit, [changes, actor](Unit& held) { return held.apply(changes, actor); });
    }
    Result<Outcome> install(std::shared_ptr<Unit> const& unit, CertificatePair const& pair, std::string const& trust = {}) {
        return call(unit, [&pair, &trust](Unit& held) {
            Upload upload{.certificate = pki::to_pem(pair.chain), .private_key = pair.key.to_pem(), .passphrase = {}, .trust_store = {}};
            if (!trust.empty()) upload.trust_store = trust;
            return held.install(std::move(upload), k_owner);
        });
    }
    std::string fact(std::shared_ptr<Unit> const& unit, std::string const& name) {
        return call(unit, [&name](Unit& held) { return held.fact(name).value_or("(none)"); });
    }
    std::string stored(std::shared_ptr<Unit> const& unit, std::string const& canonical) {
        return call(unit, [&canonical](Unit& held) { return held.stored_canonical(canonical); });
    }
    void set_password(std::shared_ptr<Unit> const& unit, std::string const& password) {
        auto done = call(unit, [&password](Unit& held) { return held.set_password(SecretText(password), k_owner); });
        EXPECT_TRUE(done);
    }
    /// Ids of the alarms that are on.
    std::vector<std::string> alarms(std::shared_ptr<Unit> const& unit) {
        return call(unit, [](Unit& held) {
            std::vector<std::string> out;
            for (auto const& alarm : held.alarms().active()) out.push_back(alarm.id);
            return out;
        });
    }
    std::string alarm_text(std::shared_ptr<Unit> const& unit, std::string const& id) {
        return call(unit, [&id](Unit& held) {
            for (auto const& alarm : held.alarms().active())
                if (alarm.id == id) return alarm.text;
            return std::string("(no such alarm)");
        });
    }
    void look(std::shared_ptr<Unit> const& unit) {
        call(unit, [](Unit& held) {
            held.alarms().check_certificates();
            return 0;
        });
    }
    void restart(std::shared_ptr<Unit> const& unit) {
        auto booted = await_event(unit, "boot.done");
        call(unit, [](Unit& held) {
            held.request_restart(k_owner);
            return 0;
        });
        ASSERT_TRUE(booted.happened());
    }
    Result<Trial::State> begin(std::shared_ptr<Unit> const& unit, std::chrono::seconds within, Actor const& actor = k_owner) {
        return call(unit, [within, actor](Unit& held) { return held.trial().begin(within, actor); });
    }
    Result<void> confirm(std::shared_ptr<Unit> const& unit, std::string const& id, Actor const& actor = k_owner) {
        return call(unit, [&id, actor](Unit& held) { return held.trial().confirm(id, actor); });
    }
    Result<CommandAnswer> command(std::shared_ptr<Unit> const& unit, std::string path, std::vector<family::Argument> arguments,
                                  Actor actor = k_owner) {
        return net::run(runtime_, unit->run_command(std::move(path), std::move(arguments), {}, std::move(actor)));
    }
};

}  // namespace countersign::device::testing
