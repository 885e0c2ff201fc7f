// SystemCallFilter: what the gateway, which reads bytes from everybody, may never ask the kernel for, whatever it was
// made to do.
//
// A list of what is refused, not of what is allowed: glibc, OpenSSL, name service modules and the next kernel's version
// of an ordinary call must go on working, and a filter that breaks a gateway at three in the morning is one that gets
// switched off. What a taken-over gateway would need next is on the list: to start programs, to look into other
// processes, to get at rarely used corners of the kernel (BPF, io_uring, user namespaces, keyrings, userfaultfd), to
// speak raw packets, to type into a terminal. Sockets are the exception: only the four families that are used are
// allowed, everything else is refused.
//
// Plain BPF, not libseccomp: a table of numbers and three questions about arguments, no library more in the process.
//
// Owner: the gateway's start. Thread: any; it holds for all threads there are and will be.
// Invariants:
//   1. What is refused fails with EPERM, and clone3, whose flags a filter cannot see, with ENOSYS, upon which glibc
//      uses clone.
//   2. Calls of another architecture or numbering (32-bit, x32) kill the process.
//   3. It cannot be taken off again.
#pragma once

#include "base/result.h"

namespace hf::app {

/// False in builds with sanitizers, which do at run time what the filter is there to refuse.
bool has_system_call_filter();

/// Sets no_new_privs too. Without has_system_call_filter() it does nothing. kUnsupported: the kernel has no filters.
Result<void> install_system_call_filter();

}  // namespace hf::app
