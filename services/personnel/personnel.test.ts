import type { PractitionerRole, Stored } from "../../fhir/r4.ts";
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { personnel } from "./personnel.contract.ts";
import { endedRole } from "./personnel.model.ts";
import PersonnelService from "./personnel.service.ts";

const role = (more: object) =>
  ({ resourceType: "PractitionerRole", id: "r", meta: { versionId: "1" }, ...more }) as Stored<PractitionerRole>;

describe("a role that ends", () => {
  const now = new Date("2026-11-28T12:00:00Z");
  it.each([
    ["now, where no end was planned", undefined, now.toISOString()],
    ["now, where a later end was planned", "2027-01-01", now.toISOString()],
    ["when it had ended", "2026-01-01", "2026-01-01"],
  ])("ends %s", (_, end, expected) => {
    const before = role({ period: { start: "2020-01-01", ...(end && { end }) } });
    expect(endedRole(before, now)).toMatchObject({ active: false, period: { start: "2020-01-01", end: expected } });
  });
});

describe("personnel", () => {
  let clinic: Clinic;
  const create = (resource: { resourceType: string; id: string; [name: string]: unknown }) =>
    ownerOf("personnel").write(clinic.caller, {
      steps: [{ op: "create", type: resource.resourceType, id: resource.id, text: JSON.stringify(resource) }],
    });
  beforeAll(async () => {
    clinic = await startClinic(PersonnelService);
    await create({ resourceType: "Practitioner", id: "ada", active: true });
    const practitioner = { reference: "Practitioner/ada" };
    await create({ resourceType: "PractitionerRole", id: "ward", practitioner });
    await create({ resourceType: "PractitionerRole", id: "old", practitioner, active: false, period: { end: "2020-01-01" } });
    await create({ resourceType: "PractitionerRole", id: "other", practitioner: { reference: "Practitioner/bruno" } });
  });
  afterAll(() => clinic.stop());

  it("ends the employment of somebody who leaves, with the roles that go on, and of nobody else", async () => {
    const ended = await personnel.endEmployment(clinic.caller, { practitioner: "Practitioner/ada" });
    expect(ended).toEqual({ practitioner: "Practitioner/ada", version: 2, roles: ["PractitionerRole/ward"] });
    expect(await clinic.read("personnel", "Practitioner/ada")).toMatchObject({ active: false });
    expect(await clinic.read("personnel", "PractitionerRole/ward")).toMatchObject({ active: false, period: { end: expect.any(String) } });
    expect(await clinic.read("personnel", "PractitionerRole/old")).toMatchObject({ period: { end: "2020-01-01" } });
    expect((await clinic.read("personnel", "PractitionerRole/other"))["active"]).toBeUndefined();
  });

  it("ends an employment when it ended, not when that is entered, and a role that was to begin later", async () => {
    await create({ resourceType: "Practitioner", id: "carla", active: true });
    const practitioner = { reference: "Practitioner/carla" };
    await create({ resourceType: "PractitionerRole", id: "night", practitioner, period: { start: "2026-01-01" } });
    await create({ resourceType: "PractitionerRole", id: "planned", practitioner, period: { start: "2999-01-01" } });
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const ended = (more: object) => personnel.endEmployment(clinic.caller, { practitioner: "Practitioner/carla", ...more });
    await expect(ended({ at: "2025-12-24T10:00:00Z", lateReason: "a letter" })).rejects.toEqual(refusal(409, "AT_TOO_EARLY"));
    await expect(ended({ at: "2026-02-01T10:00:00Z" })).rejects.toEqual(refusal(409, "LATE_REASON_MISSING"));
    expect(await ended({ at })).toMatchObject({ roles: expect.arrayContaining(["PractitionerRole/night", "PractitionerRole/planned"]) });
    expect(await clinic.read("personnel", "PractitionerRole/night")).toMatchObject({ active: false, period: { end: at } });
    expect(await clinic.read("personnel", "PractitionerRole/planned")).toMatchObject({ active: false, period: { end: "2999-01-01" } });
  });

  it("changes nothing when it is done again, and refuses who is not there", async () => {
    const again = await personnel.endEmployment(clinic.caller, { practitioner: "Practitioner/ada" });
    expect(again).toEqual({ practitioner: "Practitioner/ada", version: 2, roles: [] });
    await expect(personnel.endEmployment(clinic.caller, { practitioner: "Practitioner/eve" })).rejects.toEqual(
      refusal(404, "PRACTITIONER_NOT_FOUND"),
    );
  });
});
