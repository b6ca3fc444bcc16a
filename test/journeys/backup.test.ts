/** A backup that is made while bundles over three services are written: restored, each of them is there whole or not at all. */
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerOf } from "../../federation/owner-contract.ts";
import { makeBackup, restoreBackup } from "../../scripts/backup/backup.ts";
import { takeDataFolder } from "../../scripts/start/data-folder.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { runningMs } from "../kit/running-time.ts";

const OWNERS = ["patients", "records", "lab"];
const TYPES = ["Patient", "Condition", "ServiceRequest"];
const LINK = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0";

const bundleOf = (mark: string) => {
  const identifier = [{ system: "urn:backup", value: mark }];
  const subject = { reference: LINK };
  const resources = [
    { resourceType: "Patient", identifier },
    { resourceType: "Condition", identifier, subject },
    { resourceType: "ServiceRequest", identifier, subject, status: "active", intent: "order" },
  ];
  const entry = resources.map((resource, index) => ({
    ...(index === 0 && { fullUrl: LINK }),
    resource,
    request: { method: "POST", url: resource.resourceType },
  }));
  return { resourceType: "Bundle", type: "transaction", entry };
};

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "openward-backup-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The marks of all bundles of which a resource of the type is there. */
async function marksOf(base: string, type: string): Promise<Set<string>> {
  const { resources } = await fhirAt(base).all(`/${type}?_count=1000`);
  return new Set(resources.map((resource) => (resource["identifier"] as { value: string }[])[0]?.value ?? ""));
}

async function settled(mesh: Mesh): Promise<void> {
  for (const until = runningMs() + 20_000; runningMs() < until; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const open = await Promise.all(OWNERS.map((owner) => ownerOf(owner).prepared(mesh.caller, {})));
    if (open.every((list) => list.length === 0)) return;
  }
  throw new Error("Something is still in doubt.");
}

it("contains what was confirmed before it, and no bundle in part", async () => {
  const mesh = await startMesh({ services: ["api", "transactions", ...OWNERS] });
  const fhir = fhirAt(mesh.base);
  const confirmed = new Set<string>();
  const backups: { folder: string; before: Set<string> }[] = [];
  let isOver = false;
  let heard = () => {};
  const until = async (count: number) => {
    while (confirmed.size < count) await new Promise<void>((resolve) => (heard = resolve));
  };
  const client = async (name: number) => {
    for (let count = 0; !isOver; count += 1) {
      const mark = `${name}-${count}`;
      if ((await fhir.send("POST", "", bundleOf(mark))).status === 200) confirmed.add(mark);
      heard();
    }
  };
  const clients = Array.from({ length: 8 }, (_, name) => client(name));
  try {
    for (let round = 0; round < 3; round += 1) {
      const folder = join(dir, `backup-${round}`);
      await until(15 * (round + 1));
      const before = new Set(confirmed);
      await makeBackup({ dataDir: mesh.dataDir }, folder);
      backups.push({ folder, before });
    }
  } finally {
    isOver = true;
    await Promise.all(clients);
    await mesh.stop();
  }

  for (const [round, { folder, before }] of backups.entries()) {
    const dataDir = join(dir, `data-${round}`);
    await restoreBackup(folder, { dataDir });
    const restored = await startMesh({ services: ["api", "transactions", ...OWNERS], nats: false, split: "broker", dataDir });
    try {
      await settled(restored);
      const [patients, ...others] = await Promise.all(TYPES.map((type) => marksOf(restored.base, type)));
      for (const other of others) expect(other).toEqual(patients);
      expect([...before].filter((mark) => !patients?.has(mark))).toEqual([]);
      expect(patients?.size).toBeLessThanOrEqual(confirmed.size);
      expect((await fhirAt(restored.base).send("POST", "", bundleOf("after"))).status).toBe(200);
    } finally {
      await restored.stop();
    }
  }
});

