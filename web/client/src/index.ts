export { createClient } from "./client";
export type { Client } from "./client";
export { loadConfig } from "./config";
export type { WebConfig } from "./config";
export { decimal, readJson, writeJson } from "./json";
export {
  addAmounts,
  compareAmounts,
  convert,
  editableAmount,
  formatMoney,
  formatRate,
  fromMicros,
  parseAmount,
  percentOf,
  toMicros,
} from "./money";
export type {
  AmountBounds,
  AmountProblem,
  Decimal,
  Locale,
  MoneyFormat,
  ParsedAmount,
} from "./money";
export { ApiError, isAway, Unreachable } from "./problem";
export type { FieldProblem } from "./problem";
export type { Call, CallOptions, ClientOptions } from "./request";
export type * from "./routes/account";
export type * from "./routes/contributions";
export type * from "./routes/history";
export type * from "./routes/payments";
export type * from "./routes/usage";
export { createSession, dropDraft, findDraft, keepDraft } from "./session";
export type { Session, SessionState } from "./session";
export { formatAge, formatDay, formatTime, knownZone, ownZone, TIME_ZONES, zoneName } from "./time";
export type { TimeStyle } from "./time";
export type { components, paths } from "./generated";
