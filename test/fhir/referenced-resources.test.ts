import { type FhirHttp, fhirAt, outcomeWith } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";

/** What the resources of a record refer to (R4: "any resource referenced from those, including binaries and attachments"). */
describe("what a record refers to", () => {
  let mesh: Mesh;
  let fhir: FhirHttp;
  const patient = "Patient/ada";

  beforeAll(async () => {
    mesh = await startMesh({
      services: ["api", "transactions", "patients", "personnel", "wards", "visits", "hospitalizations", "lab", "records"],
      nats: false,
      split: "broker",
      env: { RULES: "subject:off" }, // what refers to another patient's, as a server may have it from before
    });
    fhir = fhirAt(mesh.base);
    const to = (reference: string) => ({ reference });
    const observation = { status: "final", code: { text: "x" } };
    const other = to("Patient/berta");
    const file = { contentType: "text/plain", data: "eA==" };
    const resources: Record<string, object> = {
      "Patient/ada": { link: [{ other: to("Patient/ada-of-old"), type: "replaces" }], generalPractitioner: [to("Practitioner/house")] },
      "Patient/ada-of-old": {},
      "Patient/berta": {},
      "Practitioner/house": {},
      "Practitioner/nobodys": {},
      "Endpoint/images": {
        status: "active",
        connectionType: { code: "x" },
        payloadType: [{ text: "x" }],
        address: "http://images.example.org",
      },
      "Location/ward": {},
      "Binary/scan": file,
      "Binary/portrait": { ...file, securityContext: to("DocumentReference/letter") },
      "Binary/of-ada": { ...file, securityContext: to(patient) },
      "Binary/of-berta": { ...file, securityContext: other },
      "Specimen/pond": { subject: to("Location/ward") },
      "Specimen/berta": { subject: other },
      "Observation/panel": {
        ...observation,
        subject: to(patient),
        specimen: to("Specimen/pond"),
        hasMember: [
          "Observation/part",
          "Observation/of-berta",
          "Observation/elsewhere",
          "Observation/by-identifier",
          "Observation/contained",
          "Observation/unknown",
        ].map(to),
        encounter: to("Encounter/stay"),
        // An element without a search parameter.
        note: [{ authorReference: to("Practitioner/house"), text: "x" }],
      },
      "Observation/old": { ...observation, subject: to(patient), effectiveDateTime: "2001-01-01", specimen: to("Specimen/berta") },
      "Observation/part": { ...observation, performer: [to("Practitioner/house")], device: to("Device/pump") },
      "Observation/of-berta": { ...observation, subject: other },
      "Observation/elsewhere": { ...observation, subject: to("http://elsewhere.example.org/fhir/Patient/9") },
      "Observation/by-identifier": { ...observation, subject: { identifier: { system: "urn:mrn", value: "9" } } },
      "Observation/contained": { ...observation, contained: [{ resourceType: "Patient", id: "p" }], subject: to("#p") },
      "Observation/unknown": { ...observation, subject: to("ldap://directory.example/ada") },
      "Condition/ada": { subject: { ...to(patient), identifier: { value: "1" } }, evidence: [{ detail: [to("Observation/old")] }] },
      "Condition/berta": { subject: other },
      "Encounter/stay": {
        status: "finished",
        class: { code: "IMP" },
        subject: to(patient),
        period: { start: "2020-01-01", end: "2020-01-02" },
        diagnosis: [{ condition: to("Condition/ada") }, { condition: to("Condition/berta") }],
        location: [{ location: to("Location/ward") }],
      },
      "ImagingStudy/ct": { status: "available", subject: to(patient), endpoint: [to("Endpoint/images")] },
      "Task/berta": { status: "draft", intent: "order", for: other },
      "Bundle/document": { type: "collection" },
      "List/mixed": {
        status: "current",
        mode: "working",
        subject: to(patient),
        entry: ["Task/berta", "Bundle/document", "Patient/berta"].map((one) => ({ item: to(one) })),
      },
      "DocumentReference/letter": {
        status: "current",
        subject: to(patient),
        content: ["Binary/scan", `${mesh.base}/fhir/Binary/portrait`, "Binary/of-ada", "Binary/of-berta", "Binary/gone"].map((url) => ({
          attachment: { url },
        })),
      },
    };
    for (const [reference, more] of Object.entries(resources)) {
      const [resourceType, id] = reference.split("/");
      const { status, body } = await fhir.send("PUT", `/${reference}`, { resourceType, id, ...more });
      if (status !== 201) throw new Error(`${reference}: ${JSON.stringify(body)}`);
    }
  });
  afterAll(() => mesh?.stop());

  type Entries = { entry?: { resource: { resourceType: string; id: string }; search: { mode: string } }[] };
  const named = (body: Entries, mode: string) =>
    (body.entry ?? []).flatMap(({ resource, search }) => (search.mode === mode ? [`${resource.resourceType}/${resource.id}`] : [])).sort();
  /** All pages of a walk. */
  const walk = async (path: string) => {
    const [matches, along, total]: [string[], string[], (number | undefined)[]] = [[], [], []];
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body } = await fhir.get(next);
      if (status !== 200) throw new Error(JSON.stringify(body));
      matches.push(...named(body, "match"));
      along.push(...named(body, "include"));
      total.push(body.total);
      next = body.link.find((link: { relation: string }) => link.relation === "next")?.url;
    }
    return { matches: matches.sort(), along: [...new Set(along)].sort(), pages: total.length };
  };

  const record = [
    "Condition/ada",
    "DocumentReference/letter",
    "Encounter/stay",
    "ImagingStudy/ct",
    "List/mixed",
    "Observation/old",
    "Observation/panel",
    "Patient/ada",
  ];
  const surroundings = [
    "Binary/of-ada",
    "Binary/portrait",
    "Binary/scan",
    "Endpoint/images",
    "Location/ward",
    "Observation/part",
    "Patient/ada-of-old",
    "Practitioner/house",
    "Specimen/pond",
  ];

  it("is included for any type, with attachments, but nothing of another patient's record", async () => {
    const { body } = await fhir.get(`/${patient}/$everything?_count=100`);
    expect(named(body, "match")).toEqual(record);
    expect(named(body, "include")).toEqual(surroundings);
    expect(body.total).toBe(record.length);
  });

  it.each([1, 3])("in pages of %d, each match once", async (count) => {
    expect(await walk(`/${patient}/$everything?_count=${count}`)).toEqual({
      matches: record,
      along: surroundings,
      pages: Math.ceil(record.length / count),
    });
  });

  it("does not include what start, end or _since exclude", async () => {
    expect(named((await fhir.get(`/${patient}/$everything?start=2020&_count=100`)).body, "match")).not.toContain("Observation/old");
    expect(named((await fhir.get(`/${patient}/$everything?start=2020&_count=100`)).body, "include")).toEqual(surroundings);
    expect((await fhir.get(`/${patient}/$everything?_since=2999-01-01T00:00:00Z`)).body).toMatchObject({ total: 0 });
  });

  it("is found from the whole record, whatever types are requested", async () => {
    const { body } = await fhir.get(`/${patient}/$everything?_type=Practitioner`);
    expect([named(body, "match"), named(body, "include"), body.total]).toEqual([[], ["Practitioner/house"], 0]);
    for (const count of [1, 2, 100]) {
      expect(await walk(`/${patient}/$everything?_type=Practitioner,Observation,Endpoint&_count=${count}`)).toMatchObject({
        matches: ["Observation/old", "Observation/panel"],
        along: ["Endpoint/images", "Observation/part", "Practitioner/house"],
      });
    }
    expect((await fhir.get(`/${patient}/$everything?_type=Practitioner,Observation&_summary=count`)).body.total).toBe(2);
  });

  it("includes for an encounter its patient and that patient's resources, and of nobody else", async () => {
    const { body } = await fhir.get("/Encounter/stay/$everything");
    expect(named(body, "match")).toEqual(["Encounter/stay", "Observation/panel"]);
    expect(named(body, "include")).toEqual([
      "Condition/ada",
      "Location/ward",
      "Observation/part",
      "Patient/ada",
      "Practitioner/house",
      "Specimen/pond",
    ]);
    expect(named((await fhir.get("/Encounter/stay/$everything?_type=Patient")).body, "include")).toEqual([patient]);
  });

  it("is included for all patients", async () => {
    const { matches, along } = await walk("/Patient/$everything?_count=4");
    expect(matches).toEqual(
      [...record, "Condition/berta", "Observation/of-berta", "Patient/ada-of-old", "Patient/berta", "Specimen/berta"].sort(),
    );
    expect(along).toEqual([...surroundings, "Binary/of-berta", "Task/berta"].filter((one) => one !== "Patient/ada-of-old").sort());
  });

  it("makes a page shorter if it would be too large, and is reported if one resource refers to too much", async () => {
    const data = Buffer.alloc(4_500_000, "x").toString("base64"); // 6 MB each
    for (const id of ["1", "2", "3"]) {
      await fhir.send("PUT", `/Binary/large-${id}`, { resourceType: "Binary", id: `large-${id}`, contentType: "text/plain", data });
    }
    const subject = { reference: "Patient/carla" };
    await fhir.send("PUT", "/Patient/carla", { resourceType: "Patient", id: "carla" });
    const letter = (...ids: string[]) =>
      fhir.create({
        resourceType: "DocumentReference",
        status: "current",
        subject,
        content: ids.map((id) => ({ attachment: { url: `Binary/large-${id}` } })),
      });
    for (const id of ["1", "2", "3"]) expect((await letter(id)).status).toBe(201);
    const { matches, along, pages } = await walk("/Patient/carla/$everything");
    expect([matches.length, along, pages]).toEqual([4, ["Binary/large-1", "Binary/large-2", "Binary/large-3"], 2]);

    expect((await letter("1", "2", "3")).status).toBe(201);
    let told = 0;
    for (let next = "/Patient/carla/$everything"; next !== ""; ) {
      const { status, body } = await fhir.get(next);
      const [last] = body.entry.slice(-1);
      expect([status, named(body, "include").length > 2]).toEqual([200, false]);
      if (last.search.mode === "outcome") told += 1;
      next = body.link[1]?.url ?? "";
    }
    expect(told).toBe(1);
  });

  it("follows _summary and _elements; other result parameters are reported, or refused if strict", async () => {
    const { body } = await fhir.get(`/${patient}/$everything?_elements=status&_type=List&_sort=_id&_include=*&_count=5`);
    expect(body.entry[0].resource).toMatchObject({ status: "current", meta: { tag: [{ code: "SUBSETTED" }] } });
    expect(body.entry[0].resource).not.toHaveProperty("entry");
    expect(body.entry[1].resource.issue.map((it: { expression: string[] }) => it.expression[0])).toEqual(["_sort", "_include"]);
    expect(body.link[0].url).toBe(`${mesh.base}/fhir/${patient}/$everything?_elements=status&_type=List&_count=5`);
    const inShort = await fhir.all(`/${patient}/$everything?_summary=true&_count=1`);
    expect(inShort.resources.filter((it) => !JSON.stringify(it).includes("SUBSETTED"))).toEqual([]);
    const counted = (await fhir.get(`/${patient}/$everything?_summary=count`)).body;
    expect(counted).toMatchObject({ total: record.length });
    expect(counted).not.toHaveProperty("entry");
    for (const wrong of ["_sort=_id", "_include=*", "_total=accurate", "_revinclude:iterate=*"]) {
      expect(await fhir.get(`/${patient}/$everything?${wrong}`, { Prefer: "handling=strict" })).toMatchObject({
        status: 400,
        body: outcomeWith("not-supported"),
      });
    }
    for (const wrong of ["_summary=short", "_summary=true&_elements=id"]) {
      expect((await fhir.get(`/${patient}/$everything?${wrong}`)).status).toBe(400);
    }
  });
});
