import { defineConfig } from "vitest/config";

/** One browser and one stack for all flows: in one process, one file after the other. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["flows/*.ts"],
    setupFiles: ["setup.ts"],
    environment: "node",
    pool: "threads",
    isolate: false,
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A flow that has to be run twice to pass is a fault.
    retry: 0,
  },
});
