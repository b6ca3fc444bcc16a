import { fhirMesh } from "../kit/fhir-mesh.ts";

/** A Binary's content goes in and out as it is, the resource around it by who speaks FHIR (R4, binary.html#rest). */
describe("a scanned letter", () => {
  const at = fhirMesh(["api", "records"]);

  const letter = Buffer.from([0x25, 0x50, 0x44, 0x46, 0x00, 0xff, 0xfe, 0x0a]);
  const asFhir = { Accept: "application/fhir+json" };
  const send = async (method: string, path: string, body: Buffer, headers: Record<string, string>) => {
    const answer = await fetch(`${at.mesh.base}/fhir${path}`, { method, body: new Uint8Array(body), headers: { ...asFhir, ...headers } });
    return { status: answer.status, body: await answer.json() };
  };
  const content = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${at.mesh.base}/fhir${path}`, { headers });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  };

  it("is stored as sent, and returned byte by byte", async () => {
    const sent = { "Content-Type": "application/pdf", "X-Security-Context": "Patient/1" };
    const { status, body } = await send("POST", "/Binary", letter, sent);
    expect(status).toBe(201);
    const read = await content(`/Binary/${body.id}`);
    expect(read.status).toBe(200);
    expect(read.bytes).toEqual(letter);
    expect(Object.fromEntries(read.headers)).toMatchObject({
      "content-type": "application/pdf",
      "x-security-context": "Patient/1",
      "content-security-policy": "sandbox",
      etag: 'W/"1"',
    });
    expect((await content(`/Binary/${body.id}`, { Accept: "application/pdf" })).bytes).toEqual(letter);
    expect((await content(`/Binary/${body.id}/_history/1`, { Accept: "text/html, */*" })).bytes).toEqual(letter);
    expect((await content(`/Binary/${body.id}`, { "If-None-Match": 'W/"1"' })).status).toBe(304);
  });

  it("is not replaced by a part of it", async () => {
    const { body } = await send("POST", "/Binary", letter, { "Content-Type": "application/pdf" });
    const place = `/Binary/${body.id}`;
    const part = await send("PUT", place, letter.subarray(0, 4), { "Content-Type": "application/pdf", "Content-Range": "bytes 0-3/8" });
    expect(part).toMatchObject({ status: 400, body: { issue: [{ code: "not-supported" }] } });
    expect((await content(place)).bytes).toEqual(letter);
    expect((await send("PUT", place, letter.subarray(0, 4), { "Content-Type": "application/pdf" })).status).toBe(200);
  });

  it("is a resource to a client that asks for FHIR", async () => {
    const { body } = await send("PUT", "/Binary/letter", letter, { "Content-Type": "application/pdf" });
    const resource = { resourceType: "Binary", id: "letter", contentType: "application/pdf", data: letter.toString("base64") };
    expect(body).toMatchObject(resource);
    expect((await at.fhir.get("/Binary/letter", asFhir)).body).toMatchObject(resource);
    expect((await at.fhir.get("/Binary/letter", { Accept: "application/json" })).body).toMatchObject(resource);
    expect((await at.fhir.get("/Binary/letter?_format=json")).body).toMatchObject(resource);
    expect((await at.fhir.get("/Binary/letter", { Accept: "application/fhir+xml" })).status).toBe(406);
    const batch = { resourceType: "Bundle", type: "batch", entry: [{ request: { method: "GET", url: "Binary/letter" } }] };
    expect((await at.fhir.send("POST", "", batch)).body.entry[0].resource).toMatchObject(resource);
    const patch = [{ op: "replace", path: "/contentType", value: "image/png" }];
    const patched = await at.fhir.send("PATCH", "/Binary/letter", patch, { "Content-Type": "application/json-patch+json" });
    expect(patched).toMatchObject({ status: 200, body: { ...resource, contentType: "image/png" } });
  });

  it("may be a FHIR document of another kind, which is not changed", async () => {
    const report = '{"resourceType":"Patient", "id":"x"}';
    const { status, body } = await send("POST", "/Binary", Buffer.from(report), { "Content-Type": "application/fhir+json" });
    expect(status).toBe(201);
    expect(body).toMatchObject({ resourceType: "Binary", contentType: "application/fhir+json" });
    expect((await content(`/Binary/${body.id}`)).bytes.toString()).toBe(report);
  });

  it.each([
    ["nothing", Buffer.alloc(0), "application/pdf", 400],
    ["a broken resource", Buffer.from('{"resourceType":"Binary"'), "application/fhir+json", 400],
    ["a resource with a fault", Buffer.from('{"resourceType":"Binary"}'), "application/fhir+json", 422],
    ["25 MB", Buffer.alloc(25 * 1024 * 1024), "image/png", 413],
  ])("is refused when it is %s", async (_, body, type, status) => {
    expect((await send("POST", "/Binary", body, { "Content-Type": type })).status).toBe(status);
  });
});
