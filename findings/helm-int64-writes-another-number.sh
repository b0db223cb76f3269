#!/usr/bin/env bash
# Helm 4.2.3 (its own SDK, in PyPI's helm-python-sdk 0.2.2), seen on 2026-11-28.
#
# A chart's whole numbers are floating-point by the time a template sees them. That 50000000 is written as
# 5e+07 is known, and `int64` and `toYaml` are what everybody takes against it. But they come too late: of
# 9007199254740993, an id of sixteen digits, both write 9007199254740992, which is another one, without a word.
#
# So a schema has to bound whole numbers at 2^53 - 1 (it sees the changed number, and refuses that one too), and
# longer ones are written as text (`values.schema.json`).
#
# Needs Python 3. Prints what it saw; fails where that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check helm-python-sdk==0.2.2

mkdir -p chart/templates
printf 'apiVersion: v2\nname: chart\nversion: 0.1.0\n' >chart/Chart.yaml
printf 'id: 9007199254740993\n' >chart/values.yaml
cat >chart/templates/seen.yaml <<'TEMPLATE'
plain: {{ .Values.id }}
int64: {{ int64 .Values.id }}
toYaml: {{ toYaml .Values.id }}
text: {{ "9007199254740993" }}
TEMPLATE

venv/bin/python - <<'PY'
import sys
import helm_python as helm

print("seen on: Helm", helm.helm_sdk_version())
with helm.Chart.load("chart") as chart:
    seen = chart.render({})["chart/templates/seen.yaml"]
print("values.yaml: id: 9007199254740993")
print(seen)
wanted = ["plain: 9.007199254740992e+15", "int64: 9007199254740992", "toYaml: 9007199254740992",
          "text: 9007199254740993"]
if seen.split("\n")[:4] != wanted:
    sys.exit("this has changed")
PY
