// Ends that the core has not taken yet, each sent again by itself until the core answers.

import type { Charged, EndStore, KeptEnd, OnUnplaced } from "./end.js";
import { EndRefused } from "./end.js";
import type { Log } from "./log.js";

const PAUSE_LEAST_MS = 500;
const PAUSE_MOST_MS = 30_000;

interface Waiting {
  end: KeptEnd;
  /** The longest next pause, in milliseconds. */
  pauseMs: number;
  timer: NodeJS.Timeout | null;
  /** Until the store has it, so that it is not removed before. */
  saved: Promise<void> | null;
}

export interface BacklogOptions {
  readonly max: number;
  readonly log: Log;
  readonly store: EndStore | null;
  readonly onLost: (end: KeptEnd, reason: string) => Promise<void> | void;
  /** Rejects with {@link EndRefused} where the core does not take the end, with another error where it is silent. */
  readonly deliver: (end: KeptEnd, onUnplaced: OnUnplaced) => Promise<Charged | null>;
  /** The end is no longer kept: it was delivered, or is lost. */
  readonly onGone: (end: KeptEnd) => void;
}

export class Backlog {
  /** Captures and charges. */
  readonly #owed = new Map<string, Waiting>();
  readonly #releases = new Map<string, Waiting>();
  readonly #options: BacklogOptions;
  #stopped = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#owed.size + this.#releases.size;
  }

  /** Takes up what the store has; an end that was passed but not charged still counts, so `onLoaded` is told of each. */
  async load(onLoaded: (end: KeptEnd) => void): Promise<void> {
    try {
      for (const end of (await this.#options.store?.load()) ?? []) this.#takeUp(end, onLoaded);
    } catch (error) {
      this.#options.log.write("error", `billing: kept ends cannot be loaded: ${textOf(error)}`);
    }
  }

  /** Keeps an end that was not delivered. Captures come before releases where there is no room. */
  add(end: KeptEnd): void {
    if (this.#has(end)) return this.#options.onGone(end);
    const waiting = this.#keep(end);
    if (waiting !== null) waiting.saved = this.#store("saved", (store) => store.save(end));
  }

  /** An end that the core does not take, or that there is no room for: it is told, and that is all. */
  lose(end: KeptEnd, reason: string): void {
    const { log, onGone } = this.#options;
    const account = `account ${JSON.stringify(end.tenant)}/${JSON.stringify(end.user)}`;
    log.write("error", `billing: tool ${JSON.stringify(end.tool)}, ${account}: a ${end.kind} is lost: ${reason}`);
    onGone(end);
    void this.#tellLost(end, reason);
  }

  /** Sends everything again now, as at shutdown. */
  hurry(): void {
    for (const waiting of [...this.#owed.values(), ...this.#releases.values()]) {
      // Also of one that is on its way: if it fails, it has little time left.
      waiting.pauseMs = PAUSE_LEAST_MS;
      if (waiting.timer !== null) this.#schedule(waiting, 0);
    }
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#stopped = true;
    for (const waiting of [...this.#owed.values(), ...this.#releases.values()]) this.#clear(waiting);
  }

  #has(end: KeptEnd): boolean {
    return this.#mapOf(end).has(end.id);
  }

  #mapOf(end: KeptEnd): Map<string, Waiting> {
    return end.kind === "release" ? this.#releases : this.#owed;
  }

  /** One that cannot be read must not hide the others. */
  #takeUp(end: KeptEnd, onLoaded: (end: KeptEnd) => void): void {
    try {
      if (this.#has(end)) return;
      onLoaded(end);
      // It was told to be lost, so it must not come back with the next process.
      if (this.#keep(end) === null) this.#forget(end, null);
    } catch (error) {
      this.#options.log.write("error", `billing: a kept end cannot be loaded: ${textOf(error)}`);
    }
  }

  /** Null: there was no room, and the end is lost. */
  #keep(end: KeptEnd): Waiting | null {
    if (this.size >= this.#options.max) {
      const [oldest] = end.kind === "release" ? [] : this.#releases.values();
      if (oldest === undefined) {
        this.lose(end, "the backlog is full");
        return null;
      }
      this.#drop(oldest);
      this.lose(oldest.end, "the backlog is full, and a charge needs its room");
    }
    const waiting: Waiting = { end, pauseMs: PAUSE_LEAST_MS, timer: null, saved: null };
    this.#mapOf(end).set(end.id, waiting);
    this.#wait(waiting);
    return waiting;
  }

  #wait(waiting: Waiting): void {
    const pause = waiting.pauseMs * (0.5 + Math.random() / 2);
    waiting.pauseMs = Math.min(2 * waiting.pauseMs, PAUSE_MOST_MS);
    this.#schedule(waiting, Math.max(pause, PAUSE_LEAST_MS));
  }

  #schedule(waiting: Waiting, pauseMs: number): void {
    this.#clear(waiting);
    if (this.#stopped) return;
    waiting.timer = setTimeout(() => void this.#send(waiting), pauseMs);
    waiting.timer.unref();
  }

  #clear(waiting: Waiting): void {
    if (waiting.timer !== null) clearTimeout(waiting.timer);
    waiting.timer = null;
  }

  async #send(waiting: Waiting): Promise<void> {
    waiting.timer = null;
    try {
      await this.#options.deliver(waiting.end, (end) => this.#replace(waiting, end));
    } catch (error) {
      // It may have had to make room meanwhile.
      if (!this.#keeps(waiting)) return;
      if (!(error instanceof EndRefused)) return this.#wait(waiting);
      this.#drop(waiting);
      return this.lose(waiting.end, error.message);
    }
    if (!this.#keeps(waiting)) return;
    this.#drop(waiting);
    this.#options.onGone(waiting.end);
  }

  #keeps(waiting: Waiting): boolean {
    return this.#mapOf(waiting.end).get(waiting.end.id) === waiting;
  }

  /** From now on `end` is sent, also by a later process: resolves when the store has it. */
  async #replace(waiting: Waiting, end: KeptEnd): Promise<void> {
    waiting.end = end;
    const before = waiting.saved;
    waiting.saved = this.#store("saved", async (store) => {
      await before;
      await store.save(end);
    });
    await waiting.saved;
  }

  #drop(waiting: Waiting): void {
    this.#clear(waiting);
    this.#mapOf(waiting.end).delete(waiting.end.id);
    this.#forget(waiting.end, waiting.saved);
  }

  #forget(end: KeptEnd, saved: Promise<void> | null): void {
    void this.#store("removed", async (store) => {
      await saved;
      await store.remove(end.id);
    });
  }

  async #store(done: string, change: (store: EndStore) => Promise<void> | void): Promise<void> {
    if (this.#options.store === null) return;
    try {
      await change(this.#options.store);
    } catch (error) {
      this.#options.log.write("error", `billing: a kept end cannot be ${done}: ${textOf(error)}`);
    }
  }

  async #tellLost(end: KeptEnd, reason: string): Promise<void> {
    try {
      await this.#options.onLost(end, reason);
    } catch (error) {
      this.#options.log.write("error", `billing: onLost has failed: ${textOf(error)}`);
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
