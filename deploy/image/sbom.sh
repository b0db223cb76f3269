#!/bin/sh
# sbom.sh PACKAGE >FILE: what an image is made of, as CycloneDX 1.6: the crates that are linked into the
# program, with the checksums of Cargo.lock, and the packages of Debian whose files lie beside it. A
# scanner finds neither by itself where there is no package manager. Runs in the repository's root.
set -eu
package=$1

# name|version|package URL|checksum|licence, a line each.
crates() {
    cargo tree --locked --offline --package "$package" --edges normal,no-proc-macro \
        --prefix none --no-dedupe --format '{p}|{l}' | sort -u | awk '
        FILENAME == "Cargo.lock" {
            gsub(/"/, "")
            if ($1 == "name") name = $3
            if ($1 == "version") version = $3
            if ($1 == "checksum") checksum[name "|" version] = $3
            next
        }
        {
            name = $1
            version = $2
            sub(/\|.*/, "", version)
            sub(/^v/, "", version)
            licence = $0
            sub(/.*\|/, "", licence)
            gsub("/", " OR ", licence)
            print name "|" version "|pkg:cargo/" name "@" version "|" checksum[name "|" version] "|" licence
        }' Cargo.lock -
}

debian() {
    dpkg-query --show --showformat='${Package}|${Version}|pkg:deb/debian/${Package}@${Version}?arch=${Architecture}||\n' \
        ca-certificates libc6 libgcc-s1
}

{
    crates
    debian
} | awk -F '|' -v package="$package" '
    {
        url = $3
        gsub(/\+/, "%2B", url)
        text = "{\"type\": \"library\", \"name\": \"" $1 "\", \"version\": \"" $2 "\", \"purl\": \"" url "\""
        if ($4 != "") text = text ", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"" $4 "\"}]"
        if ($5 != "") text = text ", \"licenses\": [{\"expression\": \"" $5 "\"}]"
        text = text "}"
    }
    $1 == package {
        sub("library", "application", text)
        subject = text
        next
    }
    { components = components (components == "" ? "" : ",") "\n    " text }
    END {
        print "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.6\",\n  \"version\": 1,"
        print "  \"metadata\": {\"component\": " subject "},"
        print "  \"components\": [" components "\n  ]\n}"
    }'
