import { defineConfig } from "vitest/config";

/** One project for each package that has tests; its own vite.config.ts says where they run. */
export default defineConfig({
  test: { projects: ["client", "elements", "vue", "dashboard", "pages"] },
});
