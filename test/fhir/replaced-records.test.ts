import { patients } from "../../services/patients/patients.contract.ts";
import { hospital, rossi } from "../kit/hospital.ts";

/** A record that was merged into another is found by its old id, through whichever search. */
describe("the old id of a merged record", () => {
  const at = hospital();
  const create = async (resource: object) => {
    const { status, body } = await at.fhir.create(resource);
    expect([status, body.issue]).toEqual([201, undefined]);
    return (body as { id: string }).id;
  };
  const merge = (source: string, target: string) =>
    at.fhir.send("POST", "/Patient/$merge", {
      resourceType: "Parameters",
      parameter: [
        { name: "source-patient", valueReference: { reference: `Patient/${source}` } },
        { name: "target-patient", valueReference: { reference: `Patient/${target}` } },
      ],
    });
  const observation = (patient: string) => ({
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: "http://loinc.org", code: "8867-4" }] },
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
    effectiveDateTime: "2026-03-01T10:00:00Z",
    subject: { reference: `Patient/${patient}` },
    valueQuantity: { value: 72, unit: "/min", system: "http://unitsofmeasure.org", code: "/min" },
  });
  const penicillin = (patient: string) => ({
    resourceType: "AllergyIntolerance",
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
    code: { text: "Penicillin" },
    patient: { reference: `Patient/${patient}` },
  });
  type Found = { total?: number; link: { url: string }[]; entry?: { resource: { resourceType: string; id: string; issue?: object[] } }[] };
  const matchesIn = ({ entry = [] }: Found) => entry.map(({ resource }) => resource).filter((it) => it.resourceType !== "OperationOutcome");
  const noteIn = ({ entry = [] }: Found) => entry.find(({ resource }) => resource.resourceType === "OperationOutcome")?.resource.issue;

  /** A record with an allergy and a pulse, merged into a second one, and that into a third. */
  const merged = async (times = 1) => {
    const old = await create(rossi);
    const allergy = await create(penicillin(old));
    const pulse = await create(observation(old));
    let current = old;
    for (let merges = 0; merges < times; merges += 1) {
      const next = await create(rossi);
      expect((await merge(current, next)).status).toBe(200);
      current = next;
    }
    return { old, current, allergy, pulse };
  };

  it("finds the patient's resources, reports it, and gives the current id in the self link", async () => {
    const { old, current, allergy, pulse } = await merged();
    const { base } = at.mesh;
    const searches: [path: string, id: string][] = [
      [`/AllergyIntolerance?patient=${old}`, allergy],
      [`/AllergyIntolerance?patient=Patient/${old}`, allergy],
      [`/AllergyIntolerance?patient=${base}/fhir/Patient/${old}`, allergy],
      [`/AllergyIntolerance?patient=Patient/unknown,Patient/${old}`, allergy],
      [`/Observation?subject=Patient/${old}&code=8867-4`, pulse],
      [`/Observation?subject:Patient=${old}`, pulse],
      [`/Observation?patient=${old}&_count=1&_sort=-date`, pulse],
      [`/Patient/${old}/Observation`, pulse],
      [`/Observation/$lastn?patient=${old}`, pulse],
    ];
    for (const [path, id] of searches) {
      const { body } = (await at.fhir.get(path)) as { body: Found };
      expect([path, matchesIn(body).map((it) => it.id)]).toEqual([path, [id]]);
      expect(noteIn(body)).toMatchObject([
        { severity: "information", code: "informational", diagnostics: expect.stringContaining(current) },
      ]);
      expect(body.link[0]?.url).toContain(current);
      expect(body.link[0]?.url).not.toContain(old);
    }
    const form = await at.fhir.send("POST", "/Observation/_search", `patient=${old}`, {
      "Content-Type": "application/x-www-form-urlencoded",
    });
    expect(matchesIn(form.body).map((it) => it.id)).toEqual([pulse]);
    expect((await at.fhir.get(`/Observation?patient=${old}&_summary=count`)).body.total).toBe(1);
  });

  it("finds the whole record, also in pages", async () => {
    const { old, current } = await merged();
    const types = (body: Found) => matchesIn(body).map((it) => it.resourceType);
    const { body } = (await at.fhir.get(`/Patient/${old}/$everything`)) as { body: Found };
    expect(types(body).sort()).toEqual(["AllergyIntolerance", "Observation", "Patient", "Patient"]); // both link each other
    expect(body.link[0]?.url).toContain(current);
    expect(noteIn(body)).toMatchObject([{ code: "informational" }]);
    expect(await at.fhir.all(`/Patient/${old}/$everything?_count=1`)).toMatchObject({ pages: 4 });
  });

  it("is followed over several merges", async () => {
    const { old, current, allergy } = await merged(3);
    const { body } = (await at.fhir.get(`/AllergyIntolerance?patient=${old}`)) as { body: Found };
    expect(matchesIn(body).map((it) => it.id)).toEqual([allergy]);
    expect(noteIn(body)).toMatchObject([{ diagnostics: expect.stringContaining(`Patient/${current}`) }]);
  });

  it("changes no search that finds something, and none for a current record", async () => {
    const { old, current } = await merged();
    const late = await create({ resourceType: "Basic", code: { text: "letter" }, subject: { reference: `Patient/${old}` } });
    const { body } = (await at.fhir.get(`/Basic?subject=Patient/${old}`)) as { body: Found };
    expect([matchesIn(body).map((it) => it.id), noteIn(body)]).toEqual([[late], undefined]);
    const none = (await at.fhir.get(`/Condition?patient=${current}`)) as { body: Found };
    expect([none.body.total, noteIn(none.body)]).toEqual([0, undefined]);
    const itself = (await at.fhir.get(`/Patient?_id=${old}`)) as { body: Found };
    expect(matchesIn(itself.body).map((it) => it.id)).toEqual([old]);
    const foreign = (await at.fhir.get(`/AllergyIntolerance?patient=https://elsewhere.example/fhir/Patient/${old}`)) as { body: Found };
    expect(foreign.body.total).toBe(0);
  });
});

