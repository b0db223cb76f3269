// The core over gRPC: one channel, each request with a deadline, and safe to repeat.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Client, Metadata, credentials, status } from "@grpc/grpc-js";
import type { ChannelCredentials, ChannelOptions, ServiceError } from "@grpc/grpc-js";

import { ErrorInfoSchema, StatusSchema } from "./gen/google/rpc/status_pb.js";
import { BalanceService } from "./gen/billing/v1/balance_pb.js";
import type { Settings } from "./settings.js";

/** The core refused a request, or did not answer it. */
export class CoreError extends Error {
  override readonly name = "CoreError";

  constructor(
    /** A gRPC code, as `UNAVAILABLE`. */
    readonly code: keyof typeof status,
    /** The core's reason, as `HOLD_ENDED`; null where this is not the core's word. */
    readonly reason: string | null,
    /** Of the reason. */
    readonly metadata: Readonly<Record<string, string>>,
    message: string,
  ) {
    super(`${code}${reason === null ? "" : ` ${reason}`}: ${message}`);
  }
}

export interface RequestOptions {
  /** How long the request may take, repeats included, in milliseconds. */
  readonly deadlineMs?: number | undefined;
  readonly traceparent?: string | undefined;
}

/** A method for each unary RPC of a service. Each rejects with {@link CoreError}. */
export type UnaryClient<S extends DescService> = {
  readonly [K in keyof S["method"]]: S["method"][K] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: RequestOptions) => Promise<MessageShape<O>>
    : never;
};

/** All RPCs of the core's BalanceService. */
export type BalanceClient = UnaryClient<typeof BalanceService>;

const CHANNEL: ChannelOptions = {
  // Notices a connection that died silently, also between calls.
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  // A core that restarts is found again soon, also at another address.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.dns_min_time_between_resolutions_ms": 1_000,
  // Repeats are made here, where it is known which errors are the core's word.
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.use_local_subchannel_pool": 1,
};

const PAUSE_LEAST_MS = 25;
const PAUSE_MOST_MS = 400;

/** Refusals which say that no answer was given, and not that the answer is no. */
const WITHOUT_ANSWER = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL"]);

export class Core {
  readonly rpc: BalanceClient;
  readonly #client: Client;
  readonly #authorization: string;

  constructor(settings: Settings) {
    this.#client = new Client(settings.target, channelCredentials(settings.tls), CHANNEL);
    this.#authorization = `Bearer ${settings.token}`;
    const rpc: Record<string, unknown> = {};
    for (const method of BalanceService.methods) {
      if (method.methodKind !== "unary") continue;
      rpc[method.localName] = this.#method(method as DescMethodUnary, settings.endingDeadlineMs);
    }
    this.rpc = rpc as BalanceClient;
  }

  /** Whoever waits for an answer gets CANCELLED. */
  close(): void {
    this.#client.close();
  }

  #method<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    defaultDeadlineMs: number,
  ): (request: MessageInitShape<I>, options?: RequestOptions) => Promise<MessageShape<O>> {
    const path = `/${method.parent.typeName}/${method.name}`;
    const read = (bytes: Buffer): MessageShape<O> => fromBinary(method.output, bytes);
    return async (request, options = {}) => {
      // Written once, so that a request that cannot be written fails here and each repeat is the same.
      const bytes = Buffer.from(toBinary(method.input, create(method.input, request)));
      return this.#ask(path, bytes, read, options, options.deadlineMs ?? defaultDeadlineMs);
    };
  }

  /**
   * Sends a request until it is answered, at most until the deadline. Every request of this package may be repeated:
   * it reads, has a key, or names a hold. Pauses take at most half of the time, so that the last try has time left.
   */
  async #ask<A>(
    path: string,
    request: Buffer,
    read: (bytes: Buffer) => A,
    options: RequestOptions,
    deadlineMs: number,
  ): Promise<A> {
    const deadline = Date.now() + deadlineMs;
    let pauses = 0;
    for (let longest = PAUSE_LEAST_MS; ; longest = Math.min(2 * longest, PAUSE_MOST_MS)) {
      try {
        return await this.#once(path, request, read, options.traceparent, deadline);
      } catch (error) {
        const refused = coreError(error as ServiceError);
        const pause = longest * (0.5 + Math.random() / 2);
        pauses += pause;
        if (!mayHelp(refused) || pauses > deadlineMs / 2 || Date.now() + pause >= deadline) throw refused;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  #once<A>(
    path: string,
    request: Buffer,
    read: (bytes: Buffer) => A,
    traceparent: string | undefined,
    deadline: number,
  ): Promise<A> {
    const metadata = new Metadata();
    metadata.set("authorization", this.#authorization);
    if (traceparent !== undefined) metadata.set("traceparent", traceparent);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, asIs, read, request, metadata, { deadline }, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer as A);
      });
    });
  }
}

function asIs(request: Buffer): Buffer {
  return request;
}

function channelCredentials(tls: Settings["tls"]): ChannelCredentials {
  return tls === null ? credentials.createInsecure() : credentials.createSsl(tls.authorities);
}

/** UNAVAILABLE, and what is a lost connection's code and not the core's word. */
function mayHelp(error: CoreError): boolean {
  if (error.code === "UNAVAILABLE") return true;
  const ofConnection = error.code === "CANCELLED" || error.code === "INTERNAL" || error.code === "UNKNOWN";
  return ofConnection && error.reason === null;
}

/** Whether the core has answered: then the same request need not be sent again. */
export function isAnswer(error: CoreError): boolean {
  return error.reason !== null && !WITHOUT_ANSWER.has(error.code);
}

/** As the core reads it. */
export function duration(milliseconds: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds: BigInt(seconds), nanos: (milliseconds - seconds * 1000) * 1_000_000 };
}

function coreError(error: ServiceError): CoreError {
  const code = (status[error.code] ?? "UNKNOWN") as keyof typeof status;
  const info = errorInfo(error);
  return new CoreError(code, info?.reason ?? null, info?.metadata ?? {}, error.details ?? error.message);
}

/** The reason that the core gave; null where there is none, or it cannot be read. */
function errorInfo(error: ServiceError): { reason: string; metadata: Record<string, string> } | null {
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!(details instanceof Uint8Array)) return null;
  try {
    for (const detail of fromBinary(StatusSchema, details).details) {
      if (!detail.typeUrl.endsWith("/google.rpc.ErrorInfo")) continue;
      const info = fromBinary(ErrorInfoSchema, detail.value);
      if (info.domain === "billing") return info;
    }
  } catch {
    // Not what the core writes, so not its word.
  }
  return null;
}
