"""What the chart promises, over what Helm makes of it. `cargo xtask lint` runs it."""

import functools
import json
import re
import unittest

import helm_python as helm
import kubernetes_validate
import yaml

from refusals import CONTRADICTIONS, NOT_OF_THE_SCHEMA
from render import CHART, FULL, PATH, ROOT, TRIAL, component, containers, objects, of_kind, over, pods
from render import refused, selects, settings_of, texts, title

REFERENCES = over(TRIAL, {
    "database": {
        "owner": {"url": "", "existingSecret": "db", "key": "owner"},
        "core": {"url": "", "existingSecret": "db", "key": "core"},
        "ca": {"existingSecret": "db-ca"},
    },
    "core": {"existingSecret": "mine", "secrets": {"BILLING_SERVICE_TOKENS": ""}},
    "gateway": {
        "existingSecret": "mine", "secrets": {"BILLING_CORE_TOKEN": "", "JWT_SECRET": ""},
        "service": {"type": "LoadBalancer"},
    },
})
RELEASES = {
    (name, how): objects(values, upgrade=how == "upgrade")
    for name, values in {"trial": TRIAL, "full": FULL, "references": REFERENCES}.items()
    for how in ("install", "upgrade")
}
NEWEST = kubernetes_validate.utils.all_versions()[-3:]
ROUTE = ["spec.parentRefs.0.name", "spec.hostnames.0", "spec.rules.0.backendRefs.0.name"]
# No validator knows them: what each must have, by its definition.
CUSTOM = {
    "Cluster": ["spec.instances", "spec.storage.size", "spec.bootstrap.initdb.owner",
                "spec.managed.roles.0.name", "spec.managed.roles.0.passwordSecret.name"],
    "ServiceMonitor": ["spec.selector", "spec.endpoints.0.port"],
    "PrometheusRule": ["spec.groups.0.name", "spec.groups.0.rules.0.expr"],
    "HTTPRoute": ROUTE,
    "GRPCRoute": ROUTE,
}
PASSWORD = "PGPASSWORD"  # sqlx takes it where a URL has none, as libpq does.
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"  # The exporter's library reads it by itself.


@functools.cache
def validate(entry, version):
    """Of many releases, an object that stays the same once."""
    kubernetes_validate.validate(json.loads(entry), version, strict=True)


def at(entry, path):
    for step in path.split("."):
        entry = entry[int(step)] if step.isdigit() else entry[step]
    return entry


def in_each_release(test):
    def tested(self):
        for release, among in RELEASES.items():
            with self.subTest(release=release):
                test(self, among, *release)

    return tested


