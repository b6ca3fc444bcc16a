/**
 * Clients that read and change the same few records through two gateways, with and without If-Match, while owners are killed, suspended and
 * replaced and NATS restarts: the history of each record is one that a single copy could have had.
 */
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { HARMS } from "./harms.ts";
import { isLinearizable, type Operation, type RecordInput, recordModelOf, type RecordOutput } from "./linearizability.ts";

type History = Operation<RecordInput, RecordOutput>[];

const RECORDS = ["r0", "r1", "r2"];
const CLIENTS = 6;
/** Between two requests of a client, milliseconds: histories stay short enough to be judged. */
const PAUSE_MS = 40;

/** Sends one operation and notes it, with its answer where that tells what happened. */
async function send(fhir: FhirHttp, id: string, input: RecordInput, history: History): Promise<number | undefined> {
  const operation: History[number] = { begin: performance.now(), end: Infinity, input };
  history.push(operation);
  const headers: Record<string, string> =
    input.kind === "put" && input.ifVersion !== undefined ? { "If-Match": `W/"${input.ifVersion}"` } : {};
  const answer = await (input.kind === "read"
    ? fhir.get(`/Basic/${id}`)
    : fhir.send("PUT", `/Basic/${id}`, { resourceType: "Basic", id, code: { text: input.value } }, headers)
  ).catch(() => undefined);
  const output = answer && outputOf(answer.status, answer.body);
  if (output) Object.assign(operation, { end: performance.now(), output });
  // A read without an answer says nothing.
  else if (input.kind === "read") history.splice(history.indexOf(operation), 1);
  return output && "version" in output ? output.version : undefined;
}

function outputOf(status: number, body: { meta: { versionId: string }; code: { text: string } }): RecordOutput | undefined {
  if (status === 200 || status === 201) return { version: Number(body.meta.versionId), value: body.code.text };
  if (status === 412) return { stale: true };
  return status === 404 ? { version: 0, value: "" } : undefined;
}

async function work(fhir: FhirHttp, client: number, histories: Map<string, History>, isOver: () => boolean): Promise<void> {
  const seen = new Map<string, number>();
  for (let round = 0; !isOver(); round += 1) {
    const id = RECORDS[(round + client) % RECORDS.length] as string;
    const history = histories.get(id) as History;
    const ifVersion = seen.get(id);
    const value = `${client}.${round}`;
    const inputs: RecordInput[] = [
      { kind: "read" },
      { kind: "put", value, ...(ifVersion !== undefined && { ifVersion }) },
      { kind: "read" },
      { kind: "put", value },
    ];
    const version = await send(fhir, id, inputs[round % inputs.length] as RecordInput, history);
    if (version !== undefined && version > 0) seen.set(id, version);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

describe("resources that six clients change while their owner's nodes die, hang and return", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "transactions", "records"], replicas: { api: 2, records: 2 } });
  });
  afterAll(() => mesh?.stop());

  it("have linearizable histories", async () => {
    const histories = new Map(RECORDS.map((id) => [id, [] as History]));
    const gateways = mesh.nodes.flatMap(({ url }) => url ?? []);
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, client) =>
      work(fhirAt(gateways[client % gateways.length] as string), client, histories, () => isOver),
    );
    for (const { harm } of [HARMS.kill, HARMS.hang, HARMS.pause, HARMS.kill, HARMS.nats]) await harm(mesh, "records");
    isOver = true;
    await Promise.all(clients);

    for (const [id, history] of histories) {
      expect({ id, isLinearizable: isLinearizable(history, recordModelOf(history)) }).toEqual({ id, isLinearizable: true });
      // Enough was answered for the judgement to mean something.
      expect(history.filter(({ output }) => output).length).toBeGreaterThan(20);
    }
  });
});
