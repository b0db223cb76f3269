// The guard for Fastify 5.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Billing } from "./billing.js";
import type { Call } from "./hold.js";
import { beginFor, endAs, endWith } from "./http.js";
import type { GuardOptions } from "./http.js";
import { Refusal } from "./refusal.js";

/** The parts of a Fastify request that the guard reads, and the call that it sets. */
export interface GuardedFastifyRequest {
  readonly raw: IncomingMessage;
  readonly method: string;
  readonly originalUrl: string;
  readonly body: unknown;
  billing?: Call | undefined;
}

/** The parts of a Fastify reply that the guard needs. */
export interface GuardedFastifyReply {
  readonly raw: ServerResponse;
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: string): unknown;
  hijack(): unknown;
}

/** Hooks of a route: `app.post(path, { ...guardFastify(billing, options) }, handler)`. */
export interface FastifyGuard<R> {
  preHandler: (request: R, reply: GuardedFastifyReply) => Promise<unknown>;
  onError: (request: R) => Promise<void>;
  onResponse: (request: R, reply: GuardedFastifyReply) => Promise<void>;
}

/**
 * Hooks that let a request pass only where its call may be made, set `request.billing`, and end the call with the
 * response. Others are answered here. An error of the options goes to Fastify's error handler. `onError` gives a hold
 * back as soon as a handler has thrown, whatever an error handler makes of it; `onResponse` and the response's close tell the
 * rest. A caller that has gone is seen by the close: `onRequestAbort` misses it once the body was read.
 */
export function guardFastify<R extends GuardedFastifyRequest>(
  billing: Billing,
  options: GuardOptions<R>,
): FastifyGuard<R> {
  return {
    preHandler: async (request, reply) => {
      const { raw, method, originalUrl: url, body } = request;
      let call: Call;
      try {
        call = await beginFor(billing, options, request, { raw, method, url, body });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        reply.code(error.status);
        reply.headers({ ...error.headers });
        return reply.send(error.body);
      }
      request.billing = call;
      endWith(call, raw, reply.raw);
      // The caller has gone: nobody waits for the work.
      if (reply.raw.destroyed) {
        void call.abandon();
        reply.hijack();
      }
      return undefined;
    },
    onError: async (request) => {
      void request.billing?.abandon();
    },
    onResponse: async (request, reply) => {
      if (request.billing !== undefined) endAs(request.billing, reply.raw);
    },
  };
}
