#!/bin/sh
# Compiles, and writes beside a precompiled header what the compiler cache shall know it by. The launcher of the targets that own
# one (cmake/rooms.cmake).
#
# A precompiled header names its own folder, so its bytes differ from checkout to checkout although it means the same, and the
# cache would find nothing of another checkout. It looks at "<file>.sum" instead (CCACHE_PCH_EXTSUM): the digest of the
# compiler, its options and all that was included, without the checkout's paths.
set -eu
"$@"
out='' deps='' previous=''
for word in "$@"; do
  case $previous in
    -o) out=$word ;;
    -MF) deps=$word ;;
  esac
  previous=$word
done
case $out in
  *.pch) ;;
  *) exit 0 ;;
esac
{
  "$1" --version
  printf '%s\n' "$*" | sed "s|$PWD||g"
  sed -e 's/^[^ ]*://' -e 's/\\$//' "$deps" | tr -s ' ' '\n' | grep -v '^$' | xargs cat
} | sha256sum >"$out.sum"
