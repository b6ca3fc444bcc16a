/** A board that is looked at through one gateway, and changed through another, over NATS. */
import { get, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { type Ward, wards } from "../../services/wards/wards.contract.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

interface Told {
  id: string;
  wards: string[];
  beds: string[];
}

describe("an open board", () => {
  let mesh: Mesh;
  let gateways: string[];
  let [surgery, medicine]: Ward[] = [];
  const open: IncomingMessage[] = [];
  beforeAll(async () => {
    const services = ["api", "transactions", "patients", "hospitalizations", "wards", "records"];
    mesh = await startMesh({ services, replicas: { api: 2 }, split: "broker" });
    gateways = mesh.nodes.flatMap(({ url }) => url ?? []);
    const rooms = [{ name: "1", beds: ["A", "B"] }];
    surgery = await wards.open(mesh.caller, { name: "Surgery", rooms });
    medicine = await wards.open(mesh.caller, { name: "Medicine", rooms });
  });
  afterAll(async () => {
    for (const answer of open) answer.destroy();
    await mesh?.stop();
  });

  const bedOf = (ward: Ward | undefined, index = 0): string => ward?.rooms[0]?.beds[index]?.location ?? "";
  const listen = async (gateway: number, ward: Ward | undefined, last?: string) => {
    const url = `${gateways[gateway]}/api/wards/board/events?ward=${ward?.location}`;
    const [answer] = (await once(get(url, { headers: last === undefined ? {} : { "Last-Event-ID": last } }), "response")) as [
      IncomingMessage,
    ];
    open.push(answer);
    const told: Told[] = [];
    let text = "";
    let heard = () => {};
    answer.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      told.length = 0;
      for (const [, id = "", data = ""] of text.matchAll(/^id: (.*)\nevent: board\ndata: (.*)\n\n/gm)) {
        told.push({ id, ...JSON.parse(data) });
      }
      heard();
    });
    let read = 0;
    /** Resolves with the next event that is about this bed; those before it are read then. */
    return async (bed: string): Promise<Told> => {
      for (;;) {
        const found = told.findIndex(({ beds }, index) => index >= read && beds.includes(bed));
        if (found >= 0) {
          read = found + 1;
          return told[found] as Told;
        }
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    };
  };
  const admit = async (name: string, bed: string) => {
    const { patient } = await patients.register(mesh.caller, { family: name, given: ["Ada"], gender: "female", birthDate: "1980" });
    const { stay } = await hospitalizations.admit(mesh.caller, { patient, bed });
    return { patient, stay };
  };

  it("is notified of an admission and of a transfer between wards, whichever gateway handled it", async () => {
    const [here, there] = [await listen(1, surgery), await listen(1, medicine)];
    const { stay } = await admit("Rossi", bedOf(surgery));
    expect(await here(bedOf(surgery))).toMatchObject({ wards: [surgery?.location] });
    const moved = await fetch(`${gateways[0]}/api/hospitalizations/transfer`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ stay, bed: bedOf(medicine) }),
    });
    expect(moved.status).toBe(200);
    await there(bedOf(medicine));
    expect(await here(bedOf(surgery))).toMatchObject({ beds: [bedOf(surgery)] }); // of its own ward only
  });

  it("is notified of a recorded allergy, and of a closed bed", async () => {
    const here = await listen(1, surgery);
    const { patient } = await admit("Bianchi", bedOf(surgery, 1));
    await here(bedOf(surgery, 1));
    const fhir = fhirAt(gateways[0] ?? "");
    const clinicalStatus = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
    const made = await fhir.create({ resourceType: "AllergyIntolerance", patient: { reference: patient }, clinicalStatus });
    expect(made.status).toBe(201);
    await here(bedOf(surgery, 1));
    const bed = (await fhir.get(`/${bedOf(medicine, 1)}`)).body;
    const elsewhere = await listen(1, medicine);
    expect((await fhir.send("PUT", `/${bedOf(medicine, 1)}`, { ...bed, status: "suspended" })).status).toBe(200);
    expect(await elsewhere(bedOf(medicine, 1))).toMatchObject({ wards: [medicine?.location] });
  });

  it("gets what it missed when it reconnects to another gateway", async () => {
    const [here, other] = [await listen(0, surgery), await listen(1, surgery)];
    const { stay } = await admit("Verdi", bedOf(surgery));
    const [{ id }] = await Promise.all([here(bedOf(surgery)), other(bedOf(surgery))]);
    open.at(-2)?.destroy();
    await hospitalizations.discharge(mesh.caller, { stay });
    await other(bedOf(surgery));
    const again = await listen(1, surgery, id);
    expect(await again(bedOf(surgery))).toMatchObject({ wards: [surgery?.location] });
  });
});
