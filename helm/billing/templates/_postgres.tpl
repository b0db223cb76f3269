{{/* The settings of files/postgresql.conf, as texts, without those that CloudNativePG sets itself and refuses. */}}
{{- define "billing.postgresParameters" -}}
{{- range $line := splitList "\n" (.Files.Get "files/postgresql.conf") }}
{{- $line = regexReplaceAll "\\s*#.*$" $line "" | trim }}
{{- $name := regexFind "^[a-z_.]+" $line }}
{{- $fixed := regexMatch "^(port|listen_addresses|hot_standby|log_destination|log_directory|log_filename|log_rotation_.*|logging_collector|cluster_name|archive_.*|restore_command|primary_.*|recovery_.*|synchronous_standby_names|shared_preload_libraries|ssl.*|unix_socket_.*|.*_file|data_directory|include.*)$" $name }}
{{- if and $name (not $fixed) }}
{{ $name }}: {{ regexReplaceAll "^[a-z_.]+\\s*=?\\s*" $line "" | trimAll "'" | quote }}
{{- end }}
{{- end }}
{{- end }}
