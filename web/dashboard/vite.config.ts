import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/app/",
  plugins: [react(), tailwind()],
  build: {
    target: "es2022",
    // A lazy page whose own style sheet failed once would come back unstyled on retry.
    cssCodeSplit: false,
    // A data: URL is no file of ours; the policy of scripts and styles is 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:8080", "/app/config.json": "http://127.0.0.1:8080" },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    // Whole pages on machines that do other work as well.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: true,
  },
});
