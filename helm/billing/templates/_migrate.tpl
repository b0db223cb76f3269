{{/* (dict "root" $ "command" "up" "secret" "…"): the Secret with the owner's URL, where it is not the usual one. */}}
{{- define "billing.migratePod" -}}
{{- $here := dict "root" .root "component" "migrations" -}}
{{- $of := .root.Values.migrations -}}
{{- $env := include "billing.databaseEnv" (dict "root" .root "role" "owner") | fromYamlArray -}}
{{- if .secret }}
{{- $_ := set (index $env 0).valueFrom.secretKeyRef "name" .secret }}
{{- end }}
metadata:
  labels: {{- include "billing.labels" $here | nindent 4 }}
spec:
  restartPolicy: Never
  # What has not ended by then ends with its connection, and nothing of it stays.
  terminationGracePeriodSeconds: 10
  {{- include "billing.podSecurity" .root | nindent 2 }}
  {{- include "billing.placement" $of | nindent 2 }}
  containers:
    - name: migrate
      image: {{ include "billing.image" (dict "root" .root "component" "core") }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: [/billing-core, migrate, {{ .command }}]
      env:
        {{- toYaml $env | nindent 8 }}
        - name: BILLING_MIGRATE_GIVE_UP_SECS
          value: {{ include "billing.scalar" $of.giveUpSeconds | quote }}
      securityContext: {{- include "billing.containerSecurity" . | nindent 8 }}
      resources: {{- toYaml $of.resources | nindent 8 }}
      {{- with include "billing.volumeMounts" $here | trim }}
      volumeMounts: {{- . | nindent 8 }}
      {{- end }}
  {{- with include "billing.volumes" $here | trim }}
  volumes: {{- . | nindent 4 }}
  {{- end }}
{{- end }}
