import {
  type Client,
  createClient,
  createSession,
  loadConfig,
  type Session,
  type WebConfig,
} from "@billing/client";

/** Everything that a page reaches billing by. */
export interface Services {
  config: WebConfig;
  session: Session;
  client: Client;
  /** Knows no token, for what anybody may read. */
  stranger: Client;
}

/** `needsSignIn`: a token that is refused leads to the login at once; pages for everybody go on without it. */
export async function openServices(needsSignIn: boolean): Promise<Services> {
  const config = await loadConfig("/app/config.json");
  const session = createSession(config);
  const place = { base: config.api_base, tenant: config.tenant || undefined };
  return {
    config,
    session,
    client: createClient({
      ...place,
      // The token names its tenant.
      tenant: undefined,
      token: session.token,
      onUnauthorized: needsSignIn ? session.end : undefined,
    }),
    stranger: createClient({ ...place, token: () => null }),
  };
}

/** What was entered into the form, kept for this tab over a sign-in and a visit to the payment page. */
export const FORM_DRAFT = "contribution";
