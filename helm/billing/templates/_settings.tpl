{{/* A scalar of values as text. A number is whole: Helm itself writes 50000000 as 5e+07. */}}
{{- define "billing.scalar" -}}
{{- if kindIs "float64" . }}{{ printf "%.0f" . }}{{ else }}{{ toString . }}{{ end -}}
{{- end }}

{{/* Settings that both services have, as a map of texts. */}}
{{- define "billing.common.settings" -}}
BILLING_LOG: {{ .Values.telemetry.log | quote }}
BILLING_LOG_FORMAT: {{ .Values.telemetry.logFormat | quote }}
{{- with .Values.telemetry.otlpEndpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
{{- end }}
{{- with include "billing.backendUrl" . }}
BACKEND_URL: {{ . | quote }}
{{- end }}
{{- with .Values.urls.frontend }}
FRONTEND_URL: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "billing.core.settings" -}}
{{ include "billing.common.settings" . }}
BILLING_GRPC_ADDR: 0.0.0.0:50051
BILLING_ADMIN_ADDR: 0.0.0.0:9051
BILLING_LEAVE_SECS: {{ include "billing.scalar" .Values.core.leaveSeconds | quote }}
BILLING_DRAIN_SECS: {{ include "billing.scalar" .Values.core.drainSeconds | quote }}
BILLING_CONNECTION_AGE_SECS: {{ include "billing.scalar" .Values.core.connectionAgeSeconds | quote }}
{{- if .Values.core.tls.existingSecret }}
BILLING_TLS_CERT: /etc/billing/tls/tls.crt
BILLING_TLS_KEY: /etc/billing/tls/tls.key
{{- end }}
{{- if .Values.core.outbox.existingClaim }}
BILLING_OUTBOX_DIR: /var/lib/billing/outbox
{{- end }}
{{- with .Values.core.mail }}
{{- if .host }}
SMTP_HOST: {{ .host | quote }}
SMTP_PORT: {{ include "billing.mailPort" $ | quote }}
SMTP_SECURE: {{ .secure | quote }}
EMAIL_FROM: {{ .from | quote }}
EMAIL_FROM_NAME: {{ .fromName | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "billing.gateway.settings" -}}
{{- $full := include "billing.fullname" . -}}
{{ include "billing.common.settings" . }}
BILLING_GATEWAY_ADDR: 0.0.0.0:8080
BILLING_GATEWAY_ADMIN_ADDR: 0.0.0.0:9080
BILLING_GATEWAY_LEAVE_SECS: {{ include "billing.scalar" .Values.gateway.leaveSeconds | quote }}
BILLING_GATEWAY_DRAIN_SECS: {{ include "billing.scalar" .Values.gateway.drainSeconds | quote }}
BILLING_CORE_URL: {{ ternary "https" "http" (ne .Values.core.tls.existingSecret "") }}://{{ $full }}-core:50051
{{- if .Values.core.tls.existingSecret }}
BILLING_CORE_CA: /etc/billing/core/ca.crt
{{- end }}
TRUSTED_PROXIES: {{ include "billing.trustedProxies" . | quote }}
{{- with .Values.gateway }}
{{- with .tenant }}
BILLING_DEFAULT_TENANT: {{ . | quote }}
{{- end }}
{{- range $name, $value := (dict
    "JWT_JWKS_URL" .jwt.jwksUrl "JWT_ALGORITHM" .jwt.algorithm "JWT_ISSUER" .jwt.issuer
    "JWT_AUDIENCE" .jwt.audience "JWT_USER_CLAIM" .jwt.userClaim "JWT_TENANT_CLAIM" .jwt.tenantClaim
    "JWT_EMAIL_CLAIM" .jwt.emailClaim "JWT_NAME_CLAIM" .jwt.nameClaim
    "JWT_ADMIN_CLAIM" .jwt.adminClaim "JWT_ADMIN_VALUE" .jwt.adminValue
    "CORS_ORIGINS" (join "," .corsOrigins)
    "BILLING_WEB_LOGIN_URL" .web.loginUrl "BILLING_WEB_LOGOUT_URL" .web.logoutUrl
    "BILLING_WEB_TOKEN_STORAGE" .web.tokenStorage "BILLING_WEB_TENANT_NAME" .web.tenantName
    "BILLING_WEB_SUPPORT_EMAIL" .web.supportEmail "BILLING_WEB_FRAME_ANCESTORS" (join "," .web.frameAncestors)
    "STRIPE_PUBLISHABLE_KEY" .stripe.publishableKey
    "STRIPE_SUCCESS_URL" .stripe.successUrl "STRIPE_CANCEL_URL" .stripe.cancelUrl
    "BILLING_RATE_SOURCE" .rateSource
    "BILLING_TOPUP_MAX_USD" .topUpMax.usd "BILLING_TOPUP_MAX_UAH" .topUpMax.uah
  ) }}
{{- with include "billing.scalar" $value }}
{{ $name }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- if .web.enabled }}
{{- with include "billing.backendUrl" $ }}
BILLING_WEB_URL: {{ . | quote }}
{{- end }}
{{- else }}
BILLING_WEB_DIR: ""
{{- end }}
{{- with .fondy }}
{{- if .merchantId }}
FONDY_MERCHANT_ID: {{ include "billing.scalar" .merchantId | quote }}
FONDY_NAME: {{ .name | quote }}
{{- with .apiUrl }}
FONDY_API_URL: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* TLS from the first byte has a port of its own. */}}
{{- define "billing.mailPort" -}}
{{- $mail := .Values.core.mail -}}
{{- if kindIs "invalid" $mail.port }}{{ ternary 465 587 $mail.secure }}{{ else }}{{ int64 $mail.port }}{{ end -}}
{{- end }}

