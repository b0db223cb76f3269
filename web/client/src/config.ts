/** `/app/config.json`, as the gateway or whoever serves the pages apart writes it. */
export interface WebConfig {
  /** Where the gateway is; "" is where the page comes from. */
  api_base: string;
  /** Null: tokens name it. */
  tenant: string | null;
  tenant_name: string | null;
  login_url: string | null;
  logout_url: string | null;
  /** `memory`: a token lives as long as the page. */
  token_storage: "local" | "memory";
  /** Its name in `localStorage`. */
  token_key: string;
  /** True: `#token=` in an address is taken without having been asked for. Demonstrations only. */
  token_links: boolean;
  stripe: boolean;
  support_email: string | null;
}

const DEFAULTS: WebConfig = {
  api_base: "",
  tenant: null,
  tenant_name: null,
  login_url: null,
  logout_url: null,
  token_storage: "local",
  token_key: "jwt_token",
  token_links: false,
  stripe: false,
  support_email: null,
};

/** Members that are absent have their defaults. Throws where there is no configuration. */
export async function loadConfig(url: string, send: typeof fetch = fetch): Promise<WebConfig> {
  const answer = await send(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  const stored = (await answer.json()) as Partial<WebConfig>;
  return { ...DEFAULTS, ...stored };
}
