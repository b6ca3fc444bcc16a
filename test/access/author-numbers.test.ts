/** Who names an author by a number, as many registers do, names whom the hospital knows by it. */
import type { Mesh } from "../kit/mesh.ts";
import { SignedIn, startClosed } from "./signed-in.ts";

// biome-ignore lint/suspicious/noExplicitAny: FHIR JSON as it came
type Json = any;

describe("the authors that a resource names by a number", () => {
  let mesh: Mesh;
  let people: SignedIn;
  beforeAll(async () => {
    mesh = await startClosed();
    people = await SignedIn.at(mesh, ["system"]); // the nurse is Practitioner/ada
  });
  afterAll(() => mesh?.stop());

  it("cannot be somebody else in any element or note; one's own number, or one of nobody here, is accepted", async () => {
    const number = (value: string, system: string | undefined = "urn:rpps") => ({ identifier: { value, ...(system && { system }) } });
    const numbered = { ada: ["urn:rpps", "1"], other: ["urn:rpps", "2"], unsystematic: [undefined, "3"] } as const;
    for (const [id, [system, value]] of Object.entries(numbered)) {
      const name = [{ family: id === "ada" ? "Rossi" : "Numbered", given: ["Ada"] }];
      const practitioner = { resourceType: "Practitioner", id, name, identifier: [{ value, ...(system && { system }) }] };
      expect((await people.as("system").send("PUT", `/Practitioner/${id}`, practitioner)).status).toBeLessThan(300);
    }
    const { body: patient } = await people.as("nurse").create({ resourceType: "Patient" });
    const subject = { reference: `Patient/${patient.id}` };
    const all = (who: object): [expression: string, resource: Json][] => [
      ["CarePlan.author", { resourceType: "CarePlan", status: "active", intent: "plan", subject, author: who }],
      ["Flag.author", { resourceType: "Flag", status: "active", code: { text: "Falls" }, subject, author: who }],
      ["Observation.performer[0]", { resourceType: "Observation", status: "final", code: { text: "Weight" }, performer: [who] }],
      ["Procedure.performer[0].actor", { resourceType: "Procedure", status: "completed", subject, performer: [{ actor: who }] }],
      [
        "Observation.note[0].authorReference",
        { resourceType: "Observation", status: "final", code: { text: "Weight" }, note: [{ text: "as it was", authorReference: who }] },
      ],
    ];
    for (const who of [number("2"), number("3", ""), { ...number("2"), display: "The laboratory" }]) {
      for (const [expression, resource] of all(who)) {
        const { status, body } = await people.as("nurse").create(resource);
        expect([expression, status, body.issue?.[0].expression]).toEqual([expression, 422, [expression]]);
        expect((await people.as("system").create(resource)).status).toBe(201); // it may enter for others
      }
    }
    for (const who of [number("1"), number("4"), number("2", "urn:elsewhere"), number("2", "")]) {
      for (const [expression, resource] of all(who)) {
        expect([expression, (await people.as("nurse").create(resource)).status]).toEqual([expression, 201]);
      }
    }
    const [[, before]] = all(number("2")) as [[string, Json]];
    const { body } = await people.as("system").create(before);
    expect((await people.as("nurse").send("PUT", `/CarePlan/${body.id}`, { ...body, title: "Asthma" })).status).toBe(200);
  });
});
