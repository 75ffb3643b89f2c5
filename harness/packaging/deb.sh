#!/bin/sh
# A Debian package of what `make install` installs: harness/packaging/deb.sh VERSION OUT, called by
# `make deb`. The program is stripped, documents are packed as Debian wants them, and what it depends on is
# asked of dpkg-shlibdeps where that is there (package dpkg-dev).
set -eu
cd "$(dirname "$0")/../.."
version=$1
out=$2
here=harness/packaging
root=$out/root

command -v dpkg-deb >/dev/null || { echo "make: dpkg-deb not found: apt-get install dpkg" >&2; exit 1; }
umask 022
rm -rf "$out"
mkdir -p "$root/DEBIAN" "$out/debian"
make -s install PREFIX=/usr DESTDIR="$root"
strip --strip-unneeded "$root/usr/bin/longshot"
doc=$root/usr/share/doc/longshot
rm -f "$doc/LICENSE"
gzip -9n "$root/usr/share/man/man1/longshot.1" "$doc/README.md"
mv "$doc/CHANGELOG.md" "$doc/changelog"
gzip -9n "$doc/changelog"
{
    echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
    echo 'Upstream-Name: longshot'
    echo
    echo 'Files: *'
    sed -n 's/^Copyright (c)/Copyright:/p' LICENSE
    echo 'License: Expat'
    sed '1,/^Copyright/d' LICENSE | sed '1{/^$/d};s/^$/./;s/^/ /'
} >"$doc/copyright"

depends='libc6, libopenblas0-pthread | libopenblas0, zlib1g, libcjson1, libcsv3'
if command -v dpkg-shlibdeps >/dev/null; then
    printf 'Source: longshot\n\nPackage: longshot\nArchitecture: any\n' >"$out/debian/control"
    found=$(cd "$out" && dpkg-shlibdeps -O root/usr/bin/longshot 2>/dev/null | sed -n 's/^shlibs:Depends=//p') || found=
    depends=${found:-$depends}
fi
arch=$(dpkg --print-architecture)
size=$(du -sk "$root/usr" | cut -f1)
sed -e "s/@VERSION@/$version/;s/@ARCH@/$arch/;s/@SIZE@/$size/" -e "s/@DEPENDS@/$depends/" \
    "$here/control.in" >"$root/DEBIAN/control"
(cd "$root" && find usr -type f -exec md5sum {} + | sort -k2) >"$root/DEBIAN/md5sums"
# The date of the sources, not of the build: the same sources give the same package.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y harness/VERSION)}
find "$root" -exec touch -h -d "@$epoch" {} +
SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group -Zxz --build "$root" "$out/longshot_${version}_$arch.deb" >/dev/null
echo "$out/longshot_${version}_$arch.deb"
