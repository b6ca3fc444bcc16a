/** What a mesh stands on gives way while clients work: Redis is gone, clocks are set, a disk is full. */
import { setTimeout as delay } from "node:timers/promises";
import { CAN_SET_CLOCKS } from "../kit/clock-settings.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { clientsOf, type Journal, judge, newJournal } from "./hospital-clients.ts";
import { HARMS, limitFiles } from "./harms.ts";
import { runningMs } from "../kit/running-time.ts";

const SERVICES = ["api", "transactions", "patients", "records", "lab"];
const CASES = [
  { ...HARMS.redis, harmed: "" },
  { ...HARMS.clockAhead, harmed: "patients" },
  { ...HARMS.clockBack, harmed: "patients" },
  { ...HARMS.clockAhead, harmed: "transactions" },
  { ...HARMS.clockBack, harmed: "api" },
  { ...HARMS.clocksAhead, harmed: "" },
];
const CLIENTS = 4;
/** A node that failed is not asked for two seconds. */
const HEALED_WITHIN_MS = 5_000;
const NOTHING = { lost: [], doubled: [], half: [] };

describe("a running mesh", () => {
  let mesh: Mesh;
  let onLine: (text: string) => void = () => {};
  const heard = (line: RegExp) =>
    new Promise<void>((resolve) => {
      onLine = (text) => line.test(text) && resolve();
    });
  beforeAll(async () => {
    mesh = await startMesh({ services: SERVICES, hasRedis: true, env: CAN_SET_CLOCKS, log: (text) => onLine(text) });
  });
  afterAll(() => mesh?.stop());

  const during = async (withBundles: boolean, harm: (journal: Journal) => Promise<unknown>): Promise<Journal> => {
    const journal = newJournal(runningMs);
    let isOver = false;
    const clients = clientsOf(mesh, { count: CLIENTS, withBundles }, journal, () => isOver);
    await harm(journal);
    isOver = true;
    await Promise.all(clients);
    return journal;
  };

  it.each(CASES)("goes on when $name ($harmed)", async ({ harm, harmed, longestMs }) => {
    const journal = await during(true, () => harm(mesh, harmed));
    expect([journal.failed, journal.wrong, journal.refusedBundles]).toEqual([[], [], 0]);
    expect(journal.requests).toBeGreaterThan(20);
    expect(await judge(fhirAt(mesh.base), journal)).toEqual(NOTHING);
    expect(journal.longestMs).toBeLessThan(longestMs);
  });

  it("reads on and refuses writes by 507 while the files of one service cannot grow, gives the reason, and resumes by itself", async () => {
    const owners = mesh.nodes.filter(({ services }) => services.includes("patients"));
    const create = () => fhirAt(mesh.base).send("POST", "/Patient", { resourceType: "Patient" });
    const journal = await during(false, async ({ confirmed }) => {
      while (confirmed.size < CLIENTS) await delay(5); // then there is something to read
      const isTold = heard(/patients\.sqlite has reached the largest size that a file may have/);
      limitFiles(owners, 4_096);
      await isTold;
      const { status, body } = await create();
      expect([status, body.issue[0].code]).toEqual([507, "no-store"]);
      expect((await fetch(`${mesh.base}/health/ready`)).status).toBe(200); // reads go on: no proxy may take it out
      limitFiles(owners, undefined);
    });
    expect(journal.wrong).toEqual([]);
    expect(journal.failed.length).toBeGreaterThan(0);
    expect(journal.failed.filter((text) => !/^(PUT|conditional create(, again)?): 507 /.test(text))).toEqual([]);
    const begun = runningMs();
    while ((await create()).status !== 201);
    expect(runningMs() - begun).toBeLessThan(HEALED_WITHIN_MS);
    expect(await judge(fhirAt(mesh.base), journal)).toEqual(NOTHING);
  });
});
