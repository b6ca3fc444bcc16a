/** What is made for a newborn may be made in its mother's encounter: whose child it is, and what is only claimed. */
import { randomUUID } from "node:crypto";
import { patients } from "../../services/patients/patients.contract.ts";
import { madeOf, stayOf as encounter } from "../kit/of-patients.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("a newborn and its mother", ["visits", "hospitalizations", "lab"], (at) => {
  const born = (birthDate: string) => at.stored({ resourceType: "Patient", birthDate });
  const result = (subject: object, more: object) => ({
    resourceType: "Observation",
    status: "final",
    code: { text: "x" },
    subject,
    ...more,
  });
  const registered = async () => {
    const mother = await at.stored({ resourceType: "Patient", active: true });
    const birth = { gender: "female" as const, birthDate: "2026-02-27" };
    const { patient } = await patients.registerNewborn(at.mesh.caller, { mother: mother.reference, ...birth });
    return { mother, child: { reference: patient } };
  };
  const refused = { status: 409, body: { issue: [{ code: "business-rule" }] } };

  it("may be a newborn's and its mother's, if it is registered as her child; not another child's, and not the other way round", async () => {
    const { mother, child } = await registered();
    const { reference } = await at.stored(encounter(mother));
    const order = await at.stored({ ...madeOf("ServiceRequest", mother) });
    for (const it of [
      encounter(child, { partOf: { reference } }),
      result(child, { encounter: { reference } }),
      result(child, { basedOn: [order] }),
    ]) {
      expect(await at.fhir.create(it)).toMatchObject({ status: 201 });
      expect(await at.fhir.create({ ...it, subject: (await registered()).child })).toMatchObject(refused);
    }
    const own = await at.stored(encounter(child));
    expect(await at.fhir.create(result(mother, { encounter: own }))).toMatchObject(refused);
  });

  it("may be a newborn's and its mother's, whichever is stored first, also triplets'", async () => {
    const { mother, child } = await registered();
    const id = randomUUID();
    const twin = await patients.registerNewborn(at.mesh.caller, {
      mother: mother.reference,
      gender: "female",
      birthDate: "2026-02-27",
      multipleBirth: 2,
    });
    for (const subject of [child, { reference: twin.patient }]) {
      await at.stored(result(subject, { encounter: { reference: `Encounter/${id}` } }));
    }
    const put = () => at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(mother), id });
    const { reference: wrong } = await at.stored(result(at.other, { encounter: { reference: `Encounter/${id}` } }));
    expect(await put()).toMatchObject(refused);
    await at.fhir.send("DELETE", `/${wrong}`);
    expect(await put()).toMatchObject({ status: 201 });
  });

  it("may be part of the encounter of a birth, with their contents; not of another's", async () => {
    const whole = await at.stored(encounter(at.other));
    const [newborn, older] = [await born("2026-03-02"), await born("2025-03-02")];
    expect(await at.fhir.create(result(newborn, { encounter: whole }))).toMatchObject(refused);
    for (const subject of [older, at.patient]) expect(await at.fhir.create(encounter(subject, { partOf: whole }))).toMatchObject(refused);
    await at.stored(encounter(newborn, { partOf: whole }));
    expect(await at.fhir.create(result(newborn, { encounter: whole }))).toMatchObject({ status: 201 });
    const both = (subject: object) => ({
      resourceType: "Bundle",
      type: "transaction",
      entry: [
        { resource: result(subject, { encounter: whole }), request: { method: "POST", url: "Observation" } },
        { resource: encounter(subject, { partOf: whole }), request: { method: "POST", url: "Encounter" } },
      ],
    });
    expect(await at.fhir.send("POST", "", both(older))).toMatchObject({ status: 409 });
    expect(await at.fhir.send("POST", "", both(await born("2026-03-01")))).toMatchObject({ status: 200 });
  });

  it("may not be part of another's for a child that is registered with its mother, whichever is stored first", async () => {
    const period = { period: { start: "2026-02-20T08:00:00Z" } };
    const hers = await at.stored(encounter(at.other, period));
    const { mother, child } = await registered();
    expect(await at.fhir.create(encounter(child, { partOf: hers }))).toMatchObject(refused);
    expect(await at.fhir.create(encounter(await born("2026-02-27"), { partOf: hers }))).toMatchObject({ status: 201 });
    expect(await at.fhir.create(encounter(child, { partOf: await at.stored(encounter(mother, period)) }))).toMatchObject({ status: 201 });
    const id = randomUUID();
    await at.stored(encounter(child, { partOf: { reference: `Encounter/${id}` } }));
    const put = (subject: object) => at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(subject, period), id });
    expect(await put(at.other)).toMatchObject(refused);
    expect(await put(mother)).toMatchObject({ status: 201 });
    // Without a record of hers the relative is a name to call: the encounter decides.
    const other = await born("2026-02-27");
    const relationship = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-RoleCode", code: "MTH" }] }];
    await at.stored({ resourceType: "RelatedPerson", patient: other, relationship });
    expect(await at.fhir.create(encounter(other, { partOf: hers }))).toMatchObject({ status: 201 });
  });

  it("may be part of a mother's for a newborn of unknown birth date with admit source `born`, whichever is stored first; not of another's", async () => {
    const unknown = () => at.stored({ resourceType: "Patient", name: [{ text: "Newborn" }] });
    const admitted = (code: string) => ({
      hospitalization: { admitSource: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/admit-source", code }] } },
    });
    const whole = await at.stored(encounter(at.other));
    const child = await unknown();
    const part = (subject: object, more: object) => encounter(subject, { partOf: whole, ...more });
    for (const more of [{}, admitted("outp")]) expect(await at.fhir.create(part(child, more))).toMatchObject(refused);
    expect(await at.fhir.create(part(await born("2025-03-02"), admitted("born")))).toMatchObject(refused);
    expect(await at.fhir.create(result(child, { encounter: whole }))).toMatchObject(refused);
    // What is said must be possible: a birth is during the mother's encounter, and of no man.
    const ended = { period: { start: "2026-03-01T08:00:00Z", end: "2026-03-04T08:00:00Z" } };
    const over = await at.stored(encounter(at.other, ended));
    const of = await at.stored(encounter(await at.stored({ resourceType: "Patient", gender: "male" })));
    const later = { period: { start: "2026-03-06T08:00:00Z" } };
    for (const impossible of [
      part(child, { ...admitted("born"), period: { start: "2026-02-01T08:00:00Z" } }),
      part(child, { ...admitted("born"), ...later, partOf: over }),
      part(child, { ...admitted("born"), partOf: of }),
      part(await born("2026-03-06"), { ...later, partOf: over }),
      part(await born("2026-03-02"), { partOf: of }),
    ]) {
      expect(await at.fhir.create(impossible)).toMatchObject(refused);
    }
    await at.stored(part(child, { ...admitted("born"), period: { start: "2026-03-03T08:00:00Z" }, partOf: over }));
    await at.stored(part(child, admitted("born")));
    expect(await at.fhir.create(result(child, { encounter: whole }))).toMatchObject({ status: 201 });

    const put = (id: string) => at.fhir.send("PUT", `/Encounter/${id}`, { ...encounter(at.other), id });
    const [first, second] = [randomUUID(), randomUUID()];
    await at.stored(encounter(await unknown(), { partOf: { reference: `Encounter/${first}` }, ...admitted("born") }));
    await at.stored(encounter(await unknown(), { partOf: { reference: `Encounter/${second}` } }));
    expect(await put(first)).toMatchObject({ status: 201 });
    expect(await put(second)).toMatchObject(refused);
  });
});