class Chart(unittest.TestCase):
    def test_helm_has_nothing_to_warn_of(self):
        for values in (TRIAL, FULL, REFERENCES):
            report = helm.lint(PATH, values, strict=True)
            self.assertEqual([], report["errors"])
            self.assertEqual([], [said for said in report["messages"] if said["severity"] > 1])

    @in_each_release
    def test_every_object_is_one_of_the_three_newest_kubernetes(self, among, _values, _how):
        for entry in among:
            if entry["kind"] in CUSTOM:
                for path in CUSTOM[entry["kind"]]:
                    self.assertTrue(at(entry, path), f"{title(entry)}: {path}")
                continue
            for version in NEWEST:
                validate(json.dumps(entry), version)

    def test_without_values_one_sentence_names_all_that_are_needed(self):
        said = refused({})
        for value in ("database.owner", "database.core", "core.existingSecret", "gateway.existingSecret",
                      "gateway.jwt.jwksUrl", "gateway.tenant"):
            self.assertIn(value, said)

    def test_values_that_contradict_are_refused_in_a_sentence(self):
        for values, sentence in CONTRADICTIONS:
            with self.subTest(sentence):
                self.assertIn(sentence, refused(over(TRIAL, values)))

    def test_a_value_that_there_is_not_is_refused_by_name(self):
        for values, sentence in NOT_OF_THE_SCHEMA:
            with self.subTest(sentence):
                self.assertIn(sentence, refused(over(TRIAL, values)))

    def test_the_schema_knows_the_values_that_there_are_and_no_others(self):
        def compare(values, schema, where):
            if "$ref" in schema:
                schema = CHART.schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]
            if schema.get("additionalProperties") is False:
                self.assertEqual(set(values), set(schema["properties"]) - {"global"}, where)
                for name, value in values.items():
                    if isinstance(value, dict):
                        compare(value, schema["properties"][name], f"{where}.{name}")

        # As the file has it: Helm takes out what is null.
        compare(yaml.safe_load((PATH / "values.yaml").read_text()), CHART.schema, "values")

    @in_each_release
    def test_every_container_is_as_small_a_door_as_can_be(self, among, _values, _how):
        for name, _, spec in pods(among):
            self.assertFalse(spec["automountServiceAccountToken"], name)
            self.assertFalse(spec["enableServiceLinks"], name)
            self.assertTrue(spec["securityContext"]["runAsNonRoot"], name)
            self.assertEqual("RuntimeDefault", spec["securityContext"]["seccompProfile"]["type"])
        for name, container in containers(among):
            security = container["securityContext"]
            self.assertTrue(security["readOnlyRootFilesystem"], name)
            self.assertFalse(security["allowPrivilegeEscalation"], name)
            self.assertEqual(["ALL"], security["capabilities"]["drop"], name)
            self.assertIn("memory", container["resources"]["limits"], name)
            self.assertIn("cpu", container["resources"]["requests"], name)

    @in_each_release
    def test_nothing_starts_but_the_two_services_and_their_own_commands(self, among, _values, _how):
        doctor = ["/billing-gateway", "doctor"]
        inside = [*doctor, "--url=http://prod-billing-gateway"]
        known = [["/billing-core"], ["/billing-gateway"], doctor, inside,
                 ["/billing-core", "migrate", "up"], ["/billing-core", "migrate", "contract"]]
        for name, container in containers(among):
            self.assertIn(container["command"], known, name)
            self.assertNotIn("args", container, name)
        for path in PATH.rglob("*"):
            if path.is_file():
                self.assertNotIn("sandbox", path.read_text(encoding="utf-8").lower(), path)

    @in_each_release
    def test_every_setting_is_one_that_the_service_knows(self, among, _values, _how):
        services = ("core", "gateway")
        known = {name: settings_of(f"billing-{name}/src", "telemetry/src") for name in services}
        for name, container in containers(among):
            service = container["command"][0].removeprefix("/billing-")
            names = [variable["name"] for variable in container["env"]]
            self.assertEqual(len(names), len(set(names)), name)
            self.assertEqual(set(), set(names) - known[service] - {PASSWORD, HEADERS}, name)
        for service in services:
            secrets = set(yaml.safe_load((PATH / "values.yaml").read_text())[service]["secrets"])
            self.assertEqual(set(), secrets - known[service] - {HEADERS})

    @in_each_release
    def test_secrets_are_read_from_secrets_and_each_pod_has_only_its_own(self, among, release, _how):
        secret = re.compile(r"SECRET|(?<!WEB_)TOKEN|PASS|KEYS|DATABASE_URL")
        for name, container in containers(among):
            names = {variable["name"] for variable in container["env"]}
            is_migration = "migrate" in container["command"]
            self.assertEqual(is_migration, "BILLING_OWNER_DATABASE_URL" in names, name)
            self.assertEqual(container["command"] == ["/billing-core"], "DATABASE_URL" in names, name)
            for variable in container["env"]:
                # With CloudNativePG the URL has no password, which stands apart.
                plain = release == "full" and variable["name"].endswith("DATABASE_URL")
                if secret.search(variable["name"]) and not plain:
                    self.assertIn("secretKeyRef", variable["valueFrom"], name)
        roles = [
            (reference["name"], reference["key"])
            for name, container in containers(among)
            for variable in container["env"]
            if variable["name"] == PASSWORD or variable["name"].endswith("DATABASE_URL")
            for reference in [variable.get("valueFrom", {}).get("secretKeyRef")]
            if reference and "contract" not in name
        ]
        self.assertEqual(2, len(set(roles)), "owner and core have one of their own each")

    @in_each_release
    def test_each_selector_takes_its_pods_and_each_port_is_there(self, among, _values, _how):
        templates = [(metadata["labels"], spec) for _, metadata, spec in pods(among)]
        services = of_kind("Service", among)

        def taken(selector):
            return [spec for labels, spec in templates if selects(selector, labels)]

        for service in services:
            specs = taken({"matchLabels": service["spec"]["selector"]})
            self.assertEqual(1, len(specs), title(service))
            named = {port["name"] for port in specs[0]["containers"][0]["ports"]}
            self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, named)
        for entry in of_kind("Deployment", among) + of_kind("PodDisruptionBudget", among):
            self.assertEqual(1, len(taken(entry["spec"]["selector"])), title(entry))
        for entry in of_kind("ServiceMonitor", among):
            port = entry["spec"]["endpoints"][0]["port"]
            scraped = [
                service for service in services
                if selects(entry["spec"]["selector"], service["metadata"]["labels"])
                and port in [each["name"] for each in service["spec"]["ports"]]
            ]
            self.assertEqual(1, len(scraped), title(entry))
        for entry in of_kind("HorizontalPodAutoscaler", among):
            self.assertIn(f"Deployment/{entry['spec']['scaleTargetRef']['name']}", map(title, among))
        ports = {(s["metadata"]["name"], port["port"]) for s in services for port in s["spec"]["ports"]}
        for entry in of_kind("HTTPRoute", among) + of_kind("GRPCRoute", among):
            backend = at(entry, "spec.rules.0.backendRefs.0")
            self.assertIn((backend["name"], backend["port"]), ports)
        for entry in of_kind("Ingress", among):
            backend = at(entry, "spec.rules.0.http.paths.0.backend.service")
            service = next(s for s in services if s["metadata"]["name"] == backend["name"])
            self.assertIn(backend["port"]["name"], [port["name"] for port in service["spec"]["ports"]])

    @in_each_release
    def test_the_core_is_reached_by_the_gateway_and_named_namespaces_alone(self, among, release, _how):
        policies = of_kind("NetworkPolicy", among)
        labels = {component(metadata): metadata["labels"] for _, metadata, _ in pods(among)}

        def allows(rule, side, peer, namespace, port):
            if "ports" in rule and port not in [each["port"] for each in rule["ports"]]:
                return False
            return side not in rule or any(
                selects(each.get("namespaceSelector", {}), {"kubernetes.io/metadata.name": namespace})
                and (namespace == "money" or "namespaceSelector" in each)
                and selects(each.get("podSelector", {}), peer)
                for each in rule[side] if "ipBlock" not in each
            )

        def passes(direction, side, of, peer, namespace, port):
            specs = [policy["spec"] for policy in policies]
            about = [spec for spec in specs if selects(spec["podSelector"], labels[of])]
            self.assertTrue(about, f"{of} is under no policy")
            rules = [rule for spec in about for rule in spec.get(direction, [])]
            return any(allows(rule, side, peer, namespace, port) for rule in rules)

        for peer in labels:
            inward = passes("ingress", "from", "core", labels[peer], "money", 50051)
            outward = passes("egress", "to", peer, labels["core"], "money", 50051)
            self.assertEqual(peer in ("gateway", "doctor"), inward, peer)
            self.assertEqual(inward, outward, peer)
        named = FULL["networkPolicy"]["core"]["fromNamespaces"] if release == "full" else []
        for namespace in ("tools", "gateways", "default", "monitoring"):
            inward = passes("ingress", "from", "core", {"app": "any"}, namespace, 50051)
            self.assertEqual(namespace in named, inward, namespace)
            scraped = passes("ingress", "from", "core", {"app": "any"}, namespace, 9051)
            self.assertEqual(release == "full" and namespace == "monitoring", scraped, namespace)
        self.assertFalse(passes("ingress", "from", "core", {"app": "any"}, "money", 50051))
        # Everybody, where nobody is named.
        for namespace in ("ingress", "default"):
            inward = passes("ingress", "from", "gateway", {"app": "any"}, namespace, 8080)
            self.assertEqual(release != "full" or namespace == "ingress", inward, namespace)
        # The doctor, in its own pod or by `kubectl exec` in one of the gateway's.
        for peer in ("doctor", "gateway"):
            self.assertTrue(passes("ingress", "from", "gateway", labels[peer], "money", 8080), peer)
            self.assertTrue(passes("egress", "to", peer, labels["gateway"], "money", 8080), peer)
            # By their public address, whose balancer the cluster takes for the controller's pods.
            by_its_pods = passes("egress", "to", peer, {"app": "any"}, "ingress", 8443)
            self.assertEqual(release == "full", by_its_pods, peer)
            self.assertFalse(passes("egress", "to", peer, {"app": "any"}, "default", 8443), peer)
        database = {"cnpg.io/cluster": "prod-billing-postgres"}
        for peer in labels:
            reaches = passes("egress", "to", peer, database, "money", 5432)
            self.assertEqual(peer in ("core", "migrations"), reaches, peer)

    @in_each_release
    def test_a_roll_loses_no_request(self, among, _values, _how):
        for entry in of_kind("Deployment", among):
            self.assertEqual(0, at(entry, "spec.strategy.rollingUpdate.maxUnavailable"))
            self.assertLess(1, entry["spec"].get("replicas", 2))
            spec = entry["spec"]["template"]["spec"]
            container = spec["containers"][0]
            env = {variable["name"]: variable.get("value") for variable in container["env"]}
            prefix = "BILLING_" if container["name"] == "core" else "BILLING_GATEWAY_"
            sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
            leave, drain = int(env[f"{prefix}LEAVE_SECS"]), int(env[f"{prefix}DRAIN_SECS"])
            self.assertLess(4, sleep)
            self.assertLess(sleep + leave + drain, spec["terminationGracePeriodSeconds"])
            self.assertEqual("/readyz", container["readinessProbe"]["httpGet"]["path"])
            self.assertEqual("/livez", container["livenessProbe"]["httpGet"]["path"])

    @in_each_release
    def test_a_migration_comes_before_the_roll_and_has_all_that_it_needs(self, among, release, how):
        (job,) = of_kind("Job", among)
        annotations = job["metadata"]["annotations"]
        if (release, how) == ("full", "install"):
            # A hook would wait for a database that comes after it, or for cores that wait for it.
            self.assertNotIn("helm.sh/hook", annotations)
            return
        self.assertEqual("pre-install,pre-upgrade", annotations["helm.sh/hook"])
        spec = job["spec"]["template"]["spec"]
        # All of it ends before Helm's five minutes, or Helm would leave it at work.
        self.assertGreater(300, job["spec"]["activeDeadlineSeconds"] + spec["terminationGracePeriodSeconds"])
        self.assertEqual(0, job["spec"]["backoffLimit"])
        self.assertNotIn("serviceAccountName", spec)
        for variable in spec["containers"][0]["env"]:
            needed = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
            for secret in of_kind("Secret", among):
                if secret["metadata"]["name"] == needed:
                    hook = secret["metadata"]["annotations"]
                    self.assertEqual("pre-install,pre-upgrade", hook["helm.sh/hook"])
                    self.assertLess(int(hook["helm.sh/hook-weight"]), int(annotations["helm.sh/hook-weight"]))

    def test_what_pods_have_from_our_secrets_rolls_them_when_it_changes(self):
        def template(component, values):
            deployments = of_kind("Deployment", objects(over(TRIAL, values)))
            found = [entry for entry in deployments if entry["metadata"]["name"].endswith(component)]
            return found[0]["spec"]["template"]

        for service, values in (
            ("core", {"database": {"core": {"url": "postgres://billing_core:other@db/billing"}}}),
            ("core", {"core": {"secrets": {"BILLING_UNSUBSCRIBE_KEYS": "other"}}}),
            ("gateway", {"gateway": {"secrets": {"JWT_SECRET": "another-another-another-another-another"}}}),
            ("gateway", {"gateway": {"env": {"BILLING_RATE_LIMIT_IP": 5}}}),
        ):
            self.assertNotEqual(template(service, {}), template(service, values), values)

    def test_a_pod_that_need_not_wait_has_no_hook(self):
        entry = of_kind("Deployment", objects(over(TRIAL, {"core": {"preStopSeconds": 0}})))[0]
        self.assertNotIn("lifecycle", entry["spec"]["template"]["spec"]["containers"][0])

    def test_labels_of_ones_own_are_in_the_place_of_common_ones(self):
        mine = {"core": {"podLabels": {"team": "core"}}, "commonLabels": {"team": "money"}}
        (text,) = [text for path, text in texts(over(TRIAL, mine)).items() if path.endswith("/deployments.yaml")]
        self.assertEqual(1, text.count("team: core"))
        self.assertEqual(3, text.count("team: money"))

    def test_mail_goes_to_the_port_of_its_kind_of_tls(self):
        mail = {"host": "smtp.example.com", "from": "billing@example.com"}
        for more, port in (({}, 587), ({"secure": True}, 465), ({"port": 2525}, 2525),
                           ({"secure": True, "port": 2465}, 2465)):
            among = objects(over(TRIAL, {"core": {"mail": mail | more}}))
            env = {variable["name"]: variable.get("value") for name, container in containers(among)
                   for variable in container["env"] if name == "Deployment/prod-billing-core"}
            self.assertEqual(str(port), env["SMTP_PORT"])
            self.assertIn(port, self.opened("core", among))

    def test_the_port_of_traces_is_that_of_the_url_or_of_its_scheme(self):
        for url, port in (("https://otlp.example.com", 443), ("http://collector", 80),
                          ("http://collector:4317", 4317), ("https://otlp.example.com:8443/x", 8443)):
            among = objects(over(TRIAL, {"telemetry": {"otlpEndpoint": url}}))
            self.assertIn(port, self.opened("core", among), url)
            self.assertNotIn(4317, self.opened("core", among) - {port}, url)
            for name, container in containers(among):
                headers = [variable for variable in container["env"] if variable["name"] == HEADERS]
                self.assertEqual("migrate" not in container["command"], bool(headers), name)

    @staticmethod
    def opened(of, among):
        (policy,) = [entry for entry in of_kind("NetworkPolicy", among) if entry["metadata"]["name"].endswith(of)]
        return {port["port"] for rule in policy["spec"]["egress"] for port in rule.get("ports", [])}

    def test_the_ingress_takes_a_post_to_another_pod_only_where_it_was_not_sent(self):
        (ingress,) = of_kind("Ingress", RELEASES["full", "install"])
        annotations = ingress["metadata"]["annotations"]
        own = {key.rpartition("/")[2].removeprefix("proxy-"): value for key, value in annotations.items()}
        # Nothing that has been sent is sent twice while `non_idempotent` is not named.
        self.assertEqual(("error", "2"), (own["next-upstream"], own["next-upstream-tries"]))
        # The gateway refuses what is larger than a mebibyte in its own words.
        self.assertEqual("4m", own["body-size"])

    def test_each_alert_leads_to_its_chapter_where_the_book_has_an_address(self):
        base = "https://git.example.com/billing/docs/runbook.md"
        values = over(FULL, {"monitoring": {"prometheusRule": {"runbookBaseUrl": base}}})
        (rule,) = of_kind("PrometheusRule", objects(values))
        alerts = [each for group in rule["spec"]["groups"] for each in group["rules"] if "alert" in each]
        self.assertLess(5, len(alerts))
        for alert in alerts:
            annotations = alert["annotations"]
            chapter = annotations["runbook"].partition("#")[2]
            self.assertEqual(f"{base}#{chapter}", annotations["runbook_url"])

    def test_amounts_stay_whole(self):
        large = {"core": {"env": {"BILLING_DECLINES_MAX": 50_000_000, "BILLING_LOG_X": 2**53 - 1}}}
        rendered = "\n".join(texts(over(FULL, large)).values())
        self.assertIsNone(re.search(r"\de\+\d", rendered))
        for whole in ('"50000000"', '"9000000"', '"9007199254740991"', "tolerationSeconds: 50000000"):
            self.assertIn(whole, rendered)
        self.assertIn('FONDY_MERCHANT_ID\n              value: "50000000"', rendered)

    def test_alerts_dashboards_and_settings_of_postgresql_arrive_as_they_are(self):
        among = RELEASES["full", "install"]
        (rule,) = of_kind("PrometheusRule", among)
        self.assertEqual(yaml.safe_load((PATH / "files/alerts.yaml").read_text()), rule["spec"])
        boards = {name: text for entry in of_kind("ConfigMap", among) for name, text in entry["data"].items()}
        files = {path.name: path.read_text().strip() for path in (PATH / "files/dashboards").glob("*.json")}
        self.assertTrue(files)
        self.assertEqual(files, boards)
        (cluster,) = of_kind("Cluster", among)
        lines = (PATH / "files/postgresql.conf").read_text().splitlines()
        settings = dict(re.findall(r"^([a-z_.]+)\s*=\s*'?([^'#]*?)'?\s*(?:#.*)?$", "\n".join(lines), re.M))
        self.assertTrue(settings)
        above = CHART.merge_values(FULL)["cloudnativepg"]["parameters"]
        wanted = settings | {name: str(value) for name, value in above.items()}
        self.assertEqual(wanted, at(cluster, "spec.postgresql.parameters"))

    def test_the_notes_tell_the_addresses_of_webhooks(self):
        notes = texts(FULL)["billing/templates/NOTES.txt"]
        for path in ("/webhooks/stripe", "/api/v1/stripe/webhook", "/webhooks/fondy"):
            self.assertIn(f"https://billing.example.com{path}", notes)
        routes = (ROOT / "billing-gateway/src/webhooks.rs").read_text()
        self.assertIn('path = "/webhooks/{provider}"', routes)
        self.assertIn('path = "/api/v1/{provider}/webhook"', routes)

    def test_the_notes_warn_of_all_that_is_plain_and_of_money_without_a_backup(self):
        def notes(values):
            return texts(values)["billing/templates/NOTES.txt"]

        for value in ("database.owner.url", "core.secrets.BILLING_SERVICE_TOKENS", "gateway.secrets.JWT_SECRET"):
            self.assertIn(value, notes(TRIAL))
        plain = {"core": {"existingSecret": "", "secrets": {"BILLING_SERVICE_TOKENS": "x"}}}
        self.assertIn("core.secrets.BILLING_SERVICE_TOKENS", notes(over(REFERENCES, plain)))
        self.assertNotIn("existingSecret", notes(REFERENCES))
        backup = {"cloudnativepg": {"spec": {"backup": None}}}
        self.assertNotIn("backup", notes(FULL))
        self.assertNotIn("backup", notes(TRIAL))
        self.assertIn("No backup of the database is set", notes(over(FULL, backup)))

    def test_the_examples_of_the_readme_render(self):
        text = (PATH / "README.md").read_text(encoding="utf-8")
        examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]
        backup, restore = [example for example in examples if "cloudnativepg" in example]
        (cluster,) = of_kind("Cluster", objects(over(FULL, backup)))
        self.assertTrue(at(cluster, "spec.plugins.0.isWALArchiver"))
        (restored,) = of_kind("Cluster", objects(over(over(FULL, backup), restore)))
        self.assertEqual(["recovery"], list(restored["spec"]["bootstrap"]))
        old, new = (entry["metadata"]["name"] for entry in (cluster, restored))
        server = at(restored, "spec.externalClusters.0.plugin.parameters.serverName")
        self.assertEqual(old, server.replace("NAME", "prod-billing"))
        self.assertNotEqual(old, new)

    def test_releases_whose_long_names_differ_at_the_end_have_objects_of_their_own(self):
        names = [{title(entry) for entry in objects(TRIAL, name="r" * 50 + end)} for end in ("one", "two")]
        self.assertEqual(set(), names[0] & names[1])

    def test_a_release_may_have_any_name(self):
        for name in ("r" * 53, "2024"):
            for entry in objects(FULL, name=name):
                longest = 52 if entry["kind"] == "CronJob" else 63
                self.assertLessEqual(len(entry["metadata"]["name"]), longest, title(entry))
                self.assertEqual({str}, set(map(type, entry["metadata"]["labels"].values())), title(entry))


if __name__ == "__main__":
    unittest.main()
