{{/* What every pod of ours has. */}}
{{- define "billing.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "billing.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where a pod may run: what values say of a component. */}}
{{- define "billing.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* One machine, or one zone, that fails takes as few as can be. (dict "root" $ "component" "core") */}}
{{- define "billing.spread" -}}
{{- $constraints := (index .root.Values .component).topologySpreadConstraints -}}
{{- if kindIs "slice" $constraints }}
{{- toYaml $constraints }}
{{- else }}
{{- $selector := . }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "billing.selector" $selector | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{/* The authority of the database's certificate, where there is one of its own. */}}
{{- define "billing.databaseCa" -}}
{{- if .Values.cloudnativepg.enabled }}
secret: {{ include "billing.postgres" . }}-ca
key: ca.crt
{{- else if .Values.database.ca.existingSecret }}
secret: {{ .Values.database.ca.existingSecret | quote }}
key: {{ .Values.database.ca.key | quote }}
{{- end }}
{{- end }}

{{/* Files of a component: a list of (volume, mount). (dict "root" $ "component" "core") */}}
{{- define "billing.files" -}}
{{- $values := .root.Values -}}
{{- if ne .component "gateway" }}
{{- with include "billing.databaseCa" .root | fromYaml }}
- {name: database-ca, path: /etc/billing/database, secret: {{ .secret | quote }}, items: [{key: {{ .key | quote }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- if and (eq .component "core") $values.core.tls.existingSecret }}
- {name: tls, path: /etc/billing/tls, secret: {{ $values.core.tls.existingSecret | quote }}, items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]}
{{- end }}
{{- if and (eq .component "gateway") $values.core.tls.existingSecret }}
- {name: core-ca, path: /etc/billing/core, secret: {{ $values.core.tls.existingSecret | quote }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- if and (eq .component "core") $values.core.outbox.existingClaim }}
- {name: outbox, path: /var/lib/billing/outbox, claim: {{ $values.core.outbox.existingClaim | quote }}}
{{- end }}
{{- end }}

{{- define "billing.volumes" -}}
{{- range include "billing.files" . | fromYamlArray }}
- name: {{ .name }}
  {{- if .claim }}
  persistentVolumeClaim:
    claimName: {{ .claim | quote }}
  {{- else }}
  secret:
    secretName: {{ .secret | quote }}
    defaultMode: 0440
    items: {{- toYaml .items | nindent 6 }}
  {{- end }}
{{- end }}
{{- with (index .root.Values .component).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "billing.volumeMounts" -}}
{{- range include "billing.files" . | fromYamlArray }}
- name: {{ .name }}
  mountPath: {{ .path }}
  {{- if not .claim }}
  readOnly: true
  {{- end }}
{{- end }}
{{- with (index .root.Values .component).extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Peers of a NetworkPolicy: all pods of these namespaces. */}}
{{- define "billing.namespaces" -}}
{{- with . -}}
- namespaceSelector:
    matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}]
{{- end }}
{{- end }}
