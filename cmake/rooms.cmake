# A room is one folder of src/ and one static library, cs_<room>. The arrows between rooms are the
# target_link_libraries lines in src/CMakeLists.txt; tests/check_arrows.py holds the #includes against them.

# cs_room(<name>) collects every .cpp below src/<name>.
function(cs_room name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  if(sources)
    add_library(cs_${name} STATIC ${sources})
    target_include_directories(cs_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
    set_target_properties(cs_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  else()
    add_library(cs_${name} INTERFACE)
    target_include_directories(cs_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
  endif()
endfunction()

# cs_link(<room> [PRIVATE] libs...) works for rooms with and without sources.
function(cs_link name)
  get_target_property(type cs_${name} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    list(REMOVE_ITEM ARGN PRIVATE)
    target_link_libraries(cs_${name} INTERFACE ${ARGN})
  elseif("PRIVATE" IN_LIST ARGN)
    list(REMOVE_ITEM ARGN PRIVATE)
    target_link_libraries(cs_${name} PRIVATE ${ARGN})
  else()
    target_link_libraries(cs_${name} PUBLIC ${ARGN})
  endif()
endfunction()

# cs_embed(<target> <namespace> files...) compiles text files into a library:
# `countersign::embedded::<namespace>()` returns a span of {name, text}; header countersign/embedded_<namespace>.hpp.
function(cs_embed target space)
  set(out ${CMAKE_BINARY_DIR}/generated/countersign/embedded_${space})
  add_custom_command(
    OUTPUT ${out}.cpp
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/embed.py --namespace ${space} --out ${out} ${ARGN}
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/tools/embed.py
    COMMENT "Embedding ${space}")
  execute_process(COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/embed.py --header-only --namespace ${space} --out ${out})
  add_library(${target} STATIC ${out}.cpp)
  target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/generated)
endfunction()
