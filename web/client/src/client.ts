import { createCall, createDownload, createOpen } from "./request";
import type { ClientOptions } from "./request";
import { accountRoutes } from "./routes/account";
import { contributionRoutes } from "./routes/contributions";
import { historyRoutes } from "./routes/history";
import { paymentRoutes } from "./routes/payments";
import { usageRoutes } from "./routes/usage";

/**
 * Every call of the gateway, one function each. Amounts are text; what is no success throws
 * `ApiError`, and no answer within 12 seconds, or 20 of what changes something, `Unreachable`.
 */
export function createClient(options: ClientOptions) {
  const call = createCall(options);
  const download = createDownload(options);
  return {
    /** For routes without a function of their own: the administrators' are such. */
    request: call,
    download,
    ...accountRoutes(call),
    ...historyRoutes(call, createOpen(options)),
    ...usageRoutes(call),
    ...paymentRoutes(call),
    ...contributionRoutes(call),
  };
}

export type Client = ReturnType<typeof createClient>;
