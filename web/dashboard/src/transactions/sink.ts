import type { Sink } from "./csv";

/** Chromium's; no other browser has it, and TypeScript's own list does not either. */
interface SaveFilePicker {
  showSaveFilePicker(options: {
    suggestedName: string;
    types: { description: string; accept: Record<string, string[]> }[];
  }): Promise<FileSystemFileHandle>;
}

function canPick(of: Window): of is Window & SaveFilePicker {
  return "showSaveFilePicker" in of;
}

/** Asks where to, and writes there while it arrives. Undefined where the user thinks better of it. */
export async function openSink(suggestedName: string): Promise<Sink | undefined> {
  if (!canPick(window)) return blobSink(suggestedName);
  try {
    const types = [{ description: "CSV", accept: { "text/csv": [".csv"] } }];
    const file = await window.showSaveFilePicker({ suggestedName, types });
    return fileSink(await file.createWritable());
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return undefined;
    // A frame or a policy may forbid the picker: the file is collected in memory instead.
    return blobSink(suggestedName);
  }
}

function fileSink(file: FileSystemWritableFileStream): Sink {
  return {
    write: (chunk) => file.write(chunk),
    finish: () => file.close(),
    // Until it is closed nothing is in the user's file.
    discard: () => file.abort(),
  };
}

function blobSink(name: string): Sink {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: (chunk) => {
      chunks.push(chunk);
      return Promise.resolve();
    },
    finish: () => {
      offer(new Blob(chunks, { type: "text/csv" }), name);
      return Promise.resolve();
    },
    discard: () => {
      chunks.length = 0;
      return Promise.resolve();
    },
  };
}

function offer(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has its own hold on the blob once it has begun.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
