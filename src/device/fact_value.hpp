#pragma once

/// One value of a fact. Facts of lists have several, with their item numbers.

#include "device/unit.hpp"

namespace countersign::device {

struct FactValue {
    int n = 0;
    int m = 0;
    Node value;
};

}  // namespace countersign::device
