#include "workbench/workbench.hpp"

int main(int argc, char** argv) { return countersign::workbench::run(argc, argv); }
