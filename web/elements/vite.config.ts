import { defineConfig } from "vitest/config";

/**
 * Entries keep their names, since other sites link them; they only import files that are named by what is in them,
 * which caches may keep for ever. Those are all in `assets/`.
 */
export default defineConfig({
  build: {
    target: "es2022",
    modulePreload: false,
    rolldownOptions: {
      input: {
        "billing-elements": "src/index.ts",
        "fund-form": "src/form/fund-form.ts",
        "fund-progress": "src/progress/fund-progress.ts",
        "fund-wall": "src/wall/fund-wall.ts",
        "fund-badge": "src/badge/fund-badge.ts",
      },
      preserveEntrySignatures: "allow-extension",
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "assets/[name]-[hash].js",
        codeSplitting: {
          groups: [
            { name: "lit", test: /node_modules/ },
            { name: "form", test: /src\/form\// },
            { name: "progress", test: /src\/progress\// },
            { name: "wall", test: /src\/wall\// },
            { name: "badge", test: /src\/badge\// },
            { name: "base", test: /src\/(?!index)[^/]+\.ts$/ },
          ],
        },
      },
    },
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.{ts,tsx}"], passWithNoTests: true },
});
