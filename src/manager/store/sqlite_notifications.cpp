#include "manager/store/sqlite_notifications.hpp"

#include "base/log.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager::store {

namespace {

constexpr std::string_view k_waiting = "(SELECT count(*) FROM outbox WHERE outbox.channel = channels.id)";

std::vector<std::string_view> const& columns() {
    static std::vector<std::string_view> const list{
        "id",         "name",      "kind",        "enabled",    "filter",     "settings", "created", "failures",
        "not_before", "last_sent", "last_failed", "error_code", "error_text", "dropped",  k_waiting, "sealed_secret IS NOT NULL"};
    return list;
}

Result<NotificationChannel> channel_of(Row const& row) {
    NotificationChannel channel{.id = row.number(0), .name = row.text(1), .enabled = row.flag(3)};
    CS_CHECK(read_documents(channel, row.text(2), row.text(4), row.text(5)));
    channel.created = row.time(6);
    channel.failures = row.integer(7);
    channel.not_before = row.time(8);
    channel.last_sent = row.optional_time(9);
    channel.last_failed = row.optional_time(10);
    channel.error_code = row.text(11);
    channel.error_text = row.text(12);
    channel.dropped = row.number(13);
    channel.waiting = row.number(14);
    channel.has_secret = row.flag(15);
    return channel;
}

Result<std::vector<NotificationChannel>> load_all(Database& database, std::string_view rest, std::vector<Value> values) {
    std::vector<NotificationChannel> out;
    for (auto const& row : database.select(columns(), rest, std::move(values))) {
        CS_TRY(auto channel, channel_of(row));
        out.push_back(std::move(channel));
    }
    return out;
}

Failure no_such_channel(std::string_view name) { return fail(errors::gen::not_found, {{"what", "notification channel"}, {"name", name}}); }

Result<NotificationChannel> load(Database& database, ChannelId id) {
    auto row = database.select_one(columns(), "FROM channels WHERE id = :id", {value(id)});
    if (!row) return no_such_channel(std::to_string(id));
    return channel_of(*row);
}

std::string seal_context(ChannelId id) { return "notification channel " + std::to_string(id); }
std::string subject_of_channel(ChannelId id) { return "channel " + std::to_string(id); }

bool is_taken(Database& database, std::string_view name, ChannelId but) {
    return database.select_one({"id"}, "FROM channels WHERE name = :name AND id <> :id", {value(name), value(but)}).has_value();
}

}  // namespace

net::Task<Result<NotificationChannel>> SqliteNotifications::add(NotificationChannel channel, std::optional<SecretText> secret,
                                                                std::string actor) {
    return backing_.write([this, channel = std::move(channel), secret = std::move(secret),
                           actor = std::move(actor)](Database& database) -> Result<NotificationChannel> {
        if (is_taken(database, channel.name, 0)) return fail(errors::mgr::channel_exists, {{"name", channel.name}});
        database.execute(
            "INSERT INTO channels (name, kind, enabled, filter, settings, created) VALUES (:name, :kind, :enabled, :filter, :settings, "
            ":created)",
            {value(channel.name), value(kind_of(channel)), value(std::int64_t{channel.enabled}), value(filter_document(channel)),
             value(settings_document(channel)), value(backing_.now())});
        auto const id = database.last_id();
        if (secret)
            database.execute("UPDATE channels SET sealed_secret = :secret WHERE id = :id",
                             {value(backing_.sealer().seal(*secret, seal_context(id))), value(id)});
        add_audit_record(database, backing_.now(), actor, "channel.add", subject_of_channel(id),
                         channel.name + " " + settings_document(channel));
        return load(database, id);
    });
}

net::Task<Result<NotificationChannel>> SqliteNotifications::get(ChannelId id) {
    return backing_.read([id](Database& database) { return load(database, id); });
}

net::Task<Result<std::optional<NotificationChannel>>> SqliteNotifications::find(std::string name) {
    return backing_.read([name = std::move(name)](Database& database) -> Result<std::optional<NotificationChannel>> {
        auto row = database.select_one(columns(), "FROM channels WHERE name = :name", {value(name)});
        if (!row) return std::nullopt;
        CS_TRY(auto channel, channel_of(*row));
        return std::optional(std::move(channel));
    });
}

net::Task<Result<std::vector<NotificationChannel>>> SqliteNotifications::list(ChannelId after, std::size_t limit) {
    return backing_.read([after, limit](Database& database) {
        return load_all(database, "FROM channels WHERE id > :after ORDER BY id LIMIT :limit",
                        {value(after), value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 1001)))});
    });
}

net::Task<Result<NotificationChannel>> SqliteNotifications::change(ChannelId id, std::function<void(NotificationChannel&)> change,
                                                                   std::optional<SecretText> secret, std::string actor) {
    return backing_.write([this, id, change = std::move(change), secret = std::move(secret),
                           actor = std::move(actor)](Database& database) -> Result<NotificationChannel> {
        CS_TRY(auto channel, load(database, id));
        change(channel);
        if (is_taken(database, channel.name, id)) return fail(errors::mgr::channel_exists, {{"name", channel.name}});
        database.execute(
            "UPDATE channels SET name = :name, kind = :kind, enabled = :enabled, filter = :filter, settings = :settings, failures = 0, "
            "not_before = 0 WHERE id = :id",
            {value(channel.name), value(kind_of(channel)), value(std::int64_t{channel.enabled}), value(filter_document(channel)),
             value(settings_document(channel)), value(id)});
        if (secret)
            database.execute("UPDATE channels SET sealed_secret = :secret WHERE id = :id",
                             {value(backing_.sealer().seal(*secret, seal_context(id))), value(id)});
        add_audit_record(database, backing_.now(), actor, "channel.change", subject_of_channel(id),
                         channel.name + " " + settings_document(channel) + (secret ? ", a new secret" : ""));
        return load(database, id);
    });
}

