/** An action answers the same with an Idempotency-Key as without: it counts what it has written, though that becomes visible with the answer only. */
import { randomUUID } from "node:crypto";
import { publishedActions } from "../../services/api/rest/actions.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { KEYED_ACTIONS, NOT_COMPARED, Preparation } from "./keyed-actions.ts";
import { DOORS, KeyedClient, type Sent } from "./keyed-requests.ts";

const SERVICES =
  "api,transactions,patients,personnel,wards,visits,hospitalizations,lab,pharmacy,records,billing,journal,subscriptions".split(",");

let mesh: Mesh;
let at: KeyedClient;
beforeAll(async () => {
  mesh = await startMesh({ services: SERVICES, nats: false, split: "broker" });
  at = new KeyedClient(mesh.base);
});
afterAll(() => mesh?.stop());

/** Without what differs between two calls in equal states: ids, by the order in which they come; times; running numbers. */
function comparable(text: string): string {
  const ids = new Map<string, string>();
  const nameOf = (id: string) => {
    const name = ids.get(id) ?? `id${ids.size}`;
    ids.set(id, name);
    return name;
  };
  return text
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:[a-z]+-)?[0-9a-f]{32,64}\b/g, nameOf)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, "time")
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, "time")
    .replaceAll(/\b\d{4}-\d{6}\b|\b\d{4}-[0-9a-f]{12}\b|\b\d{8,}\b|\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/g, "number");
}

/** What a request is answered, and each resource that the answer names, as it is stored afterwards. */
async function told(request: Sent, key?: string): Promise<string[]> {
  const answer = await at.send(request, key);
  expect(answer).toMatchObject({ status: expect.any(Number), retryAfter: null });
  expect(answer.status).toBeLessThan(300);
  const named = [...new Set([...answer.text.matchAll(/"([A-Z][A-Za-z]+\/[A-Za-z0-9.-]+)"/g)].map(([, reference]) => reference))];
  const stored = await Promise.all(named.map(async (reference) => (await fetch(`${mesh.base}/fhir/${reference}`)).text()));
  return comparable([answer.text, JSON.stringify(answer.told), ...stored].join("\n")).split("\n");
}

const asked = async (action: string): Promise<Sent> => ({
  path: `/api/${action.replace(".", "/")}`,
  body: await (KEYED_ACTIONS[action] as (of: Preparation) => Promise<object>)(new Preparation(at)),
});

describe("with a key as without one", () => {
  it.each(Object.keys(KEYED_ACTIONS))("%s answers, and stores, the same", async (action) => {
    const without = await told(await asked(action));
    expect(await told(await asked(action), randomUUID())).toEqual(without);
  });

  it.each(DOORS.filter(([what]) => !(what in KEYED_ACTIONS)))("%s is answered, and stored, the same", async (_, make) => {
    const without = await told(await make(at));
    expect(await told(await make(at), randomUUID())).toEqual(without);
  });
});

it("covers every action that writes", () => {
  const posted = publishedActions(mesh.caller).flatMap(({ name, rest, deprecated }) => (rest === "POST" && !deprecated ? [name] : []));
  const ofEvents = /\.events\.[a-zA-Z]+$/; // of an operator, who looks again
  const known = [...Object.keys(KEYED_ACTIONS), ...Object.keys(NOT_COMPARED)];
  expect(posted.filter((name) => !ofEvents.test(name)).sort()).toEqual(known.sort());
});
