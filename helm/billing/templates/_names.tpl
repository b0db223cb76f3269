{{- define "billing.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* What every object's name begins with: room is left for the longest ending. Of a longer one, which another
     release may share as far as there is room, the end is a hash of the whole. */}}
{{- define "billing.fullname" -}}
{{- $name := include "billing.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- $full = .Values.fullnameOverride | default $full -}}
{{- if gt (len $full) 40 -}}
{{- $full = printf "%s-%s" ($full | trunc 31 | trimSuffix "-") (sha256sum $full | trunc 8) -}}
{{- end -}}
{{- $full -}}
{{- end }}

{{/* Of everything of this release. */}}
{{- define "billing.ours" -}}
app.kubernetes.io/name: {{ include "billing.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* What selects the pods of a component. (dict "root" $ "component" "core") */}}
{{- define "billing.selector" -}}
{{ include "billing.ours" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* (dict "root" $ "component" "core"), and "more" labels, above those of all */}}
{{- define "billing.labels" -}}
{{ include "billing.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with merge (dict) (.more | default dict) .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* (dict "root" $ "component" "core") */}}
{{- define "billing.image" -}}
{{- $image := (index .root.Values .component).image -}}
{{- $tag := $image.tag | default .root.Chart.AppVersion -}}
{{- with .root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $image.repository }}:{{ $tag }}{{ with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* The Secret with a component's secrets: one of yours, or ours with plain values. */}}
{{- define "billing.secretName" -}}
{{- (index .root.Values .component).existingSecret | default (printf "%s-%s" (include "billing.fullname" .root) .component) -}}
{{- end }}

{{/* Where the gateway is reached from outside: as it is set, else by the first way in. Without a slash at its end. */}}
{{- define "billing.backendUrl" -}}
{{- if .Values.urls.backend -}}
{{- trimSuffix "/" .Values.urls.backend -}}
{{- else if and .Values.ingress.enabled .Values.ingress.host -}}
{{- ternary "https" "http" .Values.ingress.tls.enabled }}://{{ .Values.ingress.host -}}
{{- else if and .Values.gatewayApi.http.enabled .Values.gatewayApi.http.hostnames -}}
{{- $host := first .Values.gatewayApi.http.hostnames -}}
{{- if not (contains "*" $host) }}https://{{ $host }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "billing.postgres" -}}
{{- .Values.cloudnativepg.name | default (printf "%s-postgres" (include "billing.fullname" .)) -}}
{{- end }}

{{/* The replicas that a component has at the least. */}}
{{- define "billing.replicas" -}}
{{- $of := index .root.Values .component -}}
{{- if $of.autoscaling.enabled }}{{ int64 $of.autoscaling.minReplicas }}
{{- else if kindIs "invalid" $of.replicas }}2
{{- else }}{{ int64 $of.replicas }}{{ end -}}
{{- end }}

{{/* Seconds that a pod may take to end: it sleeps, leaves, drains, and then writes and closes what is left. The
     core gives the time to drain to calls first, and once more to what its lanes still have. */}}
{{- define "billing.graceNeeded" -}}
{{- $of := index .root.Values .component -}}
{{- $drains := ternary 2 1 (eq .component "core") -}}
{{- add (int64 $of.preStopSeconds) (int64 $of.leaveSeconds) (mul $drains (int64 $of.drainSeconds)) 10 -}}
{{- end }}

{{- define "billing.grace" -}}
{{- $of := index .root.Values .component -}}
{{- if kindIs "invalid" $of.terminationGracePeriodSeconds }}{{ include "billing.graceNeeded" . }}
{{- else }}{{ int64 $of.terminationGracePeriodSeconds }}{{ end -}}
{{- end }}
