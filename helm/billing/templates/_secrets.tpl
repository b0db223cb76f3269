{{/* The plain values that a component's pods read from Secrets of ours, as a map; empty where they are yours.
     (dict "root" $ "component" "core") */}}
{{- define "billing.secretsOf" -}}
{{- $values := .root.Values -}}
{{- $of := index $values .component -}}
{{- if not $of.existingSecret }}
{{- range $name, $value := $of.secrets }}
{{- with $value }}
{{ $name }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq .component "core") (not $values.cloudnativepg.enabled) $values.database.core.url }}
{{ $values.database.core.key | quote }}: {{ $values.database.core.url | quote }}
{{- end }}
{{- if and (eq .component "core") $values.cloudnativepg.enabled $values.cloudnativepg.coreRole.password }}
password: {{ $values.cloudnativepg.coreRole.password | quote }}
{{- end }}
{{- end }}

{{/* The values that are secrets in plain, by name. */}}
{{- define "billing.plain" -}}
{{- $plain := list -}}
{{- range $role := list "owner" "core" -}}
{{- if (index $.Values.database $role).url }}{{ $plain = append $plain (printf "database.%s.url" $role) }}{{ end -}}
{{- end -}}
{{- if .Values.cloudnativepg.coreRole.password }}{{ $plain = append $plain "cloudnativepg.coreRole.password" }}{{ end -}}
{{- range $component := list "core" "gateway" -}}
{{- range $name, $value := (index $.Values $component).secrets -}}
{{- if $value }}{{ $plain = append $plain (printf "%s.secrets.%s" $component $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- join ", " $plain -}}
{{- end }}

{{/* (dict "root" $ "component" "core" "name" "…" "data" (dict …)), and "annotations" where it is a hook's */}}
{{- define "billing.secret" }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "billing.labels" . | nindent 4 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
type: {{ .type | default "Opaque" }}
stringData:
  {{- range $name, $value := .data }}
  {{- with $value }}
  {{ $name | quote }}: {{ . | quote }}
  {{- end }}
  {{- end }}
{{- end }}
