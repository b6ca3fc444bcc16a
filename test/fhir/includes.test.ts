import { hospital, rossi } from "../kit/hospital.ts";

type Entry = { resource: { resourceType: string; id: string; meta: { versionId: string } }; search: { mode: string } };

/** `_include` of versions, and `:iterate` to the end (FHIR R4, search.html#revinclude). */
describe("included resources", () => {
  const at = hospital({ RULES: "deletion:off" }); // a patient is deleted under what refers to them
  const created = async (resource: object): Promise<string> => {
    const { status, body } = await at.fhir.create(resource);
    expect([status, body.issue]).toEqual([201, undefined]);
    return body.id;
  };
  const included = async (path: string) =>
    ((await at.fhir.get(path)).body.entry as Entry[])
      .filter(({ search }) => search.mode === "include")
      .map(({ resource }) => `${resource.resourceType}/${resource.id}/${resource.meta.versionId}`)
      .sort();
  const observation = (more: object) => ({ resourceType: "Observation", status: "final", code: { text: "x" }, ...more });

  it("have the version that a reference names, and only that", async () => {
    const id = await created(rossi);
    for (const gender of ["male", "other"]) await at.fhir.send("PUT", `/Patient/${id}`, { ...rossi, id, gender });
    const about = (version: string) => observation({ subject: { reference: `Patient/${id}${version}` } });
    const [old, current, none] = [await created(about("/_history/2")), await created(about("")), await created(about("/_history/9"))];
    const newest = await created(about("/_history/3"));
    expect(await included(`/Observation?_id=${old}&_include=Observation:subject`)).toEqual([`Patient/${id}/2`]);
    expect(await included(`/Observation?_id=${old}&_include=Observation:patient:Patient`)).toEqual([`Patient/${id}/2`]);
    expect(await included(`/Observation?_id=${old},${current},${newest}&_include=*`)).toEqual([`Patient/${id}/2`, `Patient/${id}/3`]);
    expect(await included(`/Observation?_id=${none}&_include=Observation:subject`)).toEqual([]);
    await at.fhir.send("DELETE", `/Patient/${id}`);
    expect(await included(`/Observation?_id=${old},${current}&_include=Observation:subject`)).toEqual([`Patient/${id}/2`]);
  });

  it("continue from a version to what that version refers to", async () => {
    const [first, second] = [await created({ ...rossi, name: [{ family: "First" }] }), await created(rossi)];
    const about = observation({ subject: { reference: `Patient/${first}` } });
    const part = await created(about);
    await at.fhir.send("PUT", `/Observation/${part}`, { ...about, id: part, subject: { reference: `Patient/${second}` } });
    const whole = await created(observation({ hasMember: [{ reference: `Observation/${part}/_history/1` }] }));
    expect(await included(`/Observation?_id=${whole}&_include=Observation:has-member&_include:iterate=Observation:subject`)).toEqual(
      [`Observation/${part}/1`, `Patient/${first}/1`].sort(),
    );
  });

  it("follow a long chain to its end, and report where a longer one was cut", async () => {
    let last = await created(observation({}));
    let middle = "";
    for (let step = 0; step < 103; step += 1) {
      last = await created(observation({ hasMember: [{ reference: `Observation/${last}` }] }));
      if (step === 59) middle = last;
    }
    expect(await included(`/Observation?_id=${middle}&_include:iterate=Observation:has-member`)).toHaveLength(60);
    const refused = await at.fhir.get(`/Observation?_id=${last}&_include:iterate=Observation:has-member`);
    expect(refused).toMatchObject({
      status: 400,
      body: { issue: [{ code: "too-costly", diagnostics: expect.stringContaining("_include:iterate=Observation:has-member") }] },
    });
    const back = await at.fhir.get(`/Observation?_id=${"nobody"}&_revinclude:iterate=Observation:has-member`);
    expect(back.status).toBe(200);
  });

  it("end where references form a circle", async () => {
    const [one, other] = ["round-1", "round-2"];
    for (const [id, next] of [
      [one, other],
      [other, one],
    ]) {
      await at.fhir.send("PUT", `/Observation/${id}`, { ...observation({ hasMember: [{ reference: `Observation/${next}` }] }), id });
    }
    expect(await included(`/Observation?_id=${one}&_include:iterate=Observation:has-member`)).toEqual([`Observation/${other}/1`]);
  });
});
