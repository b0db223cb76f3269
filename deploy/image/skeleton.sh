#!/bin/sh
# skeleton.sh REPOSITORY FOLDER: the workspace without its code. Every member's manifest and the lock file
# as they are, and an empty crate in the place of each. It changes only when a dependency does, so that the
# image's layer of built dependencies is used again until then.
set -eu
repository=$1
folder=$2

cd "$repository"
mkdir -p "$folder"
cp -R Cargo.toml Cargo.lock .cargo "$folder/"
# Packages that are no members, as fuzz is, are not in the image's context.
for manifest in */Cargo.toml */*/Cargo.toml; do
    member=$(dirname "$manifest")
    mkdir -p "$folder/$member/src"
    cp "$manifest" "$folder/$member/"
    : >"$folder/$member/src/lib.rs"
    # Dependencies of a build script are built only where there is one.
    for program in src/main.rs build.rs; do
        if [ -e "$member/$program" ]; then
            echo 'fn main() {}' >"$folder/$member/$program"
        fi
    done
done
