"""Values that are refused, over those of a trial: what Helm must say of them."""

JWKS = {"jwt": {"jwksUrl": "https://id.example.com/keys"}, "secrets": {"JWT_SECRET": ""}}


def postgres(**values):
    return {
        "database": {"owner": {"url": ""}, "core": {"url": ""}},
        "cloudnativepg": {"enabled": True, "coreRole": {"password": "x"}, **values},
    }


WAY = {"parentRefs": [{"name": "inside"}], "hostnames": ["core.example.com"]}

# By the templates, in a sentence.
CONTRADICTIONS = [
    ({"core": {"pdb": {"minAvailable": 1, "maxUnavailable": 1}}},
     "core.pdb.minAvailable and core.pdb.maxUnavailable are both set"),
    ({"gateway": {"pdb": {"minAvailable": 2}}}, "gateway.pdb lets no pod go"),
    ({"gateway": {"pdb": {"maxUnavailable": 0}}}, "gateway.pdb lets no pod go"),
    ({"core": {"pdb": {"minAvailable": "100%"}}}, "core.pdb lets no pod go"),
    ({"core": {"replicas": 3, "autoscaling": {"enabled": True}}},
     "core.replicas is 3 and core.autoscaling is enabled"),
    ({"gateway": {"autoscaling": {"enabled": True, "minReplicas": 9}}},
     "gateway.autoscaling.minReplicas is 9, above maxReplicas, which is 6"),
    ({"core": {"autoscaling": {"enabled": True}, "resources": {"requests": {"cpu": None}}}},
     "core.autoscaling needs core.resources.requests.cpu"),
    ({"core": {"terminationGracePeriodSeconds": 59}},
     "core.terminationGracePeriodSeconds is 59 and must be 60 at least"),
    ({"gateway": {"drainSeconds": 60, "terminationGracePeriodSeconds": 60}},
     "gateway.terminationGracePeriodSeconds is 60 and must be 80 at least"),
    ({"ingress": {"enabled": True}}, "ingress.enabled needs ingress.host"),
    ({"gatewayApi": {"http": {"enabled": True}}}, "gatewayApi.http.enabled needs gatewayApi.http.parentRefs"),
    ({"gatewayApi": {"grpc": {"enabled": True, **WAY}}}, "networkPolicy.core.fromNamespaces lets nobody in"),
    ({"monitoring": {"serviceMonitor": {"enabled": True}}}, "needs networkPolicy.metricsFromNamespaces"),
    ({"core": {"existingSecret": "mine"}},
     "core.existingSecret and core.secrets.BILLING_SERVICE_TOKENS are both set"),
    ({"database": {"core": {"existingSecret": "mine"}}},
     "database.core.url and database.core.existingSecret are both set"),
    ({"database": {role: {"existingSecret": "one", "key": "url", "url": ""} for role in ("owner", "core")}},
     "database.owner and database.core are the same"),
    ({"database": {role: {"url": "postgres://one@db/billing"} for role in ("owner", "core")}},
     "database.owner and database.core are the same"),
    ({"cloudnativepg": {"enabled": True, "coreRole": {"password": "x"}}},
     "cloudnativepg.enabled makes the database, and database.owner names another"),
    (postgres(coreRole={"password": "x", "existingSecret": "mine"}),
     "cloudnativepg.coreRole.existingSecret are both set"),
    (postgres(instances=2, synchronousReplicas=2),
     "synchronousReplicas is 2, and with 2 instances there are only 1 standbys"),
    (postgres(parameters={"max_wal_size": "16GB"}, walStorage={"size": "20Gi"}),
     "the log's disk has 20Gi, and max_wal_size is 16GB"),
    (postgres(parameters={"max_connections": 100}) | {"core": {"replicas": 3}},
     "cloudnativepg.parameters.max_connections is 100, and 3 cores may need 110"),
    ({"gateway": {"jwt": {"jwksUrl": "https://id.example.com/keys", "algorithm": "RS256"}}},
     "gateway.jwt.jwksUrl and gateway.secrets.JWT_SECRET are both set"),
    ({"gateway": JWKS}, "gateway.jwt.jwksUrl needs gateway.jwt.algorithm"),
    ({"gateway": {"jwt": {"algorithm": "RS256"}}},
     "gateway.jwt.algorithm is RS256, which needs gateway.jwt.jwksUrl"),
    ({"gateway": {"jwt": {"adminClaim": "role"}}},
     "gateway.jwt.adminClaim and gateway.jwt.adminValue need each other"),
    ({"core": {"mail": {"host": "smtp.example.com"}}}, "core.mail.host needs core.mail.from"),
    ({"core": {"secrets": {"SMTP_USER": "billing"}}},
     "core.secrets.SMTP_USER and core.secrets.SMTP_PASS need each other"),
    ({"gateway": {"secrets": {"STRIPE_SECRET_KEY": "sk_test_1"}}}, "STRIPE_WEBHOOK_SECRET need each other"),
    ({"gateway": {"stripe": {"successUrl": "https://example.com/"}}},
     "gateway.stripe.cancelUrl need each other"),
    ({"gateway": {"fondy": {"merchantId": 1396424}}},
     "gateway.fondy.merchantId needs gateway.secrets.FONDY_SECRET_KEY"),
    ({"gateway": {"fondy": {"merchantId": 1396424}, "secrets": {"FONDY_SECRET_KEY": "x"}}},
     "gateway.fondy.merchantId needs urls.backend"),
    ({"gateway": {"secrets": {"FONDY_SECRET_KEY": "x"}}},
     "gateway.secrets.FONDY_SECRET_KEY needs gateway.fondy.merchantId"),
    ({"core": {"env": {"BILLING_DRAIN_SECS": 5}}}, "core.env.BILLING_DRAIN_SECS is set already"),
    ({"gateway": {"env": {"TRUSTED_PROXIES": 2}}}, "gateway.env.TRUSTED_PROXIES is set already"),
    ({"core": {"env": {"DATABASE_URL": "postgres://"}}}, "core.env.DATABASE_URL would show a secret"),
    ({"gateway": {"env": {"STRIPE_SECRET_KEY": "sk"}}}, "gateway.env.STRIPE_SECRET_KEY would show a secret"),
]

# By the schema, which names the value.
NOT_OF_THE_SCHEMA = [
    ({"sandbox": {"enabled": True}}, "additional properties 'sandbox' not allowed"),
    ({"core": {"replica": 3}}, "'replica' not allowed"),
    ({"gateway": {"secrets": {"STRIPE_KEY": "x"}}}, "'STRIPE_KEY' not allowed"),
    ({"core": {"env": {"BILLING_LANES": 1.5}}}, "/core/env/BILLING_LANES"),
    ({"core": {"env": {"BILLING_QUEUE_MAX": 2**53}}}, "/core/env/BILLING_QUEUE_MAX"),
    ({"gateway": {"fondy": {"merchantId": 2**53}}}, "/gateway/fondy/merchantId"),
    ({"core": {"replicas": 0}}, "/core/replicas"),
    ({"core": {"image": {"digest": "latest"}}}, "/core/image/digest"),
    ({"core": {"pdb": {"minAvailable": "half"}}}, "/core/pdb/minAvailable"),
    ({"gateway": {"topUpMax": {"usd": 1000000}}}, "/gateway/topUpMax/usd"),
    ({"gateway": {"rateSource": "ecb"}}, "/gateway/rateSource"),
    ({"urls": {"backend": "billing.example.com"}}, "/urls/backend"),
]
