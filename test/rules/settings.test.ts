/** What RULES softens is softened, and told. */
import { fhirAt } from "../kit/fhir-http.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { startMesh } from "../kit/mesh.ts";

const SERVICES = ["api", "transactions", "patients", "visits", "records", "pharmacy"];

async function hospitalWith(RULES: string) {
  const mesh = await startMesh({ services: SERVICES, nats: false, split: "broker", env: { RULES } });
  const fhir = fhirAt(mesh.base);
  await fhir.send("PUT", "/Patient/p", { resourceType: "Patient", id: "p" });
  const { rest } = (await fhir.get("/metadata")).body;
  const of = (type: string): string =>
    rest[0].resource.find((it: { type: string; documentation?: string }) => it.type === type).documentation ?? "";
  return { mesh, fhir, documentation: rest[0].documentation as string | undefined, of };
}

const visit = { resourceType: "Encounter", status: "in-progress", class: { code: "EMER" }, subject: { reference: "Patient/p" } };
const ofNobody = { ...visit, subject: { reference: "Patient/nobody" } };
const over = { ...visit, status: "finished" };

describe("the setting RULES", () => {
  it("with off makes a plain FHIR server, which reports it", async () => {
    const { mesh, fhir, documentation, of } = await hospitalWith("off");
    try {
      expect([documentation, of("Encounter")]).toEqual([expect.stringContaining("no rules of the hospital"), ""]);
      expect((await fhir.create(ofNobody)).status).toBe(201);
      const { body } = await fhir.create(over);
      expect((await fhir.send("PUT", `/Encounter/${body.id}`, { ...body, status: "in-progress" })).status).toBe(200);
      expect((await fhir.send("DELETE", "/Patient/p")).status).toBe(204);
    } finally {
      await mesh.stop();
    }
  });

  it("turns a group into warnings, and switches a rule off; the others are enforced", async () => {
    const { mesh, fhir, documentation, of } = await hospitalWith("references:warn,encounter-status:off");
    try {
      expect(documentation).toBeUndefined();
      expect(of("Encounter")).toContain("encounter-references (only warns)");
      expect(of("Encounter")).not.toContain("encounter-status");
      expect((await fhir.create(ofNobody)).status).toBe(201);
      const { body } = await fhir.create(over);
      expect((await fhir.send("PUT", `/Encounter/${body.id}`, { ...body, status: "in-progress" })).status).toBe(200);
      expect((await fhir.send("PUT", `/Encounter/${body.id}`, { ...body, subject: { reference: "Patient/q" } })).status).toBe(409);
    } finally {
      await mesh.stop();
    }
  });

  it.each(["off", "stock:warn"])("lets more be dispensed than there is, of one lot and of several, with %s", async (setting) => {
    const { mesh, fhir } = await hospitalWith(setting);
    try {
      for (const lots of [[undefined], ["A"], ["A", "B"]]) {
        const medication = { system: "urn:rx", code: `kept-${lots.join("-")}` };
        for (const lot of lots) {
          await pharmacy.receive(mesh.caller, { medication, quantity: 5, ...(lot !== undefined && { lot, expires: "2999-01-01" }) });
        }
        const handed = (value: number) => ({
          resourceType: "MedicationDispense",
          status: "completed",
          medicationCodeableConcept: { coding: [medication] },
          subject: { reference: "Patient/p" },
          quantity: { value },
        });
        expect(await fhir.create(handed(12))).toMatchObject({ status: 201 });
        expect(await fhir.create(handed(1))).toMatchObject({ status: 201 });
        const [{ quantity } = {}] = await pharmacy.listStock(mesh.caller, { medication: `urn:rx|${medication.code}` });
        expect(quantity).toBe(5 * lots.length - 13);
      }
    } finally {
      await mesh.stop();
    }
  });

  it("with references:all checks the references of every type", async () => {
    const { mesh, fhir } = await hospitalWith("references:all");
    try {
      const flag = (reference: string) => ({
        resourceType: "Flag",
        status: "active",
        code: { text: "x" },
        subject: { reference },
      });
      expect(await fhir.create(flag("Patient/nobody"))).toMatchObject({ status: 409, body: { issue: [{ code: "business-rule" }] } });
      for (const reference of ["Patient/p", "https://elsewhere.example/fhir/Patient/1", "Location/of-a-type-that-nobody-serves"]) {
        expect((await fhir.create(flag(reference))).status).toBe(201);
      }
    } finally {
      await mesh.stop();
    }
  });
});