describe("a backup", () => {
  const told = (message: RegExp) => expect.objectContaining({ name: "StartupError", message: expect.stringMatching(message) });
  const copyOf = (name: string) => {
    const folder = join(dir, name);
    cpSync(join(dir, "backup-0"), folder, { recursive: true });
    return folder;
  };
  const fresh = () => join(dir, `data-${Math.random()}`);

  it("is written to a folder of its own, and does not change another", async () => {
    const folder = join(dir, "taken");
    cpSync(join(dir, "data-0"), folder, { recursive: true });
    const before = statSync(join(folder, "patients.sqlite")).mtimeMs;
    await expect(makeBackup({ dataDir: join(dir, "data-0") }, folder)).rejects.toEqual(told(/not empty/));
    expect(statSync(join(folder, "patients.sqlite")).mtimeMs).toBe(before);
    await expect(makeBackup({ dataDir: join(dir, "nowhere") }, fresh())).rejects.toEqual(told(/no stores/));
  });

  it("of MongoDB is made by MongoDB's tool, and never in part", async () => {
    const mongoUrl = "mongodb://127.0.0.1:1";
    const folder = fresh();
    await expect(makeBackup({ dataDir: join(dir, "data-0"), mongoUrl }, folder)).rejects.toEqual(told(/mongodump .*--oplog/));
    expect(existsSync(folder)).toBe(false);
    await expect(restoreBackup(join(dir, "backup-0"), { dataDir: fresh(), mongoUrl })).rejects.toEqual(told(/mongorestore/));
  });

  it("that was restored in part is not a data folder until the restore is repeated", async () => {
    const [source, dataDir] = [join(dir, "backup-0"), fresh()];
    const cut = (line: string) => {
      if (line.startsWith("restored lab")) throw new Error("cut short"); // as by a kill -9
    };
    await expect(restoreBackup(source, { dataDir }, cut)).rejects.toThrow("cut short");
    expect(existsSync(join(dataDir, "lab.sqlite"))).toBe(true);
    expect(() => takeDataFolder(dataDir, { alone: true })).toThrow(/npm run restore/);
    await expect(makeBackup({ dataDir }, fresh())).rejects.toEqual(told(/npm run restore/));
    await restoreBackup(source, { dataDir });
    takeDataFolder(dataDir, { alone: true }).release();
  });

  it("contains the keys that sign tokens, without which nobody could sign in afterwards", async () => {
    const system = { services: ["api", "patients", "identity"], nats: false, split: "broker" as const };
    const [source, dataDir] = [fresh(), fresh()];
    const published = async ({ base }: Mesh) => (await fetch(`${base}/auth/jwks`)).json();
    const mesh = await startMesh(system);
    const before = await published(mesh)
      .finally(() => makeBackup({ dataDir: mesh.dataDir }, source))
      .finally(() => mesh.stop());
    await restoreBackup(source, { dataDir });
    const restored = await startMesh({ ...system, dataDir });
    expect(await published(restored).finally(() => restored.stop())).toEqual(before);
    expect(before.keys.map(({ alg }: { alg: string }) => alg)).toEqual(["ES256", "RS256"]);
  });

  it("is restored into an empty folder only", async () => {
    await expect(restoreBackup(join(dir, "backup-0"), { dataDir: join(dir, "data-0") })).rejects.toEqual(told(/not empty/));
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    ["a file is missing", (folder) => rmSync(join(folder, "lab.sqlite")), /lab.sqlite .* missing/],
    ["a file was changed", (folder) => appendFileSync(join(folder, "lab.sqlite"), "x"), /lab.sqlite .* not what it was/],
    ["a file was cut off", (folder) => truncateSync(join(folder, "lab.sqlite"), 4_096), /lab.sqlite .* not what it was/],
    ["it was never finished", (folder) => rmSync(join(folder, "backup.json")), /no backup/],
    ["it is of another form", (folder) => writeFileSync(join(folder, "backup.json"), '{"format":2}'), /has format 2;/],
    [
      "it names a file elsewhere",
      (folder) => writeFileSync(join(folder, "backup.json"), '{"format":1,"files":[{"name":"/etc/hosts"}]}'),
      /was changed/,
    ],
  ])("is not restored when %s", async (name, harm, message) => {
    const folder = copyOf(name.replaceAll(" ", "-"));
    harm(folder);
    const dataDir = fresh();
    await expect(restoreBackup(folder, { dataDir })).rejects.toEqual(told(message));
    expect(existsSync(dataDir)).toBe(false);
  });
});
