# Compiles BPF C to an object, and the object to a libbpf skeleton header.
# clang writes the header dependencies, so a changed header rebuilds what includes it.
find_program(WEIR_CLANG NAMES clang-14 clang REQUIRED)
find_program(WEIR_BPFTOOL NAMES bpftool PATHS /usr/sbin REQUIRED)
# Debian's multiarch headers: asm/types.h is not on clang's BPF search path.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch
                OUTPUT_VARIABLE WEIR_MULTIARCH OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX REPLACE "-linux-gnu.*" "" WEIR_ARCH "${WEIR_MULTIARCH}")
if(WEIR_MULTIARCH STREQUAL "")  # clang as the C compiler prints nothing
  set(WEIR_MULTIARCH ${CMAKE_LIBRARY_ARCHITECTURE})
endif()

# weir_bpf_object(OUT SOURCE): OUT.bpf.o in the build directory.
function(weir_bpf_object name source)
  set(object ${CMAKE_BINARY_DIR}/bpf/${name}.bpf.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/bpf
    COMMAND ${WEIR_CLANG} -target bpf -mcpu=v3 -std=gnu11 -O2 -g -Wall -Wextra -Werror
            -Wno-unused-function -fno-stack-protector
            -I${CMAKE_SOURCE_DIR}/include -I${CMAKE_SOURCE_DIR}/bpf
            -idirafter /usr/include/${WEIR_MULTIARCH}
            -MD -MT ${object} -MF ${object}.d
            -c ${CMAKE_SOURCE_DIR}/${source} -o ${object}
    DEPENDS ${CMAKE_SOURCE_DIR}/${source}
    DEPFILE ${object}.d
    COMMENT "BPF ${source}" VERBATIM)
  set(WEIR_BPF_OBJECT ${object} PARENT_SCOPE)
endfunction()

# weir_bpf_skeleton(NAME SOURCE): the interface library NAME_skeleton with NAME.skel.h.
function(weir_bpf_skeleton name source)
  weir_bpf_object(${name} ${source})
  set(header ${CMAKE_BINARY_DIR}/bpf/${name}.skel.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${WEIR_BPFTOOL} gen skeleton ${WEIR_BPF_OBJECT} name ${name}_bpf > ${header}
    DEPENDS ${WEIR_BPF_OBJECT}
    COMMENT "skeleton ${name}.skel.h" VERBATIM)
  add_custom_target(${name}_skeleton_header DEPENDS ${header})
  add_library(${name}_skeleton INTERFACE)
  add_dependencies(${name}_skeleton ${name}_skeleton_header)
  target_include_directories(${name}_skeleton SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/bpf)
endfunction()
