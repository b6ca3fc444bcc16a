import { outcomeWith } from "../kit/fhir-http.ts";
import { hospital, rossi } from "../kit/hospital.ts";

/** FHIR R4's operations that the mesh serves, and those that it does not (operations.html), over HTTP. */
describe("operations over HTTP", () => {
  const at = hospital();
  const created = async (resource: object = rossi) =>
    (await at.fhir.create(resource)).body as Record<string, string> & { meta: { versionId: string } };

  it("adds and removes tags", async () => {
    const { id } = await created();
    const body = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: { tag: [{ system: "urn:t", code: "vip" }] } }] };
    expect((await at.fhir.send("POST", `/Patient/${id}/$meta-add`, body)).body.parameter[0].valueMeta.tag).toHaveLength(1);
    expect((await at.fhir.get("/Patient?_tag=urn:t|vip")).body.total).toBe(1);
    await at.fhir.send("POST", `/Patient/${id}/$meta-delete`, body);
    expect((await at.fhir.get(`/Patient/${id}/$meta`)).body.parameter[0].valueMeta).not.toHaveProperty("tag");
  });

  it.each(["add", "delete"])("changes tags by $meta-%s only of the version that the client names", async (change) => {
    const { id } = await created();
    const meta = { tag: [{ system: "urn:t", code: "seen" }] };
    expect((await at.fhir.send("PUT", `/Patient/${id}`, { ...rossi, id, meta })).status).toBe(200);
    const body = { resourceType: "Parameters", parameter: [{ name: "meta", valueMeta: meta }] };
    const send = (headers: Record<string, string>) => at.fhir.send("POST", `/Patient/${id}/$meta-${change}`, body, headers);
    const refused = { status: 412, body: outcomeWith("conflict") };
    expect(await send({ "If-Match": 'W/"1"' })).toMatchObject(refused);
    expect(await send({ "If-Unmodified-Since": "Wed, 01 Jan 2020 00:00:00 GMT" })).toMatchObject(refused);
    expect((await at.fhir.get(`/Patient/${id}`)).body.meta).toMatchObject({ versionId: "2", ...meta });
    expect((await send({ "If-Match": 'W/"2"' })).status).toBe(200);
  });

  it("finds everything about a patient, over all services, in pages", async () => {
    const { id } = await created();
    const subject = { reference: `Patient/${id}` };
    await created({ resourceType: "Condition", subject });
    await created({ resourceType: "Encounter", status: "finished", class: { code: "AMB" }, subject });
    await created({
      resourceType: "Observation",
      status: "final",
      code: { text: "x" },
      category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }],
      subject,
    });
    const whole = await at.fhir.get(`/Patient/${id}/$everything`);
    expect(whole.body.entry.map((it: { resource: { resourceType: string } }) => it.resource.resourceType).sort()).toEqual([
      "Condition",
      "Encounter",
      "Observation",
      "Patient",
    ]);
    expect(await at.fhir.all(`/Patient/${id}/$everything?_count=1`)).toMatchObject({ pages: 4 });
    expect((await at.fhir.get(`/Patient/${id}/$everything?_type=Condition`)).body.total).toBe(1);
    expect((await at.fhir.get(`/Patient/${id}/Condition`)).body.total).toBe(1);
    expect((await at.fhir.get(`/Patient/${id}/*?_summary=count`)).body.total).toBe(4);
    expect((await at.fhir.get("/Patient/nobody/$everything")).status).toBe(404);
  });

  it("finds possible duplicates of a person, with grades", async () => {
    const ada = { ...rossi, name: [{ family: "Matchbox", given: ["Ada"] }], birthDate: "1980-02-10" };
    const phone = { telecom: [{ system: "phone", value: "+39 06 555 7777" }] };
    const { id } = await created({ ...ada, ...phone });
    const ask = async (resource: object, ...parameter: object[]) => {
      const body = { resourceType: "Parameters", parameter: [{ name: "resource", resource }, ...parameter] };
      const answer = await at.fhir.send("POST", "/Patient/$match", body);
      return answer.body.entry?.map((it: { resource: { id: string }; search: { extension: [{ valueCode: string }]; score: number } }) => [
        it.resource.id,
        it.search.extension[0].valueCode,
        it.search.score > 0.5,
      ]);
    };
    const onlyCertain = { name: "onlyCertainMatches", valueBoolean: true };
    expect(await ask({ ...ada, ...phone })).toEqual([[id, "certain", true]]);
    expect(await ask({ ...ada, ...phone }, onlyCertain)).toEqual([[id, "certain", true]]);
    expect(await ask(ada)).toEqual([[id, "probable", true]]);
    expect(await ask(ada, onlyCertain)).toBeUndefined();
    const { id: second } = await created({ ...ada, ...phone });
    expect(await ask({ ...ada, ...phone }, onlyCertain)).toBeUndefined(); // of two none is certain
    expect(await ask({ ...ada, ...phone }, { name: "count", valueInteger: 1 })).toHaveLength(1);
    expect((await at.fhir.send("POST", "/Patient/$match", { ...ada, ...phone })).body.entry).toHaveLength(2);
    await at.fhir.send("PUT", `/Patient/${second}`, { ...ada, id: second, active: false });
    expect(await ask(ada)).toEqual([[id, "probable", true]]);
    const wrong = await Promise.all(
      [{ resourceType: "Person" }, { resourceType: "Patient", name: "Ada" }].map((it) => at.fhir.send("POST", "/Patient/$match", it)),
    );
    expect(wrong.map(({ status }) => status)).toEqual([400, 400]);
    expect((await at.fhir.get("/Patient/$match")).status).toBe(405);
  });

  it("merges two records of one person, or previews it", async () => {
    const [source, target] = [`Patient/${(await created()).id}`, `Patient/${(await created()).id}`];
    const { id } = await created({ resourceType: "Condition", subject: { reference: source } });
    const ask = async (...more: object[]) => {
      const references = [
        { name: "source-patient", valueReference: { reference: source } },
        { name: "target-patient", valueReference: { reference: `${at.mesh.base}/fhir/${target}` } },
      ];
      const { status, body } = await at.fhir.send("POST", "/Patient/$merge", {
        resourceType: "Parameters",
        parameter: [...references, ...more],
      });
      const outcome = body.parameter?.find(({ name }: { name: string }) => name === "outcome").resource;
      return [status, outcome?.issue[0].diagnostics ?? body.issue[0].diagnostics];
    };
    expect(await ask({ name: "preview", valueBoolean: true })).toEqual([200, "They can be merged: 1 resources would move besides."]);
    // What is meant as a preview, but says so in another way, merges nothing.
    for (const more of [
      { name: "preveiw", valueBoolean: true },
      { name: "preview", valueString: "true" },
      { name: "delete-source", valueBoolean: true },
    ]) {
      expect(await ask(more)).toEqual([400, expect.stringContaining(more.name)]);
    }
    expect((await at.fhir.get(`/${source}`)).body.link).toBeUndefined();
    expect(await ask()).toEqual([200, "They are merged: 3 resources have moved, the two records among them."]);
    expect((await at.fhir.get(`/Condition/${id}`)).body.subject).toEqual({ reference: target });
    expect((await at.fhir.get(`/Condition?subject=${target}`)).body.total).toBe(1);
    expect((await at.fhir.get(`/${source}`)).body).toMatchObject({
      active: false,
      link: [{ type: "replaced-by", other: { reference: target } }],
    });
    expect(await ask({ name: "result-patient", resource: rossi })).toEqual([400, expect.stringContaining("result-patient")]);
    const none = await at.fhir.send("POST", "/Patient/$merge", { resourceType: "Parameters", parameter: [] });
    expect(none.status).toBe(400);
  });

  it("merges the records of two people's numbers only with a reason", async () => {
    const nhs = (value: string) => created({ ...rossi, identifier: [{ system: "https://fhir.nhs.uk/Id/nhs-number", value }] });
    const [source, target] = [await nhs("9434765919"), await nhs("9434765870")];
    const ask = async (...more: object[]) => {
      const named = (name: string, id: string | undefined) => ({ name, valueReference: { reference: `Patient/${id}` } });
      const parameter = [named("source-patient", source.id), named("target-patient", target.id), ...more];
      const { status, body } = await at.fhir.send("POST", "/Patient/$merge", { resourceType: "Parameters", parameter });
      return [status, JSON.stringify(body)];
    };
    expect(await ask({ name: "preview", valueBoolean: true })).toEqual([200, expect.stringContaining("Doubtful")]);
    expect(await ask()).toEqual([409, expect.stringContaining("probably two people")]);
    expect(await ask({ name: "confirm", valueString: " " })).toEqual([400, expect.stringContaining("confirm")]);
    expect(await ask({ name: "confirm", valueString: "one was typed wrongly" })).toEqual([200, expect.stringContaining("They are merged")]);
  });

  it("finds the last Observation of each code", async () => {
    const subject = { reference: "Patient/lastn" };
    const observe = (code: string, day: string) =>
      created({
        resourceType: "Observation",
        status: "final",
        code: { coding: [{ system: "urn:c", code }] },
        subject,
        effectiveDateTime: day,
      });
    for (const day of ["2026-01-01", "2026-01-03", "2026-01-02"]) for (const code of ["a", "b"]) await observe(code, day);
    const { body } = await at.fhir.get("/Observation/$lastn?subject=Patient/lastn&max=1");
    expect(body.entry.map((it: { resource: { effectiveDateTime: string } }) => it.resource.effectiveDateTime)).toEqual([
      "2026-01-03",
      "2026-01-03",
    ]);
    expect((await at.fhir.get("/Observation/$lastn")).status).toBe(400);
    const other = { reference: "Patient/lastn-by-text" };
    for (const [text, day] of [
      ["pain", "01"],
      ["pain", "02"],
      ["mood", "03"],
    ]) {
      await created({
        resourceType: "Observation",
        status: "final",
        code: { text },
        subject: other,
        effectiveDateTime: `2026-01-${day}`,
      });
    }
    const inPart = (await at.fhir.get("/Observation/$lastn?subject=Patient/lastn-by-text&_elements=effective")).body.entry;
    expect(inPart.map((it: { resource: { effectiveDateTime: string } }) => it.resource.effectiveDateTime)).toEqual([
      "2026-01-03",
      "2026-01-02",
    ]);
    expect(inPart[0].resource).not.toHaveProperty("subject");
  });

  it("answers 501 for what is not implemented yet, and 404 for what does not exist", async () => {
    expect(await at.fhir.send("POST", "/Patient/$export", { resourceType: "Parameters" })).toMatchObject({
      status: 501,
      body: outcomeWith("not-supported"),
    });
    expect(await at.fhir.get("/Nonsense/1")).toMatchObject({ status: 404, body: outcomeWith("not-supported") });
    expect(await at.fhir.get("/Patient/1/2/3/4")).toMatchObject({ status: 404 });
    const wrong = await at.fhir.send("DELETE", "/metadata");
    expect(wrong).toMatchObject({ status: 405, body: outcomeWith("not-supported") });
    expect(wrong.headers.get("allow")).toBe("GET, HEAD");
  });
});