/** A merged record keeps its identifiers, and the record that replaced it has them as old ones: both match, and only one is in force. */
describe("the old identifier of a merged record", () => {
  const at = hospital();
  const MRN = "urn:mrn";
  const registered = async (value: string) => {
    const identifier = [{ system: MRN, value }];
    const { status, body } = await at.fhir.create({ ...rossi, identifier });
    expect(status).toBe(201);
    return `Patient/${body.id}`;
  };
  const merge = async (source: string, target: string) =>
    expect(await patients.merge(at.mesh.caller, { source, target })).toMatchObject({ state: "merged" });
  const together = (...entry: object[]) => at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
  const noted = (value: string) => ({
    resource: { resourceType: "Condition", subject: { reference: `Patient?identifier=${MRN}|${value}` } },
    request: { method: "POST", url: "Condition" },
  });
  const unlessKnown = (value: string) => ({
    resource: { ...rossi, identifier: [{ system: MRN, value }] },
    request: { method: "POST", url: "Patient", ifNoneExist: `identifier=${MRN}|${value}` },
  });

  it("leads what another system sends to the record in force, also after several merges", async () => {
    const [first, second, last] = [await registered("m-1"), await registered("m-2"), await registered("m-3")];
    await merge(first, second);
    await merge(second, last);
    for (const value of ["m-1", "m-2", "m-3"]) {
      const { status, body } = await together(noted(value));
      expect([value, status]).toEqual([value, 200]);
      const [, place] = /(Condition\/[^/]+)/.exec(body.entry[0].response.location as string) ?? [];
      expect((await at.fhir.get(`/${place}`)).body.subject).toEqual({ reference: last });
      expect((await together(unlessKnown(value))).body.entry[0].response.status).toMatch(/^200/);
      const alone = await at.fhir.create(unlessKnown(value).resource, { "If-None-Exist": `identifier=${MRN}|${value}` });
      expect([alone.status, `Patient/${alone.body.id}`]).toEqual([200, last]);
    }
  });

  it("leads each of many people's numbers in one transaction to the record in force", async () => {
    const pairs = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => [await registered(`many-${n}`), await registered(`many-${n}-now`)] as const),
    );
    for (const [source, target] of pairs) await merge(source, target);
    const { status, body } = await together(...pairs.map((_, n) => noted(`many-${n}`)));
    expect(status).toBe(200);
    const places = (body.entry as { response: { location: string } }[]).map(
      ({ response }) => /(Condition\/[^/]+)/.exec(response.location)?.[1],
    );
    const subjects = await Promise.all(places.map(async (place) => (await at.fhir.get(`/${place}`)).body.subject.reference));
    expect(subjects).toEqual(pairs.map(([, target]) => target));
  });

  it("changes nothing for records of two people, nor what an update by criteria means", async () => {
    const [source, target] = [await registered("m-4"), await registered("m-5")];
    await merge(source, target);
    const update = { ...rossi, identifier: [{ system: MRN, value: "m-4" }] };
    expect((await at.fhir.send("PUT", `/Patient?identifier=${MRN}|m-4`, update)).status).toBe(412);
    await registered("m-4"); // a third record, of somebody else
    expect((await together(noted("m-4"))).status).toBe(412);
    expect((await at.fhir.create(update, { "If-None-Exist": `identifier=${MRN}|m-4` })).status).toBe(412);
  });

  it("is registered for the record in force", async () => {
    const [source, target] = [await registered("m-6"), await registered("m-7")];
    await merge(source, target);
    const again = { family: "Rossi", gender: "female" as const, identifier: { system: MRN, value: "m-6" } };
    await expect(patients.register(at.mesh.caller, again)).rejects.toMatchObject({
      code: 409,
      type: "PATIENT_ALREADY_REGISTERED",
      data: { patient: target },
    });
  });
});
