// The guard for Express 4 and 5.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Billing } from "./billing.js";
import type { Call } from "./hold.js";
import { beginFor, endWith } from "./http.js";
import type { GuardOptions } from "./http.js";
import { Refusal } from "./refusal.js";

declare global {
  // The name that @types/express has; without it, this declares nothing that is used.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** The call, behind `guard`. */
      billing?: Call | undefined;
    }
  }
}

/** The parts of an Express request that the guard reads, and the call that it sets. */
export interface GuardedRequest extends IncomingMessage {
  originalUrl?: string | undefined;
  body?: unknown;
  billing?: Call | undefined;
}

/**
 * A middleware that lets a request pass only where its call may be made, sets `req.billing`, and ends the call with
 * the response. Others are answered here. An error of the options goes to `next`.
 */
export function guard<R extends GuardedRequest>(
  billing: Billing,
  options: GuardOptions<R>,
): (req: R, res: ServerResponse, next: (error?: unknown) => void) => void {
  return (req, res, next) => {
    admit(billing, options, req, res)
      .then(
        (admitted) => {
          if (admitted) next();
        },
        (error: unknown) => {
          if (error instanceof Refusal) refuse(res, error);
          else next(error);
        },
      )
      .catch(next);
  };
}

/** False: the caller has gone, and nobody waits for the work. */
async function admit<R extends GuardedRequest>(
  billing: Billing,
  options: GuardOptions<R>,
  req: R,
  res: ServerResponse,
): Promise<boolean> {
  const call = await beginFor(billing, options, req, {
    raw: req,
    method: req.method ?? "",
    url: req.originalUrl ?? req.url ?? "",
    body: req.body,
  });
  if (res.destroyed || res.writableEnded) {
    void call.abandon();
    return false;
  }
  endWith(call, req, res);
  req.billing = call;
  return true;
}

function refuse(res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(refusal.status, { ...refusal.headers, "content-length": Buffer.byteLength(refusal.body) });
  res.end(refusal.body);
}