{{/* One where something of ours stands in front, unless it is told otherwise. */}}
{{- define "billing.trustedProxies" -}}
{{- if kindIs "invalid" .Values.gateway.trustedProxies -}}
{{- ternary 1 0 (or .Values.ingress.enabled .Values.gatewayApi.http.enabled) -}}
{{- else }}{{ int64 .Values.gateway.trustedProxies }}{{ end -}}
{{- end }}

{{/* What comes from a component's Secret: each name, and whether a pod may start without it. */}}
{{- define "billing.core.secrets" -}}
BILLING_SERVICE_TOKENS: needed
BILLING_UNSUBSCRIBE_KEYS: optional
BILLING_AMQP_URL: optional
{{- if .Values.core.mail.host }}
SMTP_USER: optional
SMTP_PASS: optional
{{- end }}
{{- include "billing.common.secrets" . }}
{{- end }}

{{- define "billing.gateway.secrets" -}}
BILLING_CORE_TOKEN: needed
BILLING_CORE_ADMIN_TOKEN: optional
{{- if not .Values.gateway.jwt.jwksUrl }}
JWT_SECRET: needed
{{- end }}
STRIPE_SECRET_KEY: optional
STRIPE_WEBHOOK_SECRET: optional
{{- if .Values.gateway.fondy.merchantId }}
FONDY_SECRET_KEY: needed
{{- end }}
{{- include "billing.common.secrets" . }}
{{- end }}

{{- define "billing.common.secrets" -}}
{{- if .Values.telemetry.otlpEndpoint }}
OTEL_EXPORTER_OTLP_HEADERS: optional
{{- end }}
{{- end }}

{{/* The container's environment. (dict "root" $ "component" "core") */}}
{{- define "billing.env" -}}
{{- $of := index .root.Values .component -}}
{{- range $name, $value := include (printf "billing.%s.settings" .component) .root | fromYaml }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- $secret := include "billing.secretName" . }}
{{- range $name, $need := include (printf "billing.%s.secrets" .component) .root | fromYaml }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret | quote }}
      key: {{ $name }}
      {{- if eq $need "optional" }}
      optional: true
      {{- end }}
{{- end }}
{{- if eq .component "core" }}
{{- include "billing.databaseEnv" (dict "root" .root "role" "core") }}
{{- end }}
{{- $threads := ternary "BILLING_WORKER_THREADS" "BILLING_GATEWAY_WORKER_THREADS" (eq .component "core") }}
{{- if not (hasKey $of.env $threads) }}
# As many as the processors that the pod asks for: a service sees those of the whole machine.
- name: {{ $threads }}
  valueFrom:
    resourceFieldRef:
      containerName: {{ .component }}
      resource: requests.cpu
{{- end }}
{{- range $name, $value := $of.env }}
- name: {{ $name }}
  value: {{ include "billing.scalar" $value | quote }}
{{- end }}
{{- end }}

{{/* The way to the database, for the owner or for the cores. (dict "root" $ "role" "owner") */}}
{{- define "billing.databaseEnv" -}}
{{- $values := .root.Values -}}
{{- $setting := ternary "BILLING_OWNER_DATABASE_URL" "DATABASE_URL" (eq .role "owner") -}}
{{- $of := index $values.database .role }}
{{- if $values.cloudnativepg.enabled }}
{{- $cluster := include "billing.postgres" .root }}
# The password apart, so that it may have any letters.
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ ternary (printf "%s-app" $cluster) (include "billing.coreRoleSecret" .root) (eq .role "owner") | quote }}
      key: password
- name: {{ $setting }}
  value: postgres://billing_{{ .role }}@{{ $cluster }}-rw:5432/billing?sslmode=verify-full&sslrootcert=/etc/billing/database/ca.crt
{{- else }}
- name: {{ $setting }}
  valueFrom:
    secretKeyRef:
      name: {{ $of.existingSecret | default (printf "%s-database-%s" (include "billing.fullname" .root) .role) | quote }}
      key: {{ $of.key | quote }}
{{- end }}
{{- end }}

{{- define "billing.coreRoleSecret" -}}
{{- .Values.cloudnativepg.coreRole.existingSecret | default (printf "%s-role-core" (include "billing.fullname" .)) -}}
{{- end }}
