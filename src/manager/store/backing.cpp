#include "manager/store/backing.hpp"

namespace countersign::manager::store {

void Backing::record(Database& database, std::string_view actor, std::string_view action, std::string_view subject,
                     std::string_view detail) const {
    add_audit_record(database, now(), actor, action, subject, detail);
}

void add_audit_record(Database& database, UtcTime now, std::string_view actor, std::string_view action, std::string_view subject,
                      std::string_view detail) {
    database.execute("INSERT INTO audit (at, actor, action, subject, detail) VALUES (:at, :actor, :action, :subject, :detail)",
                     {value(now), value(actor), value(action), value(subject), value(detail)});
}

std::string escape_like(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '%' || c == '_' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace countersign::manager::store
