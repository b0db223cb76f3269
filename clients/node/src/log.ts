// Where this package logs, and how often.

/** `console`, pino and winston fit. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export type Level = keyof Logger;

const PERIOD_MS = 60_000;
/** Tools may be named by callers, so that their number is not bounded otherwise. */
const ENTRIES_MAX = 1_000;

interface Entry {
  /** When a line was last written, in milliseconds. */
  since: number;
  leftOut: number;
}

/** Writes a line for a tool and a reason once a minute, with the number of those left out since the last one. */
export class Log {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(
    private readonly logger: Logger,
    now: () => number = Date.now,
  ) {
    this.#now = now;
  }

  /** At most once a minute for a tool and a reason. `reason` is one of few; `text` may say more. */
  limited(level: Level, tool: string, reason: string, text: string): void {
    const now = this.#now();
    const entry = this.#entry(`${reason} ${tool}`, reason, now);
    if (now - entry.since < PERIOD_MS) {
      entry.leftOut += 1;
      return;
    }
    const leftOut = entry.leftOut === 0 ? "" : ` (${entry.leftOut} more like this were left out)`;
    entry.since = now;
    entry.leftOut = 0;
    this.write(level, `billing: tool ${JSON.stringify(tool)}: ${text}${leftOut}`);
  }

  /** A line of its own. A logger that throws stops no call. */
  write(level: Level, message: string): void {
    try {
      this.logger[level](message);
    } catch {
      // There is nobody left to tell.
    }
  }

  #entry(name: string, reason: string, now: number): Entry {
    let entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    if (this.#entries.size >= ENTRIES_MAX) this.#forget(now);
    const key = this.#entries.size >= ENTRIES_MAX ? `${reason} *` : name;
    entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { since: Number.NEGATIVE_INFINITY, leftOut: 0 };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Drops entries whose minute is over; what they left out is no longer told. */
  #forget(now: number): void {
    for (const [name, entry] of this.#entries) {
      if (now - entry.since >= PERIOD_MS) this.#entries.delete(name);
    }
  }
}
