# The Debian packages this project needs, and how to get them. Sourced by scripts/build and scripts/test.
# A package that is there already is left alone, so a second run asks for neither network nor rights.

HF_BUILD_PACKAGES=(
  clang-19 lld-19 libclang-rt-19-dev llvm-19 cmake ninja-build ccache pkg-config git
  libssl-dev libfmt-dev libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libboost-dev libsodium-dev libc-ares-dev
  libgtest-dev libgmock-dev librapidcheck-dev
)

HF_TEST_PACKAGES=(
  python3 clang-tidy-19 clang-format-19 g++
  mariadb-server mariadb-client libmariadb-dev haproxy sysbench
  python3-pytest python3-pymysql python3-mysqldb
  libdbd-mysql-perl libdbd-mariadb-perl php-cli php-mysql
  curl strace
  iproute2 iputils-ping nftables procps e2fsprogs keepalived frr
)

# What scripts/fresh needs beside Debian's own; nothing else asks for it.
HF_FRESH_PACKAGES=(debootstrap debian-archive-keyring git)

# Wanted for its command only: a node from another source stays as it is.
HF_NODE_PACKAGES=(nodejs npm)

hf_as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else
    echo "packages: root or sudo is needed to run: $*" >&2
    return 1
  fi
}

hf_missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

# Installs without starting any service: policy-rc.d answers 101 ("forbidden") while dpkg runs, then the old answer is
# back. The tests start servers of their own.
hf_install() (
  policy=/usr/sbin/policy-rc.d
  saved=$policy.before-holdfast
  restore() {
    if [ -e "$saved" ]; then hf_as_root mv -f "$saved" "$policy"; else hf_as_root rm -f "$policy"; fi
  }
  trap restore EXIT
  trap 'exit 130' INT TERM
  mark='# set by holdfast while it installs packages'
  if [ -e "$policy" ] && ! grep -qF "$mark" "$policy"; then hf_as_root mv -f "$policy" "$saved" || exit 1; fi
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" | hf_as_root tee "$policy" >/dev/null || exit 1
  hf_as_root chmod 755 "$policy"
  hf_as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install \
    -y -qq --no-install-recommends "$@" </dev/null
)

hf_need_packages() {
  local missing
  mapfile -t missing < <(hf_missing_packages "$@")
  [ "${#missing[@]}" -eq 0 ] && return 0
  command -v apt-get >/dev/null 2>&1 || {
    echo "packages: this is not Debian; please install what these packages bring: ${missing[*]}" >&2
    return 1
  }
  echo "packages: installing ${missing[*]}"
  hf_as_root apt-get -o DPkg::Lock::Timeout=300 update -qq </dev/null || echo "packages: apt-get update failed, going on" >&2
  hf_install "${missing[@]}"
}

hf_need_build_packages() { hf_need_packages "${HF_BUILD_PACKAGES[@]}"; }

hf_need_test_packages() {
  hf_need_packages "${HF_BUILD_PACKAGES[@]}" "${HF_TEST_PACKAGES[@]}" || return 1
  command -v node >/dev/null 2>&1 || hf_need_packages "${HF_NODE_PACKAGES[@]}"
}

# One compiler cache for every checkout of one user: paths are stored relative to the checkout.
hf_compiler_cache() {
  local root=$1
  if [ -z "${CCACHE_DIR:-}" ]; then
    if [ -n "${HOME:-}" ] && [ -w "$HOME" ]; then CCACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/ccache
    else CCACHE_DIR=$root/build/.ccache; fi
  fi
  export CCACHE_DIR CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}
  export CCACHE_SLOPPINESS=time_macros,pch_defines  # without the second, nothing that uses a precompiled header is kept
}
