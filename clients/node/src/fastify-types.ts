// `billing-client/fastify`: all of the package, and the type of `request.billing` for those who have Fastify.

import type {} from "fastify";

import type { Call } from "./hold.js";

export * from "./index.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The call, behind `guardFastify`. */
    billing?: Call | undefined;
  }
}
