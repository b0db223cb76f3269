/** A tool backend, as far as the flows need one: it charges the user for a call, over gRPC as it is on the
 * wire (a message is a length and its fields), so that no generated client has to be kept beside it. */
import { connect } from "node:http2";
import { randomUUID } from "node:crypto";

import type { Person } from "./people";
import { stack } from "./stack";

type Field = [number: number, value: string | bigint | Buffer];

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

function message(...fields: Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === "bigint") {
        return [varint(BigInt(number) << 3n), varint(value)];
      }
      const bytes = Buffer.from(value);
      return [varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.length)), bytes];
    }),
  );
}

/** The first field, where it is a number: each answer begins with its decision. */
function firstNumber(bytes: Buffer): number {
  return bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0;
}

/** What DECISION_ALLOWED and the refusals are on the wire. */
export const ALLOWED = 1;

/** Charges a person for one call of a tool; answers with the decision. */
export function charge(person: Person, tool = "search"): Promise<number> {
  const account = message([1, stack.tenant_id], [2, person.id]);
  const cost = message([2, message([1, tool])]);
  const request = message(
    [1, account],
    [2, randomUUID()],
    [3, cost],
    [5, `req-${randomUUID().slice(0, 8)}`],
  );
  return call("billing.v1.BalanceService/Charge", request).then(firstNumber);
}

/** Sets an amount aside, for as long as the core keeps holds. */
export function hold(person: Person, tool = "search"): Promise<number> {
  const account = message([1, stack.tenant_id], [2, person.id]);
  const cost = message([2, message([1, tool])]);
  return call(
    "billing.v1.BalanceService/PlaceHold",
    message([1, account], [2, randomUUID()], [3, cost]),
  ).then(firstNumber);
}

function call(path: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const session = connect(stack.grpc);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": `/${path}`,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${stack.tools_token}`,
    });
    const parts: Buffer[] = [];
    let refused = "";
    stream.on("response", (head) => {
      refused = String(head["grpc-status"] ?? "0");
    });
    stream.on("trailers", (trailers) => {
      const status = String(trailers["grpc-status"] ?? "0");
      refused = status === "0" ? status : `${status} ${String(trailers["grpc-message"])}`;
    });
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", reject);
    stream.on("end", () => {
      session.close();
      if (refused === "0") {
        resolve(Buffer.concat(parts).subarray(5));
      } else {
        reject(new Error(`${path}: ${refused}`));
      }
    });
    // Not compressed, and how long it is.
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    stream.end(Buffer.concat([head, request]));
  });
}
