// W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/). `tracestate` is not carried.

import { randomFillSync } from "node:crypto";

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
/** Random bytes are drawn for many traces at once: one draw costs more than its bytes do. */
const pool = Buffer.alloc((TRACE_BYTES + SPAN_BYTES) * 256);
let drawn = pool.length;

/** Where in a trace a call stands. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The header's value, of version 00. */
  readonly traceparent: string;
}

/** The caller's trace where its `traceparent` is valid, else a new one. */
export function traceOf(header: string | undefined): Trace {
  return (header === undefined ? null : parse(header)) ?? newTrace();
}

function parse(header: string): Trace | null {
  const fields = TRACEPARENT.exec(header);
  if (fields === null) return null;
  const [, version, traceId, spanId, flags, more] = fields as unknown as string[];
  if (version === "ff" || (version === "00" && more !== undefined)) return null;
  if (traceId === undefined || traceId === NO_TRACE || spanId === NO_SPAN) return null;
  // Sampled is the one flag of version 00.
  const sampled = Number.parseInt(flags ?? "0", 16) & 1;
  return { traceId, traceparent: `00-${traceId}-${spanId}-0${sampled}` };
}

function newTrace(): Trace {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  const middle = drawn + TRACE_BYTES;
  const end = middle + SPAN_BYTES;
  const traceId = pool.toString("hex", drawn, middle);
  const spanId = pool.toString("hex", middle, end);
  drawn = end;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return newTrace();
  return { traceId, traceparent: `00-${traceId}-${spanId}-00` };
}
