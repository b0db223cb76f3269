#!/bin/sh
# rootfs.sh PROGRAM FOLDER: assembles the whole file system of an image around a program: what it is linked
# with, the authorities of TLS, names for its user, and nothing that could be run beside it. The
# Dockerfile's stages and the check in tests/python/images run it, so that they see the same files.
# Runs in the repository's root. The bill of materials is made beforehand, and found at PROGRAM.cdx.json.
set -eu
program=$1
root=$2
name=$(basename "$program")
user=65532

umask 022
mkdir -p "$root/etc/ssl/certs" "$root/usr/share/sbom" "$root/usr/share/doc"

cp "$program" "$root/$name"
strip "$root/$name"

# The loader and every library that it finds, where it looks for them.
libraries=$(ldd "$program" | awk '/=> not found/ { exit 1 } $2 == "=>" { print $3 } $1 ~ /^\// { print $1 }') || {
    echo "rootfs: $program needs a library that is not here" >&2
    exit 1
}
for library in $libraries; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done

cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo "billing:x:$user:$user::/nonexistent:/nonexistent" >"$root/etc/passwd"
echo "billing:x:$user:" >"$root/etc/group"
# /etc/hosts first, then DNS: both are in libc itself since glibc 2.34.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

cp "$program.cdx.json" "$root/usr/share/sbom/$name.cdx.json"
cp LICENSE "$root/usr/share/doc/"
for package in ca-certificates libc6 libgcc-s1; do
    mkdir -p "$root/usr/share/doc/$package"
    cp -L "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
done

# Equal content makes equal images, whenever it was assembled.
chmod -R u=rwX,go=rX "$root"
find "$root" -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH:-0}" {} +
