/** How far a download has come. The number of rows does not count the head. */
export interface Progress {
  bytes: number;
  rows: number;
}

/** Where the bytes go: a file on the disk, or the memory of a browser that cannot write one. */
export interface Sink {
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Only a whole file is kept. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** Counts rows while they pass: a line that ends inside quotes is no row's end. */
export class RowCounter {
  #quoted = false;
  #lines = 0;

  count(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === QUOTE) this.#quoted = !this.#quoted;
      else if (byte === NEWLINE && !this.#quoted) this.#lines += 1;
    }
  }

  get rows(): number {
    return Math.max(0, this.#lines - 1);
  }
}

/** The file broke off before its end. */
export class Truncated extends Error {
  override readonly name = "Truncated";
}

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Copies an answer into a file. What breaks off or is stopped leaves none. */
export async function save(
  open: () => Promise<Body>,
  sink: Sink,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Progress> {
  try {
    const progress = await copy(await open(), sink, signal, onProgress);
    await sink.finish();
    return progress;
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

async function copy(
  body: Body,
  sink: Sink,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Progress> {
  const counter = new RowCounter();
  const progress = { bytes: 0, rows: 0 };
  const reader = body.getReader();
  const stop = () => void reader.cancel();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await read(reader);
      // A reader that was stopped says that it is done.
      signal.throwIfAborted();
      if (done) return progress;
      counter.count(value);
      await sink.write(value);
      progress.bytes += value.byteLength;
      progress.rows = counter.rows;
      onProgress({ ...progress });
    }
  } finally {
    signal.removeEventListener("abort", stop);
    reader.releaseLock();
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw new Truncated("the answer broke off", { cause });
  }
}
