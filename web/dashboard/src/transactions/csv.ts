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

/** Copies an answer into a file. What breaks off or is stopped leaves none. */
export async function save(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  sink: Sink,
  onProgress: (progress: Progress) => void,
): Promise<Progress> {
  const counter = new RowCounter();
  const progress = { bytes: 0, rows: 0 };
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      counter.count(value);
      await sink.write(value);
      progress.bytes += value.byteLength;
      progress.rows = counter.rows;
      onProgress({ ...progress });
    }
    await sink.finish();
    return progress;
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    reader.releaseLock();
  }
}
