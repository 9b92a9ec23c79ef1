#pragma once

/// What `countersign probe` says about one server: as JSON (docs/workbench-json.md) and in words (docs/probe.md).

#include "net/survey/judge.hpp"
#include "workbench/output.hpp"

#include <boost/json/value.hpp>

#include <string>

namespace countersign::workbench {

struct Probed {
    std::string host;  ///< as it was called
    net::survey::Survey survey;
    net::survey::Judgement judgement;
    UtcTime at;
};

json::object json_of(Probed const& probed);
void print(Output const& output, Probed const& probed);

}  // namespace countersign::workbench