net::Task<Result<void>> SqliteNotifications::remove(ChannelId id, std::string actor) {
    return backing_.write([this, id, actor = std::move(actor)](Database& database) -> Result<void> {
        CS_TRY(auto const channel, load(database, id));
        database.execute("DELETE FROM channels WHERE id = :id", {value(id)});
        add_audit_record(database, backing_.now(), actor, "channel.remove", subject_of_channel(id), channel.name);
        return {};
    });
}

net::Task<Result<std::optional<SecretText>>> SqliteNotifications::secret(ChannelId id) {
    return backing_.read([this, id](Database& database) -> Result<std::optional<SecretText>> {
        auto row = database.select_one({"sealed_secret"}, "FROM channels WHERE id = :id", {value(id)});
        if (!row) return no_such_channel(std::to_string(id));
        if (row->is_null(0)) return std::nullopt;
        CS_TRY(auto opened, backing_.sealer().open(row->text(0), seal_context(id)));
        return std::optional<SecretText>(std::move(opened));
    });
}

net::Task<Result<std::vector<NotificationChannel>>> SqliteNotifications::due() {
    return backing_.read([this](Database& database) {
        return load_all(database,
                        "FROM channels WHERE enabled = 1 AND not_before <= :now AND EXISTS (SELECT 1 FROM outbox WHERE outbox.channel = "
                        "channels.id) ORDER BY id",
                        {value(backing_.now())});
    });
}

net::Task<Result<std::optional<NotificationStore::Waiting>>> SqliteNotifications::next(ChannelId id) {
    return backing_.write([id](Database& database) -> Result<std::optional<Waiting>> {
        while (auto row = database.select_one({"id", "document", "created"}, "FROM outbox WHERE channel = :channel ORDER BY id LIMIT 1",
                                              {value(id)})) {
            auto notification = parse_notification(row->text(1));
            if (notification) return Waiting{.id = row->number(0), .created = row->time(2), .notification = std::move(*notification)};
            // Of a newer program, or damaged: it must not stand in the way of all that come after it.
            log::error("notify.unreadable", notification.error(), {{"channel", id}, {"message", row->number(0)}});
            database.execute("DELETE FROM outbox WHERE id = :id", {value(row->number(0))});
        }
        return std::nullopt;
    });
}

net::Task<Result<void>> SqliteNotifications::sent(ChannelId channel, std::int64_t message) {
    return backing_.write([this, channel, message](Database& database) -> Result<void> {
        database.execute("DELETE FROM outbox WHERE id = :id AND channel = :channel", {value(message), value(channel)});
        database.execute(
            "UPDATE channels SET failures = 0, not_before = 0, last_sent = :now, error_code = '', error_text = '' WHERE id = :id",
            {value(backing_.now()), value(channel)});
        return {};
    });
}

net::Task<Result<void>> SqliteNotifications::failed(ChannelId channel, Error error, UtcTime not_before) {
    return backing_.write([this, channel, error = std::move(error), not_before](Database& database) -> Result<void> {
        database.execute(
            "UPDATE channels SET failures = failures + 1, not_before = :not_before, last_failed = :now, error_code = :code, error_text = "
            ":text WHERE id = :id",
            {value(not_before), value(backing_.now()), value(error.entry().code), value(error.explanation()), value(channel)});
        return {};
    });
}

net::Task<Result<void>> SqliteNotifications::give_up(ChannelId channel, std::int64_t message) {
    return backing_.write([channel, message](Database& database) -> Result<void> {
        auto gone = database.execute("DELETE FROM outbox WHERE id = :id AND channel = :channel", {value(message), value(channel)});
        database.execute("UPDATE channels SET dropped = dropped + :gone WHERE id = :id", {value(gone), value(channel)});
        return {};
    });
}

void put_into_outbox(Database& database, Notification const& notification, UtcTime now) {
    auto channels = load_all(database, "FROM channels WHERE enabled = 1", {});
    if (!channels) {
        log::error("notify.channels", channels.error());
        return;
    }
    auto const document = to_document(notification);
    for (auto& channel : *channels) {
        // A channel of a folder that was removed hears of everything rather than of nothing.
        if (channel.folder != 0 && !database.select_one({"id"}, "FROM folders WHERE id = :id", {value(channel.folder)})) channel.folder = 0;
        if (!wants(channel, notification)) continue;
        database.execute("INSERT INTO outbox (channel, created, document) VALUES (:channel, :created, :document)",
                         {value(channel.id), value(now), value(document)});
        if (channel.waiting < k_outbox_limit) continue;
        auto gone =
            database.execute("DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox WHERE channel = :channel)", {value(channel.id)});
        database.execute("UPDATE channels SET dropped = dropped + :gone WHERE id = :id", {value(gone), value(channel.id)});
    }
}

}  // namespace countersign::manager::store
