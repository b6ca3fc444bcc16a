/** Each look that was answered is on record once, whoever dies between the look and its record. */
import { App } from "../identity/app.ts";
import { CAN_CRASH, crashing } from "../kit/crashing.ts";
import { eventually } from "../kit/events.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

const SCOPE = "openid user/*.cruds actions";

// biome-ignore lint/suspicious/noExplicitAny: FHIR JSON as it came
type Json = any;

describe("reads and their audit entries", () => {
  let mesh: Mesh;
  let physician: FhirHttp;
  let auditor: FhirHttp;
  let patient: string;
  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "ledger", "identity"],
      env: { ACCESS: "closed", ...CAN_CRASH },
    });
    const app = await App.register(mesh, ["physician"], SCOPE);
    physician = fhirAt(mesh.base, (await app.signIn(SCOPE)).access_token);
    auditor = fhirAt(mesh.base, (await (await app.alsoFor("auditor", ["auditor"])).signIn(SCOPE)).access_token);
    patient = `Patient/${(await physician.create({ resourceType: "Patient" })).body.id}`;
  });
  afterAll(() => mesh?.stop());

  /** How often each request is on record, by its id. */
  const recorded = async (): Promise<Map<string, number>> => {
    const { body } = await auditor.get(`/AuditEvent?patient=${patient}&subtype=read&_count=1000`);
    const counts = new Map<string, number>();
    for (const { resource } of (body.entry ?? []) as Json[]) {
      const call = resource.entity.find((it: Json) => it.type.code === "XrequestId").what.identifier.value;
      counts.set(call, (counts.get(call) ?? 0) + 1);
    }
    return counts;
  };

  it.each([
    [
      "the owner dies after it has noted the look and before it answers, the ledger before it has kept it",
      [
        ["patients", "stored:write"],
        ["ledger", "storing:write"],
      ],
    ],
    [
      "the owner dies before it has forgotten what it has told, the ledger after it has kept it",
      [
        ["patients", "storing:relayed"],
        ["ledger", "stored:write"],
      ],
    ],
  ] as [string, [string, string][]][])("are one for one though %s", async (name, points) => {
    const revivals = [];
    for (const [victim, at] of points) revivals.push((await crashing(mesh, victim, at)).revive);
    const ids = Array.from({ length: 5 }, (_, index) => `${name.replaceAll(/\W/g, "").slice(-20)}.${index}`);
    const look = async (id: string) => ({ id, status: (await physician.get(`/${patient}`, { "X-Request-ID": id })).status });
    const looks = [look(ids[0] as string), ...ids.slice(1).map(look)];
    const answers = await Promise.all(looks);
    for (const revive of revivals) await revive();
    answers.push(await look(`${ids[0]}.after`));
    const seen = answers.filter(({ status }) => status === 200).map(({ id }) => id);
    expect(seen.length).toBeGreaterThan(0);
    const counts = await eventually(recorded, (found) => seen.every((id) => found.has(id)));
    for (const id of seen) expect([id, counts.get(id)]).toEqual([id, 1]);
    for (const { id } of answers) expect(counts.get(id) ?? 0).toBeLessThanOrEqual(1);
  });
});
