import { ownerOf } from "../../federation/owner-contract.ts";
import { CAN_CRASH, crashing } from "../kit/crashing.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { runningMs } from "../kit/running-time.ts";

/** Everything in doubt is settled within this time after the killed process is back. Milliseconds. */
const SETTLED_WITHIN_MS = 20_000;

/** Whom it hits, and where: see test/kit/crash.ts. */
const POINTS: [victim: string, at: string, count: number][] = [
  ["patients", "handling:fhir.prepare", 1],
  ["patients", "handled:fhir.prepare", 1],
  ["patients", "handling:fhir.commit", 1],
  ["patients", "handled:fhir.commit", 1],
  ["records", "handled:fhir.prepare", 1],
  ["records", "handling:fhir.commit", 1],
  ["lab", "handling:fhir.prepare", 1],
  ["lab", "handled:fhir.commit", 1],
  ["transactions", "calling:fhir.prepare", 1],
  ["transactions", "answered:fhir.prepare", 1],
  ["transactions", "answered:fhir.prepare", 3], // all are prepared, nothing is decided
  ["transactions", "calling:fhir.commit", 1], // decided, nobody knows
  ["transactions", "answered:fhir.commit", 1],
];
const OWNERS = ["patients", "records", "lab"];
const TYPES = ["Patient", "Condition", "ServiceRequest"];

const bundle = (mark: string) => {
  const identifier = [{ system: "urn:chaos", value: mark }];
  const subject = { reference: "urn:uuid:p" };
  const post = (resource: object, fullUrl?: string) => ({
    ...(fullUrl && { fullUrl }),
    resource,
    request: { method: "POST", url: (resource as { resourceType: string }).resourceType },
  });
  return {
    resourceType: "Bundle",
    type: "transaction",
    entry: [
      post({ resourceType: "Patient", identifier }, "urn:uuid:p"),
      post({ resourceType: "Condition", identifier, subject }),
      post({ resourceType: "ServiceRequest", identifier, subject, status: "active", intent: "order" }),
    ],
  };
};

describe.each(["sqlite", "mongo"] as const)("a transaction over three services on %s, a process of it killed", (store) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", ...OWNERS], store, env: CAN_CRASH });
  });
  afterAll(() => mesh?.stop());

  /** Resolves when no owner has anything prepared. */
  async function settled(): Promise<void> {
    const deadline = runningMs() + SETTLED_WITHIN_MS;
    for (;;) {
      const open = await Promise.all(
        OWNERS.map((owner) =>
          ownerOf(owner)
            .prepared(mesh.caller, {})
            .catch(() => [{ tx: "unreachable" }]),
        ),
      );
      if (open.every((list) => list.length === 0)) return;
      if (runningMs() > deadline) throw new Error(`Still in doubt after ${SETTLED_WITHIN_MS} ms: ${JSON.stringify(open)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** What each of these is answered as soon as its owner is not told to be away. */
  const firstAnswers = (entries: { response: { location: string } }[]) =>
    Promise.all(
      entries.map(async ({ response }) => {
        const [, place = ""] = /([A-Za-z]+\/[^/]+)\/_history/.exec(response.location) ?? [];
        for (;;) {
          const answer = await fhirAt(mesh.base).get(`/${place}`);
          if (answer.status !== 503) return answer;
        }
      }),
    );

  const count = async (mark: string) => {
    const fhir = fhirAt(mesh.base);
    return Promise.all(
      TYPES.map(async (type) => (await fhir.get(`/${type}?identifier=urn:chaos|${mark}&_summary=count`)).body.total as number),
    );
  };

  // The steps are the same code on both; on MongoDB each third, as each process takes its time there (npm run chaos has them all).
  it.each(store === "sqlite" ? POINTS : POINTS.filter((_, index) => index % 3 === 0))(
    "%s at %s (%s): all of it or nothing, and all of what was confirmed",
    async (victim, at, times) => {
      const mark = `${victim}-${at}-${times}`;
      const { revive } = await crashing(mesh, victim, at, times);
      const answer = await fhirAt(mesh.base)
        .send("POST", "", bundle(mark))
        .catch(() => undefined);
      await revive();
      // What was confirmed is read from the first moment on in which its owner answers at all.
      if (answer?.status === 200) expect((await firstAnswers(answer.body.entry)).map(({ status }) => status)).toEqual([200, 200, 200]);
      await settled();

      const found = await count(mark);
      expect(found.every((it) => it === found[0])).toBe(true);
      expect([0, 1]).toContain(found[0]);
      if (answer?.status === 200) expect(found).toEqual([1, 1, 1]);
      else if (answer) expect(answer.status).toBe(503);
    },
  );
});
