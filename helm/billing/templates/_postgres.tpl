{{/* The settings of files/postgresql.conf, as texts, without those that CloudNativePG sets itself and refuses; and
     above them those of values. */}}
{{- define "billing.postgresParameters" -}}
{{- $above := .Values.cloudnativepg.parameters -}}
{{- range $line := splitList "\n" (.Files.Get "files/postgresql.conf") }}
{{- $line = regexReplaceAll "\\s*#.*$" $line "" | trim }}
{{- $name := regexFind "^[a-z_.]+" $line }}
{{- $fixed := regexMatch "^(port|listen_addresses|hot_standby|log_destination|log_directory|log_filename|log_rotation_.*|logging_collector|cluster_name|archive_.*|restore_command|primary_.*|recovery_.*|synchronous_standby_names|shared_preload_libraries|ssl.*|unix_socket_.*|.*_file|data_directory|include.*)$" $name }}
{{- if and $name (not $fixed) (not (hasKey $above $name)) }}
{{ $name }}: {{ regexReplaceAll "^[a-z_.]+\\s*=?\\s*" $line "" | trimAll "'" | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := $above }}
{{ $name }}: {{ include "billing.scalar" $value | quote }}
{{- end }}
{{- end }}

{{/* 16GB, 50Gi or 4096 (MB) in mebibytes. */}}
{{- define "billing.mebibytes" -}}
{{- $unit := regexFind "[KMGT]" . | default "M" -}}
{{- mul (int64 (regexFind "^[0-9]+" .)) (get (dict "K" 0 "M" 1 "G" 1024 "T" 1048576) $unit) -}}
{{- end }}
