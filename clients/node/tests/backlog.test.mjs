import assert from "node:assert/strict";
import test from "node:test";

import { Backlog } from "../dist/esm/backlog.js";
import { EndRefused } from "../dist/esm/end.js";
import { Log } from "../dist/esm/log.js";

function end(id, kind) {
  return { id, kind, tenant: "demo", user: `user of ${id}`, tool: "search", passedMicros: "0" };
}

/** A backlog whose core answers as `deliver` does. */
function backlogWith(options = {}) {
  const seen = { lines: [], lost: [], gone: [] };
  const backlog = new Backlog({
    max: 2,
    log: new Log({ error: (line) => seen.lines.push(line) }),
    store: null,
    onLost: (lost, reason) => seen.lost.push([lost.id, reason]),
    deliver: async () => null,
    onGone: (gone) => seen.gone.push(gone.id),
    ...options,
  });
  return { backlog, ...seen };
}

test("where there is no room, a charge takes a release's, and all that is lost is told", () => {
  const { backlog, lost, lines, gone } = backlogWith();
  backlog.add(end("r1", "release"));
  backlog.add(end("c1", "capture"));
  backlog.add(end("c2", "charge"));
  backlog.add(end("r2", "release"));
  backlog.add(end("c3", "capture"));
  backlog.stop();
  assert.equal(backlog.size, 2);
  assert.deepEqual(
    lost.map(([id]) => id),
    ["r1", "r2", "c3"],
  );
  assert.deepEqual(gone, ["r1", "r2", "c3"]);
  assert.equal(lines[2], 'billing: tool "search", account "demo"/"user of c3": a capture is lost: the backlog is full');
});

test("an end is sent again until the core answers, and then forgotten by the store", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const stored = [];
  const answers = [new Error("away"), new Error("away"), null];
  let emptied;
  const done = new Promise((resolve) => (emptied = resolve));
  const { backlog, lost } = backlogWith({
    store: {
      save: async ({ id }) => void stored.push(`save ${id}`),
      remove: async (id) => {
        stored.push(`remove ${id}`);
        emptied();
      },
      load: async () => [],
    },
    deliver: async () => {
      const answer = answers.shift();
      if (answer !== null) throw answer;
      return null;
    },
  });
  backlog.add(end("c1", "capture"));
  for (let tries = 3; tries > 0; tries--) {
    t.mock.timers.tick(30_000);
    await new Promise(setImmediate);
  }
  await done;
  assert.deepEqual(stored, ["save c1", "remove c1"]);
  assert.deepEqual([backlog.size, answers.length, lost], [0, 0, []]);
});

test("an end that the core refuses is lost, and one that the store has is taken up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const loaded = [];
  const { backlog, lost } = backlogWith({
    store: { save: () => {}, remove: () => {}, load: () => [end("c1", "capture"), end("c1", "capture")] },
    deliver: async () => {
      throw new EndRefused("no such unit");
    },
  });
  await backlog.load(({ id }) => loaded.push(id));
  assert.deepEqual([loaded, backlog.size], [["c1"], 1]);
  t.mock.timers.tick(500);
  await new Promise(setImmediate);
  assert.deepEqual([lost, backlog.size], [[["c1", "no such unit"]], 0]);
});
