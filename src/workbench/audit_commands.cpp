#include "base/text.hpp"
#include "base/utc_time.hpp"
#include "host/audit_chain.hpp"
#include "host/files.hpp"
#include "workbench/commands.hpp"
#include "workbench/workbench.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <functional>
#include <iostream>

namespace countersign::workbench {
namespace {

constexpr std::size_t k_longest_export = std::size_t{4} << 30;  // bytes
constexpr std::string_view k_page = "audit/chain?limit=1000&after=";

struct Options {
    std::string file;
    std::string known_hash;
    std::string out;
    int limit = 100;
};

host::AuditHead head_of(json::value const& value) {
    return {number_of(value, "count"), number_of(value, "newest"), text_of(value, "hash")};
}

json::object to_json(host::AuditHead const& head) { return {{"count", head.count}, {"newest", head.newest}, {"hash", head.hash}}; }

/// Records up to the head that the manager named before: those that were written meanwhile are for the next time.
Result<void> each_record(ApiClient& client, std::int64_t newest, std::function<void(json::value const&)> const& use) {
    for (std::int64_t after = 0;;) {
        CS_TRY(auto const page, client.get(std::string(k_page) + std::to_string(after)));
        for (auto const& one : list_of(page, "records")) {
            if (number_of(one, "id") > newest) return {};
            use(one);
        }
        if (!page.is_object() || !page.as_object().contains("next") || page.at("next").is_null()) return {};
        after = number_of(page, "next");
    }
}

class Check {
public:
    explicit Check(std::string known_hash) : known_(std::move(known_hash)), found_(known_.empty()) {}

    void take(json::value const& record) {
        auto const at = parse_utc_time(text_of(record, "at"));
        auto const actor = text_of(record, "actor");
        auto const action = text_of(record, "action");
        auto const subject = text_of(record, "subject");
        auto const detail = text_of(record, "detail");
        auto const hash = text_of(record, "hash");
        // A time that cannot be read is not what was hashed.
        bool const good = verifier_.take({.id = number_of(record, "id"),
                                          .at = at ? at->time_since_epoch().count() : -1,
                                          .actor = actor,
                                          .action = action,
                                          .subject = subject,
                                          .detail = detail},
                                         hash);
        found_ = found_ || (good && hash == known_);
    }

    int report(Output& output, host::AuditHead const& head) {
        auto const broken = verifier_.finish(head);
        bool const holds = !broken && found_;
        if (output.json()) {
            json::object out{{"holds", holds}, {"records", verifier_.taken()}, {"head", to_json(head)}};
            if (broken) out["first_bad"] = {{"record", broken->id}, {"kind", to_string(broken->kind)}, {"text", broken->text}};
            if (!known_.empty()) out["known_hash_found"] = found_;
            (void)output.value(out);
        } else if (broken) {
            output.line(output.mark(Mark::bad, "The audit trail does not hold") + ": " + broken->text + ". " +
                        counted(verifier_.taken(), "record") + " before it hold.");
        } else if (!found_) {
            output.line(output.mark(Mark::bad, "The audit trail is another one") + ": no record of it has the known hash.");
        } else {
            output.line(output.mark(Mark::good, "The audit trail holds") + ": " + counted(verifier_.taken(), "record") +
                        ", the newest is " + std::to_string(head.newest) + " with the hash");
            output.line(head.hash);
        }
        return holds ? k_holds : k_does_not_hold;
    }

private:
    host::AuditVerifier verifier_;
    std::string known_;
    bool found_;
};

Failure bad_export(std::string const& file, std::size_t line) {
    return fail(errors::gen::invalid_input,
                {{"field", file}, {"detail", "line " + std::to_string(line) + " is no line of `countersign audit export`"}});
}

Result<int> verify_file(Options const& options, Output& output) {
    CS_TRY(auto const text, host::read_file(options.file, k_longest_export));
    Check check(options.known_hash);
    std::optional<host::AuditHead> head;
    std::size_t number = 0;
    for (auto line : split(text, '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        boost::system::error_code error;
        auto const one = json::parse(line, error);
        if (error || !one.is_object() || head) return bad_export(options.file, number);
        if (one.as_object().contains("head")) {
            head = head_of(one.at("head"));
        } else {
            check.take(one);
        }
    }
    if (!head) return bad_export(options.file, number);
    return check.report(output, *head);
}

Result<int> verify_manager(ApiClient& client, Options const& options, Output& output) {
    CS_TRY(auto const answer, client.get("audit/head"));
    auto const head = head_of(answer);
    Check check(options.known_hash);
    CS_CHECK(each_record(client, head.newest, [&](json::value const& one) { check.take(one); }));
    return check.report(output, head);
}

Result<int> export_trail(ApiClient& client, Options const& options, Output& output) {
    CS_TRY(auto const head, client.get("audit/head"));
    std::string text;
    CS_CHECK(each_record(client, number_of(head, "newest"), [&text](json::value const& one) { text += json::serialize(one) + "\n"; }));
    text += json::serialize(json::object{{"head", head}}) + "\n";
    if (options.out.empty()) {
        std::cout << text;
        return k_holds;
    }
    CS_CHECK(host::write_file(options.out, text, host::Privacy::owner_only));
    if (!output.value(json::object{{"file", options.out}, {"head", head}}))
        output.line(counted(number_of(head, "count"), "record") + " are in " + options.out + ".");
    return k_holds;
}

}  // namespace

void add_audit_commands(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    auto* audit = app.add_subcommand("audit", "Who did what")->require_subcommand(1);
    auto* list = audit->add_subcommand("list", "The newest records");
    list->add_option("--limit", options->limit, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
    list->callback([&context, options] {
        context.action = [&context, options](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto const answer, client.get("audit?limit=" + std::to_string(options->limit)));
                if (output.value(answer)) return k_holds;
                Table table{{"At", "Who", "What", "Subject", "Detail"}, {}};
                for (auto const& one : list_of(answer, "records"))
                    table.rows.push_back({text_of(one, "at"), text_of(one, "actor"), text_of(one, "action"), text_of(one, "subject"),
                                          text_of(one, "detail")});
                output.table(table);
                return k_holds;
            });
        };
    });
    auto* verify = audit->add_subcommand("verify", "Was a record changed, removed or moved? Names the first. Exit code 2: it was");
    verify->add_option("--file", options->file, "An export instead of the manager's trail; needs no manager");
    verify->add_option("--known-hash", options->known_hash, "A hash that was written down before: the trail must still have it");
    verify->callback([&context, options] {
        context.action = [&context, options](Output& output) -> int {
            if (!options->file.empty()) {
                auto done = verify_file(*options, output);
                return done ? *done : output.error(done.error());
            }
            return with_manager(context, output, [&](ApiClient& client) { return verify_manager(client, *options, output); });
        };
    });
    audit->add_subcommand("head", "Number and hash of the newest record: write them down elsewhere")->callback([&context] {
        context.action = [&context](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) -> Result<int> {
                CS_TRY(auto const answer, client.get("audit/head"));
                if (!output.value(answer)) output.line(std::to_string(number_of(answer, "newest")) + " " + text_of(answer, "hash"));
                return k_holds;
            });
        };
    });
    auto* save = audit->add_subcommand("export", "The whole trail with its hashes, one JSON object a line");
    save->add_option("--out", options->out, "File (default: standard output)");
    save->callback([&context, options] {
        context.action = [&context, options](Output& output) {
            return with_manager(context, output, [&](ApiClient& client) { return export_trail(client, *options, output); });
        };
    });
}

}  // namespace countersign::workbench
