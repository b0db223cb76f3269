// Generates src/gen from the contract; with --check it only says whether src/gen is up to date.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = join(here, "src/gen");

function generate(folder) {
  const buf = join(here, "node_modules/@bufbuild/buf/bin/buf");
  const template = JSON.parse(readFileSync(join(here, "buf.gen.json"), "utf8"));
  template.plugins[0].out = folder;
  template.plugins[0].local = join(here, "node_modules/.bin/protoc-gen-es");
  const args = [buf, "generate", "--clean", "--template", JSON.stringify(template)];
  execFileSync(process.execPath, args, { cwd: here, stdio: "inherit" });
}

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .map((path) => [path.slice(folder.length), readFileSync(path, "utf8")])
    .sort();
}

if (!process.argv.includes("--check")) generate(target);
else {
  const fresh = mkdtempSync(join(tmpdir(), "billing-client-"));
  try {
    generate(fresh);
    if (JSON.stringify(files(fresh)) !== JSON.stringify(files(target))) {
      console.error("src/gen is stale: run `npm run generate`");
      process.exitCode = 1;
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
