import { defineConfig } from "vitest/config";

/** One document a path, so that each has something to say without scripts, too. */
export default defineConfig({
  build: {
    target: "es2022",
    assetsDir: "support/assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One style sheet: all pages look alike.
    cssCodeSplit: false,
    rolldownOptions: {
      input: [
        "support/index.html",
        "support/thank-you/index.html",
        "supporters/index.html",
        "settings/contributions/index.html",
      ],
    },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:8080", "/app/config.json": "http://127.0.0.1:8080" },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.{ts,tsx}"],
    // On machines that do other work as well.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: true,
  },
});
