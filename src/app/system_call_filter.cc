#include "app/system_call_filter.h"

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HF_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HF_SANITIZED 1
#endif

namespace hf::app {

namespace {

static_assert(std::endian::native == std::endian::little, "the filter reads the low half of arguments");

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the system call filter does not know this architecture"
#endif
[[maybe_unused]] constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kTypeMask = 0xf;  // of socket(): above it are SOCK_NONBLOCK and SOCK_CLOEXEC
constexpr std::uint32_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// Newer than some headers; numbers above 424 are the same on every architecture.
constexpr int kSysMountApiFirst = 428;  // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick
constexpr int kSysMountApiLast = 433;
constexpr int kSysPidfdGetfd = 438;
constexpr int kSysProcessMadvise = 440;
constexpr int kSysMountSetattr = 442;
constexpr int kSysQuotactlFd = 443;
constexpr int kSysProcessMrelease = 448;
constexpr int kSysIoUringFirst = 425;  // io_uring_setup, _enter, _register
constexpr int kSysIoUringLast = 427;

constexpr int kRefused[] = {
    SYS_execve,
    SYS_execveat,
    // other processes
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    kSysPidfdGetfd,
    kSysProcessMadvise,
    kSysProcessMrelease,
    // file systems and namespaces
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    kSysMountSetattr,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_quotactl,
    kSysQuotactlFd,
    SYS_acct,
    SYS_swapon,
    SYS_swapoff,
    // the kernel itself
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_syslog,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_personality,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
    // the clock
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_settimeofday,
    // user, group and capabilities
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS__sysctl,
    SYS_nfsservctl,
#endif
};
constexpr std::pair<int, int> kRefusedRanges[] = {{kSysIoUringFirst, kSysIoUringLast},
                                                  {kSysMountApiFirst, kSysMountApiLast}};
constexpr int kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

// ── the program. A jump's two numbers are how many instructions to skip if true and if false. ──

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kPermission = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kNoSuchCall = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kKill = SECCOMP_RET_KILL_PROCESS;

using Program = std::vector<sock_filter>;

void load(Program& program, std::size_t offset) {
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
}
void load_argument(Program& program, std::size_t index) {
  load(program, offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}
void end_with(Program& program, std::uint32_t verdict) { program.push_back(BPF_STMT(BPF_RET | BPF_K, verdict)); }
void end_if_equal(Program& program, std::uint32_t value, std::uint32_t verdict) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  end_with(program, verdict);
}

/// `questions` are asked of that call alone; they must end in a verdict.
void on_call(Program& program, int call, const Program& questions) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0,
                             static_cast<std::uint8_t>(questions.size())));
  program.insert(program.end(), questions.begin(), questions.end());
}

/// Known families only; raw sockets only of netlink, whose sockets are named so without being it.
Program about_socket() {
  Program program;
  load_argument(program, 0);
  end_if_equal(program, AF_NETLINK, kAllow);
  Program types;
  load_argument(types, 1);
  types.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kTypeMask));
  end_if_equal(types, SOCK_STREAM, kAllow);
  end_if_equal(types, SOCK_DGRAM, kAllow);
  end_if_equal(types, SOCK_SEQPACKET, kAllow);
  end_with(types, kPermission);
  for (const int family : kFamilies) on_call(program, family, types);
  end_with(program, kPermission);
  return program;
}

Program about_clone() {
  Program program;
  load_argument(program, 0);
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNamespaces, 0, 1));
  end_with(program, kPermission);
  end_with(program, kAllow);
  return program;
}

/// Typing into the terminal that the daemon was started from.
Program about_ioctl() {
  Program program;
  load_argument(program, 1);
  end_if_equal(program, TIOCSTI, kPermission);
  end_if_equal(program, TIOCLINUX, kPermission);
  end_with(program, kAllow);
  return program;
}

Program whole_program() {
  Program program;
  load(program, offsetof(seccomp_data, arch));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  end_with(program, kKill);
  load(program, offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, 0, 1));
  end_with(program, kKill);
#endif
  on_call(program, SYS_socket, about_socket());
  on_call(program, SYS_ioctl, about_ioctl());
  on_call(program, SYS_clone, about_clone());
  end_if_equal(program, SYS_clone3, kNoSuchCall);
  for (const int call : kRefused) end_if_equal(program, static_cast<std::uint32_t>(call), kPermission);
  for (const auto& [first, last] : kRefusedRanges) {
    for (int call = first; call <= last; ++call) end_if_equal(program, static_cast<std::uint32_t>(call), kPermission);
  }
  end_with(program, kAllow);
  return program;
}

}  // namespace

bool has_system_call_filter() {
#ifdef HF_SANITIZED
  return false;
#else
  return true;
#endif
}

Result<void> install_system_call_filter() {
  if (!has_system_call_filter()) return {};
  Program program = whole_program();
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error(errno, "PR_SET_NO_NEW_PRIVS");
  const long outcome = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  if (outcome > 0) {
    return Error{ErrorCode::kSystem, "thread " + std::to_string(outcome) + " has a system call filter of its own"};
  }
  if (outcome == 0) return {};
  if (errno == ENOSYS || errno == EINVAL) {
    return Error{ErrorCode::kUnsupported, "this kernel has no system call filters (CONFIG_SECCOMP_FILTER)"};
  }
  return system_error(errno, "installing the system call filter");
}

}  // namespace hf::app
