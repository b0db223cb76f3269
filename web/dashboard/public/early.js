// The language as it was chosen here last, and the first questions: asked while the page's own script is on its way,
// which takes the longest. src/early.ts takes the answers. Nothing here is needed: whatever is missing or does not fit
// is asked for again there.
{
  const CONFIG = "/app/config.json";
  const FIRST = ["/api/billing/balance", "/api/billing/me"];
  const OF_OVERVIEW = ["/api/billing/history?limit=5", "/api/billing/payment/available-providers"];
  const WITHIN_MS = 12_000;

  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      // Storage is forbidden here.
      return null;
    }
  };

  const language = stored("billing.language") ?? navigator.language;
  document.documentElement.lang = language.startsWith("uk") ? "uk" : "en";

  const early = { at: Date.now(), token: null, tenant: null, answers: new Map() };
  globalThis.billingEarly = early;

  const ask = (path, headers) => {
    const limit = new AbortController();
    setTimeout(() => limit.abort(), WITHIN_MS);
    const answer = fetch(path, {
      headers: { Accept: "application/json", ...headers },
      signal: limit.signal,
    });
    early.answers.set(path, answer);
    return answer;
  };

  const askAs = (config) => {
    // Another origin's gateway, a token that is in memory or in the address: src/main.tsx knows how.
    const isElsewhere = config.api_base || config.token_storage === "memory";
    if (isElsewhere || location.hash.includes("token=")) return;
    early.token = stored(config.token_key ?? "jwt_token");
    early.tenant = config.tenant ?? null;
    if (!early.token) return;
    const headers = {
      Authorization: `Bearer ${early.token}`,
      ...(early.tenant ? { "X-Tenant-Id": early.tenant } : {}),
    };
    const questions = location.pathname === "/app/" ? [...FIRST, ...OF_OVERVIEW] : FIRST;
    for (const path of questions) {
      // Whoever takes the answer says what went wrong.
      ask(path, headers).catch(() => undefined);
    }
  };

  ask(CONFIG, {})
    .then((answer) => answer.clone().json())
    .then(askAs)
    // No configuration, and nobody to ask.
    .catch(() => undefined);
}
