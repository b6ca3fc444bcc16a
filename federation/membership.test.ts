import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Membership, type Members } from "./membership.ts";

const declared = { patients: [{ type: "Patient" }], lab: [{ type: "Observation" }] };
const namesIn = (membership: Membership) => membership.members.map(([service]) => service).sort();

describe("membership", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "openward-members-"));
    file = join(folder, "members.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("contains the services of the deployment from the start", () => {
    expect(namesIn(new Membership({ declared }))).toEqual(["lab", "patients"]);
    expect(namesIn(new Membership({ declared: {} }))).toEqual([]);
  });

  it("keeps a service that has joined, even after all its processes have ended", () => {
    new Membership({ declared, file }).join("dentistry", [{ type: "Flag" }], 1_000);
    expect(new Membership({ declared, file }).members).toContainEqual(["dentistry", [{ type: "Flag" }]]);
  });

  it("keeps which events a service handles, from its newest version", () => {
    const membership = new Membership({ declared, file });
    membership.join("lab", declared.lab, 1_000, ["fhir.Patient"]);
    membership.join("lab", declared.lab, 999, []); // an older replica
    expect(new Membership({ declared, file }).all).toMatchObject({ lab: { handles: ["fhir.Patient"] } });
    membership.join("lab", declared.lab, 1_001, ["fhir.Patient", "fhir.Encounter"]);
    expect(new Membership({ declared, file }).all).toMatchObject({ lab: { handles: ["fhir.Patient", "fhir.Encounter"] } });
  });

  it("keeps that a service was retired, until a process of it starts again", () => {
    const membership = new Membership({ declared, file });
    membership.retire("lab", 2_000);
    expect(namesIn(new Membership({ declared, file }))).toEqual(["patients"]);
    membership.join("lab", declared.lab, 1_999); // one that runs still
    expect([namesIn(membership), membership.isMember("lab", 1_999)]).toEqual([["patients"], false]);
    membership.join("lab", declared.lab, 2_001);
    expect(namesIn(new Membership({ declared, file }))).toEqual(["lab", "patients"]);
  });

  it("drops what a new deployment no longer declares, and keeps what had joined", () => {
    const before = new Membership({ declared, file });
    before.join("dentistry", [{ type: "Flag" }], 1_000);
    before.join("lab", [{ type: "Observation" }, { type: "Specimen" }], 1_000);
    expect(namesIn(new Membership({ declared: { patients: declared.patients }, file }))).toEqual(["dentistry", "patients"]);
  });

  it("treats a truncated file as missing", () => {
    writeFileSync(file, '{"declared":["pat');
    expect(namesIn(new Membership({ declared, file }))).toEqual(["lab", "patients"]);
    new Membership({ declared, file }).join("dentistry", [], 1);
    expect(readdirSync(folder)).toEqual(["members.json"]);
  });

  it("refuses to retire a service that is not a member", () => {
    const membership = new Membership({ declared });
    expect(() => membership.retire("dentistry")).toThrow('"dentistry" is no member of this system');
    membership.retire("lab");
    expect(() => membership.retire("lab")).toThrow("nothing to retire");
  });

  it("becomes the same at every node, whatever the order of messages", () => {
    const member = fc.record({ at: fc.integer({ min: 1, max: 20 }) });
    const news = fc.array(fc.dictionary(fc.constantFrom("lab", "patients", "dentistry"), member), { maxLength: 8 });
    fc.assert(
      fc.property(news, fc.infiniteStream(fc.nat()), (said, choice) => {
        // Two words on one service at one moment come from one node: they say the same.
        const same = said.map(
          (members): Members =>
            Object.fromEntries(
              Object.entries(members).map(([name, { at }]) => [name, { owns: [{ type: `T${at}` }], at, isRetired: at % 2 === 0 }]),
            ),
        );
        const [one, other] = [new Membership({ declared }), new Membership({ declared })];
        for (const members of same) one.merge(members);
        for (const members of [...same].sort(() => (choice.next().value % 2) - 0.5)) other.merge(members);
        expect(other.all).toEqual(one.all);
      }),
    );
  });
});
