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

test("an end that the core does not place is stored as such before it is charged", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const steps = [];
  const answers = [new Error("away"), null];
  const { backlog } = backlogWith({
    store: {
      save: async ({ placement }) => void steps.push(`save ${placement}`),
      remove: async (id) => void steps.push(`remove ${id}`),
      load: async () => [],
    },
    deliver: async (kept, onUnplaced) => {
      if (kept.placement !== null) await onUnplaced({ ...kept, placement: null });
      steps.push("charge");
      const answer = answers.shift();
      if (answer !== null) throw answer;
      return null;
    },
  });
  backlog.add({ ...end("c1", "charge"), placement: "placed" });
  for (let tries = 2; tries > 0; tries--) {
    t.mock.timers.tick(30_000);
    await new Promise(setImmediate);
  }
  assert.deepEqual(steps, ["save placed", "save null", "charge", "charge", "remove c1"]);
  assert.equal(backlog.size, 0);
});

test("of the store's ends one that cannot be read hides no other, and one without room is forgotten", async () => {
  const removed = [];
  const unreadable = { ...end("c0", "charge"), passedMicros: undefined };
  const { backlog, lost, lines } = backlogWith({
    max: 1,
    store: {
      save: () => {},
      remove: (id) => void removed.push(id),
      load: () => [null, unreadable, end("c1", "capture"), end("c2", "capture")],
    },
  });
  await backlog.load(({ passedMicros }) => void BigInt(passedMicros));
  await new Promise(setImmediate);
  backlog.stop();
  assert.equal(backlog.size, 1);
  assert.deepEqual([lost, removed], [[["c2", "the backlog is full"]], ["c2"]]);
  assert.deepEqual(
    lines.map((line) => line.startsWith("billing: a kept end cannot be loaded: ")),
    [true, true, false],
  );
});

test("an onLost that rejects is logged, and ends no process", async () => {
  const onLost = async () => {
    throw new Error("no mail");
  };
  const { backlog, lines } = backlogWith({ max: 0, onLost });
  backlog.add(end("c1", "capture"));
  await new Promise(setImmediate);
  assert.equal(lines[1], "billing: onLost has failed: no mail");
});

test("at shutdown an end that was on its way does not wait long for its next try", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let sent = 0;
  let fail;
  const { backlog } = backlogWith({
    deliver: () => {
      sent += 1;
      return new Promise((_resolve, reject) => (fail = reject));
    },
  });
  const failed = async () => {
    fail(new Error("away"));
    await new Promise(setImmediate);
  };
  backlog.add(end("c1", "capture"));
  for (let tries = 8; tries > 0; tries--) {
    t.mock.timers.tick(30_000);
    await failed();
  }
  t.mock.timers.tick(30_000);
  assert.equal(sent, 9);
  backlog.hurry();
  await failed();
  t.mock.timers.tick(500);
  assert.equal(sent, 10);
  backlog.stop();
});
