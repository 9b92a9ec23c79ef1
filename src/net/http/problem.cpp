#include "net/http/server.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace countersign::net::http {

namespace {

boost::json::object describe(Error const& error) {
    auto const& entry = error.entry();
    boost::json::object document;
    document["type"] = "urn:countersign:error:" + std::string(entry.code);
    document["title"] = entry.title;
    document["status"] = entry.http_status;
    document["detail"] = error.message();
    document["id"] = entry.code;
    document["name"] = entry.name;
    if (!error.where().empty()) document["where"] = error.where();
    document["remedy"] = entry.remedy;
    if (!error.parameters().empty()) {
        boost::json::object parameters;
        for (auto const& parameter : error.parameters()) parameters[parameter.name] = parameter.value;
        document["parameters"] = std::move(parameters);
    }
    if (!error.causes().empty()) {
        boost::json::array causes;
        for (auto const& cause : error.causes()) causes.push_back(describe(cause));
        document["causes"] = std::move(causes);
    }
    return document;
}

}  // namespace

Response problem(Error const& error) {
    auto response = Response::json(error.entry().http_status, boost::json::serialize(describe(error)));
    response.fields.set("Content-Type", "application/problem+json");
    return response;
}

}  // namespace countersign::net::http
