# Rules on the sources, documents and catalogue: one CTest test each, written in Python without extra modules.
# Run one by hand: python3 tests/check_arrows.py
function(cs_check name)
  add_test(NAME check.${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/check_${name}.py ${ARGN})
  set_tests_properties(check.${name} PROPERTIES LABELS check TIMEOUT 120)
endfunction()

find_program(CLANG_FORMAT NAMES clang-format-19 REQUIRED)
cs_check(arrows)
cs_check(documents)
cs_check(errors)
cs_check(family_docs)
cs_check(format ${CLANG_FORMAT})
cs_check(no_family_names)
cs_check(openapi)
cs_check(registered ${CMAKE_BINARY_DIR} ${CMAKE_CTEST_COMMAND})
cs_check(rules)
cs_check(scripts)
cs_check(text)
