import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Indentation in templates and styles is for us: nothing in them keeps white space, and a page need not load it. */
const folded: Plugin = {
  name: "fold-white-space",
  apply: "build",
  transform: {
    filter: { id: /src\/.*\.ts$/ },
    handler: (code) =>
      code
        .replace(/\b(html|svg)`[^]*?(?<!\\)`/g, (template) =>
          template.replace(/>\s*\n\s*</g, "><").replace(/\s*\n\s*/g, " "),
        )
        .replace(/\bcss`[^`]*`/g, (style) =>
          style
            .replace(/\/\*[^]*?\*\//g, "")
            .replace(/\s+/g, " ")
            .replace(/ ?([{};]) ?/g, "$1")
            .replace(/([:,]) /g, "$1")
            .replace(/;}/g, "}")
            .replace(/(?<![\d])0\./g, "."),
        ),
  },
};

/**
 * Whatever reads `static {}`, which stands in every element, adopts style sheets: Lit's ways around that are never gone,
 * and a page need not load them.
 */
const adopted: Plugin = {
  name: "adopted-styles",
  apply: "build",
  load: {
    filter: { id: /reactive-element\/css-tag\.js$/ },
    handler: () => `
      export const supportsAdoptingStyleSheets = true;
      export const CSSResult = CSSStyleSheet;
      export const unsafeCSS = (text) => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(text);
        return sheet;
      };
      export const css = ([text]) => unsafeCSS(text);
      export const getCompatibleStyle = (style) => style;
      export const adoptStyles = (root, styles) => {
        root.adoptedStyleSheets = styles;
      };`,
  },
};

/**
 * Entries keep their names, since other sites link them; they only import files that are named by what is in them,
 * which caches may keep for ever. Those are all in `assets/`.
 */
export default defineConfig({
  plugins: [folded, adopted],
  build: {
    target: "es2022",
    // Lit's licence asks to be told with it.
    license: { fileName: "licenses.md" },
    modulePreload: false,
    // A library: pages' preloading of what is loaded later would cost a kilobyte.
    lib: {
      entry: {
        "billing-elements": "src/index.ts",
        "fund-form": "src/entries/fund-form.ts",
        "fund-progress": "src/entries/fund-progress.ts",
        "fund-wall": "src/entries/fund-wall.ts",
        "fund-badge": "src/entries/fund-badge.ts",
      },
      formats: ["es"],
    },
    rolldownOptions: {
      output: {
        minify: true,
        comments: false,
        entryFileNames: "[name].js",
        chunkFileNames: "assets/[name]-[hash].js",
        codeSplitting: {
          groups: [
            // What every element needs, in one file: it packs better than in two.
            {
              name: "base",
              test: /node_modules|src\/((?!index)[^/]+|texts\/index|progress\/.*)\.ts$/,
              priority: 2,
            },
            { name: "form", test: /src\/form\// },
            { name: "wall", test: /src\/wall\// },
            { name: "badge", test: /src\/badge\//, priority: 1 },
          ],
        },
      },
    },
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
