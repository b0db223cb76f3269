{{/* Values that contradict each other, or lack something, end here: one sentence, and nothing is rendered. */}}
{{- define "billing.check" -}}
{{- include "billing.check.needed" . -}}
{{- include "billing.check.secrets" . -}}
{{- include "billing.check.labels" . -}}
{{- include "billing.check.database" . -}}
{{- include "billing.check.migrations" . -}}
{{- include "billing.check.ways" . -}}
{{- include "billing.check.payments" . -}}
{{- include "billing.check.env" . -}}
{{- range $component := list "core" "gateway" -}}
{{- include "billing.check.scale" (dict "root" $ "component" $component) -}}
{{- end -}}
{{- end }}

{{- define "billing.check.needed" -}}
{{- $missing := list -}}
{{- if not .Values.cloudnativepg.enabled -}}
{{- range $role := list "owner" "core" -}}
{{- $of := index $.Values.database $role -}}
{{- if not (or $of.url $of.existingSecret) -}}
{{- $missing = append $missing (printf "database.%s.existingSecret (or cloudnativepg.enabled)" $role) -}}
{{- end -}}
{{- end -}}
{{- else if not (or .Values.cloudnativepg.coreRole.password .Values.cloudnativepg.coreRole.existingSecret) -}}
{{- $missing = append $missing "cloudnativepg.coreRole.existingSecret" -}}
{{- end -}}
{{- range $component, $names := dict "core" (list "BILLING_SERVICE_TOKENS") "gateway" (list "BILLING_CORE_TOKEN") -}}
{{- $of := index $.Values $component -}}
{{- range $name := $names -}}
{{- if not (or $of.existingSecret (index $of.secrets $name)) -}}
{{- $missing = append $missing (printf "%s.existingSecret (with %s)" $component $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.gateway -}}
{{- if not (or .existingSecret .secrets.JWT_SECRET .jwt.jwksUrl) -}}
{{- $missing = append $missing "gateway.jwt.jwksUrl (or JWT_SECRET in its Secret)" -}}
{{- end -}}
{{- if not (or .tenant .jwt.tenantClaim) -}}
{{- $missing = append $missing "gateway.tenant (or gateway.jwt.tenantClaim)" -}}
{{- end -}}
{{- end -}}
{{- with $missing -}}
{{- fail (printf "billing cannot be installed without %s: see the chart's README.md" (join ", " .)) -}}
{{- end -}}
{{- end }}

{{- define "billing.check.secrets" -}}
{{- range $component := list "core" "gateway" -}}
{{- $of := index $.Values $component -}}
{{- range $name, $value := $of.secrets -}}
{{- if and $value $of.existingSecret -}}
{{- fail (printf "%s.existingSecret and %s.secrets.%s are both set: the Secret holds either all or none" $component $component $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.gateway -}}
{{- if and .jwt.jwksUrl .secrets.JWT_SECRET -}}
{{- fail "gateway.jwt.jwksUrl and gateway.secrets.JWT_SECRET are both set: tokens are verified by one of them" -}}
{{- end -}}
{{- if and .jwt.jwksUrl (not (has .jwt.algorithm (list "RS256" "ES256" "EdDSA"))) -}}
{{- fail "gateway.jwt.jwksUrl needs gateway.jwt.algorithm: RS256, ES256 or EdDSA" -}}
{{- end -}}
{{- if and (not .jwt.jwksUrl) (not (has .jwt.algorithm (list "" "HS256"))) -}}
{{- fail (printf "gateway.jwt.algorithm is %s, which needs gateway.jwt.jwksUrl" .jwt.algorithm) -}}
{{- end -}}
{{- if ne (empty .jwt.adminClaim) (empty .jwt.adminValue) -}}
{{- fail "gateway.jwt.adminClaim and gateway.jwt.adminValue need each other" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "billing.check.labels" -}}
{{- $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" -}}
{{- range $value, $labels := (dict
    "commonLabels" .Values.commonLabels
    "core.podLabels" .Values.core.podLabels
    "gateway.podLabels" .Values.gateway.podLabels
    "monitoring.serviceMonitor.labels" .Values.monitoring.serviceMonitor.labels
    "monitoring.prometheusRule.labels" .Values.monitoring.prometheusRule.labels
    "monitoring.dashboards.labels" .Values.monitoring.dashboards.labels
  ) -}}
{{- range $name := $own -}}
{{- if hasKey $labels $name -}}
{{- fail (printf "%s sets %s, by which the chart finds its pods, or Helm its objects" $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "billing.check.migrations" -}}
{{- with .Values.migrations -}}
{{- $longest := mul (int64 .giveUpSeconds) (add 1 (int64 .retries)) -}}
{{- if ge $longest (int64 .timeoutSeconds) -}}
{{- fail (printf "migrations.giveUpSeconds is %d and migrations.retries is %d: that may take %d seconds, and migrations.timeoutSeconds is %d, in which all of it ends; raise that, and Helm's --timeout above it" (int64 .giveUpSeconds) (int64 .retries) $longest (int64 .timeoutSeconds)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The policy opens one port to the database. What a Secret of yours holds is not known here. */}}
{{- define "billing.check.port" -}}
{{- $opened := int64 .Values.networkPolicy.database.port -}}
{{- range $role := list "owner" "core" -}}
{{- with (index $.Values.database $role).url -}}
{{- range $server := regexReplaceAll "^[a-z]+://([^@/?]*@)?([^/?]*).*$" . "${2}" | splitList "," -}}
{{- $port := regexFind ":[0-9]+$" $server | trimPrefix ":" | default "5432" | int64 -}}
{{- if ne $port $opened -}}
{{- fail (printf "database.%s.url leads to port %d, and networkPolicy.database.port is %d, the only one that the policy opens" $role $port $opened) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A Cluster's spec goes above all else of it: what has a value, which other things follow, is not set there. */}}
{{- define "billing.check.spec" -}}
{{- $spec := .Values.cloudnativepg.spec -}}
{{- $sentence := "cloudnativepg.spec.%s has a value of its own: cloudnativepg.%s" -}}
{{- range $name := list "instances" "imageName" "storage" "walStorage" "resources" -}}
{{- if hasKey $spec $name }}{{ fail (printf $sentence $name $name) }}{{ end -}}
{{- end -}}
{{- range $name, $value := dict "parameters" "parameters" "synchronous" "synchronousReplicas" -}}
{{- if hasKey ($spec.postgresql | default dict) $name -}}
{{- fail (printf $sentence (printf "postgresql.%s" $name) $value) -}}
{{- end -}}
{{- end -}}
{{- with ($spec.managed | default dict).roles -}}
{{- $names := list -}}
{{- range . }}{{ $names = append $names .name }}{{ end -}}
{{- if not (has "billing_core" $names) -}}
{{- fail "cloudnativepg.spec.managed.roles lacks billing_core, and replaces the list that has it: the cores could not log in" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "billing.check.database" -}}
{{- $postgres := .Values.cloudnativepg -}}
{{- range $role := list "owner" "core" -}}
{{- $of := index $.Values.database $role -}}
{{- if and $of.url $of.existingSecret -}}
{{- fail (printf "database.%s.url and database.%s.existingSecret are both set: one of them names the database" $role $role) -}}
{{- end -}}
{{- if and $postgres.enabled (or $of.url $of.existingSecret) -}}
{{- fail (printf "cloudnativepg.enabled makes the database, and database.%s names another" $role) -}}
{{- end -}}
{{- end -}}
{{- with .Values.database -}}
{{- $sameUrl := and .owner.url (eq .owner.url .core.url) -}}
{{- $sameKey := and .owner.existingSecret (eq .owner.existingSecret .core.existingSecret) (eq .owner.key .core.key) -}}
{{- if or $sameUrl $sameKey -}}
{{- fail "database.owner and database.core are the same: whoever takes over a core could rewrite the past; give the cores a role that is a member of billing_app and nothing else" -}}
{{- end -}}
{{- end -}}
{{- if and $postgres.enabled $postgres.coreRole.password $postgres.coreRole.existingSecret -}}
{{- fail "cloudnativepg.coreRole.password and cloudnativepg.coreRole.existingSecret are both set" -}}
{{- end -}}
{{- if and $postgres.enabled (ge (int64 $postgres.synchronousReplicas) (int64 $postgres.instances)) -}}
{{- fail (printf "cloudnativepg.synchronousReplicas is %d, and with %d instances there are only %d standbys" (int64 $postgres.synchronousReplicas) (int64 $postgres.instances) (sub (int64 $postgres.instances) 1)) -}}
{{- end -}}
{{- if $postgres.enabled -}}
{{- include "billing.check.spec" . -}}
{{- include "billing.check.room" . -}}
{{- else if .Values.networkPolicy.enabled -}}
{{- include "billing.check.port" . -}}
{{- end -}}
{{- end }}

{{/* The log's disk and the connections of a Cluster: a database that runs out of either stops. */}}
{{- define "billing.check.room" -}}
{{- $postgres := .Values.cloudnativepg -}}
{{- $parameters := include "billing.postgresParameters" . | fromYaml -}}
{{- $disk := $postgres.walStorage.size | default $postgres.storage.size -}}
{{- $wal := $parameters.max_wal_size | default "1GB" -}}
{{- if lt (int64 (include "billing.mebibytes" $disk)) (mul 2 (int64 (include "billing.mebibytes" $wal))) -}}
{{- fail (printf "cloudnativepg: the log's disk has %s, and max_wal_size is %s: without twice that it may fill up, and the database stops" $disk $wal) -}}
{{- end -}}
{{- $cores := int64 (include "billing.replicas" (dict "root" . "component" "core")) -}}
{{- if .Values.core.autoscaling.enabled -}}
{{- $cores = int64 .Values.core.autoscaling.maxReplicas -}}
{{- end -}}
{{- $needed := add 10 (mul 25 (add $cores (int64 .Values.core.maxSurge))) -}}
{{- $most := int64 ($parameters.max_connections | default "100") -}}
{{- if gt $needed $most -}}
{{- fail (printf "cloudnativepg.parameters.max_connections is %d, and %d cores may need %d, with those of a roll" $most $cores $needed) -}}
{{- end -}}
{{- end }}

{{- define "billing.check.ways" -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled needs ingress.host: the name under which payers and payment providers reach the gateway" -}}
{{- end -}}
{{- range $kind := list "http" "grpc" -}}
{{- $of := index $.Values.gatewayApi $kind -}}
{{- if and $of.enabled (not (and $of.parentRefs $of.hostnames)) -}}
{{- fail (printf "gatewayApi.%s.enabled needs gatewayApi.%s.parentRefs and gatewayApi.%s.hostnames" $kind $kind $kind) -}}
{{- end -}}
{{- end -}}
{{- range $way, $enabled := dict "ingress.enabled" .Values.ingress.enabled "gatewayApi.http.enabled" .Values.gatewayApi.http.enabled -}}
{{- if and $enabled (ne $.Values.gateway.service.type "ClusterIP") -}}
{{- fail (printf "gateway.service.type is %s beside %s: who comes by the Service, past the proxy, would name their own address by X-Forwarded-For" $.Values.gateway.service.type $way) -}}
{{- end -}}
{{- end -}}
{{- with .Values.networkPolicy -}}
{{- if and .enabled $.Values.gatewayApi.grpc.enabled (not .core.fromNamespaces) -}}
{{- fail "gatewayApi.grpc.enabled leads to the core from elsewhere, and networkPolicy.core.fromNamespaces lets nobody in: name the namespace of the Gateway's proxies" -}}
{{- end -}}
{{- if and .enabled $.Values.monitoring.serviceMonitor.enabled (not .metricsFromNamespaces) -}}
{{- fail "monitoring.serviceMonitor.enabled needs networkPolicy.metricsFromNamespaces: the namespace of Prometheus, which else reaches no metrics" -}}
{{- end -}}
{{- end -}}
{{- with .Values.core -}}
{{- if and .mail.host (not .mail.from) -}}
{{- fail "core.mail.host needs core.mail.from, the address that mail comes from" -}}
{{- end -}}
{{- $port := int64 (include "billing.mailPort" $) -}}
{{- if and .mail.host (or (and .mail.secure (eq $port 587)) (and (not .mail.secure) (eq $port 465))) -}}
{{- fail (printf "core.mail.secure is %t and core.mail.port is %d: port 465 speaks TLS from the first byte, port 587 STARTTLS; leave core.mail.port out" .mail.secure $port) -}}
{{- end -}}
{{- if ne (empty .secrets.SMTP_USER) (empty .secrets.SMTP_PASS) -}}
{{- fail "core.secrets.SMTP_USER and core.secrets.SMTP_PASS need each other" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "billing.check.payments" -}}
{{- with .Values.gateway -}}
{{- if ne (empty .secrets.STRIPE_SECRET_KEY) (empty .secrets.STRIPE_WEBHOOK_SECRET) -}}
{{- fail "gateway.secrets.STRIPE_SECRET_KEY and gateway.secrets.STRIPE_WEBHOOK_SECRET need each other" -}}
{{- end -}}
{{- if ne (empty .stripe.successUrl) (empty .stripe.cancelUrl) -}}
{{- fail "gateway.stripe.successUrl and gateway.stripe.cancelUrl need each other" -}}
{{- end -}}
{{- if and .secrets.FONDY_SECRET_KEY (not .fondy.merchantId) -}}
{{- fail "gateway.secrets.FONDY_SECRET_KEY needs gateway.fondy.merchantId" -}}
{{- end -}}
{{- if and .fondy.merchantId (not (or .existingSecret .secrets.FONDY_SECRET_KEY)) -}}
{{- fail "gateway.fondy.merchantId needs gateway.secrets.FONDY_SECRET_KEY, or gateway.existingSecret with it" -}}
{{- end -}}
{{- if and .fondy.merchantId (not (include "billing.backendUrl" $)) -}}
{{- fail "gateway.fondy.merchantId needs urls.backend, where Fondy reaches the gateway, or ingress.host" -}}
{{- end -}}
{{- if and .fondy.merchantId (eq .rateSource "none") -}}
{{- fail "gateway.fondy.merchantId needs gateway.rateSource: without a rate nobody pays in hryvnia" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "billing.check.env" -}}
{{- $secret := "^(PGPASSWORD|(BILLING_OWNER_)?DATABASE_URL|SMTP_PASS|JWT_SECRET|FONDY_SECRET_KEY|STRIPE_.*SECRET.*|BILLING_.*TOKENS?|BILLING_UNSUBSCRIBE_KEYS|BILLING_AMQP_URL|OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS)$" -}}
{{- range $component := list "core" "gateway" -}}
{{- $settings := include (printf "billing.%s.settings" $component) $ | fromYaml -}}
{{- $secrets := include (printf "billing.%s.secrets" $component) $ | fromYaml -}}
{{- range $name, $_ := (index $.Values $component).env -}}
{{- if hasKey $settings $name -}}
{{- fail (printf "%s.env.%s is set already, by a value of its own: look for it in values.yaml" $component $name) -}}
{{- end -}}
{{- if or (hasKey $secrets $name) (regexMatch $secret $name) -}}
{{- $place := regexMatch "^PGPASSWORD$|DATABASE_URL$" $name | ternary "database" $component -}}
{{- fail (printf "%s.env.%s would show a secret to whoever reads the Deployment: it belongs into %s.existingSecret" $component $name (eq $place "database" | ternary "database.core" $place)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* (dict "root" $ "component" "core") */}}
{{- define "billing.check.scale" -}}
{{- $component := .component -}}
{{- $of := index .root.Values $component -}}
{{- with $of.autoscaling -}}
{{- if .enabled -}}
{{- if not (kindIs "invalid" $of.replicas) -}}
{{- fail (printf "%s.replicas is %d and %s.autoscaling is enabled: the autoscaler sets their number, so leave %s.replicas out" $component (int64 $of.replicas) $component $component) -}}
{{- end -}}
{{- if gt (int64 .minReplicas) (int64 .maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is %d, above maxReplicas, which is %d" $component (int64 .minReplicas) (int64 .maxReplicas)) -}}
{{- end -}}
{{- if not (dig "requests" "cpu" "" $of.resources) -}}
{{- fail (printf "%s.autoscaling needs %s.resources.requests.cpu, of which it takes the share" $component $component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $of.pdb -}}
{{- if .enabled -}}
{{- if not (or (kindIs "invalid" .minAvailable) (kindIs "invalid" .maxUnavailable)) -}}
{{- fail (printf "%s.pdb.minAvailable and %s.pdb.maxUnavailable are both set: Kubernetes takes one of them" $component $component) -}}
{{- end -}}
{{- $replicas := int64 (include "billing.replicas" $) -}}
{{- $least := int64 .minAvailable -}}
{{- if kindIs "string" .minAvailable -}}
{{- /* Kubernetes rounds up. */ -}}
{{- $least = div (add 99 (mul $replicas (int64 (trimSuffix "%" .minAvailable)))) 100 -}}
{{- end -}}
{{- $none := has (toString .maxUnavailable) (list "0" "0%") -}}
{{- if or $none (ge $least $replicas) -}}
{{- fail (printf "%s.pdb lets no pod go, so that no machine could ever be emptied" $component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $grace := int64 (include "billing.grace" .) -}}
{{- $needed := int64 (include "billing.graceNeeded" .) -}}
{{- if lt $grace $needed -}}
{{- fail (printf "%s.terminationGracePeriodSeconds is %d and must be %d at least: %s.preStopSeconds (%d), leaveSeconds (%d), drainSeconds (%d), and time to end" $component $grace $needed $component (int64 $of.preStopSeconds) (int64 $of.leaveSeconds) (int64 $of.drainSeconds)) -}}
{{- end -}}
{{- end }}
