import { type Mesh, startMesh } from "../kit/mesh.ts";

/** What `/api` takes, and how it refuses: each case beside one that is taken. */
describe("an action over HTTP", () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ services: ["api", "patients", "wards", "lab", "journal"], nats: false, split: "broker" });
  });
  afterAll(() => mesh.stop());

  const JSON_TYPE = { "Content-Type": "application/json" };
  const registration = {
    family: "Rossi",
    given: ["Ada"],
    birthDate: "1980-02-29",
    gender: "female",
    identifier: { system: "urn:mrn", value: "1" },
    confirm: "each is another",
  };
  async function send(method: string, path: string, body?: string, headers: Record<string, string> = JSON_TYPE) {
    const response = await fetch(`${mesh.base}/api/${path}`, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      error: text.startsWith('{"error"') ? JSON.parse(text).error : undefined,
    };
  }
  const register = (params: object) => send("POST", "patients/register", JSON.stringify({ ...registration, ...params }));

  it("gets the wrong params and reasons, without internals or the sent values", async () => {
    const { status, text, error } = await register({ given: [[false, null], { secret: "Ada" }], family: undefined });
    expect(status).toBe(422);
    expect(error).toEqual({
      code: 422,
      type: "VALIDATION_ERROR",
      message: "'family' must have a value; null is none. 'given[0]' must be a text. 'given[1]' must be a text.",
      data: {
        fields: [
          { field: "family", rule: "required", message: "'family' must have a value; null is none." },
          { field: "given[0]", rule: "string", message: "'given[0]' must be a text." },
          { field: "given[1]", rule: "string", message: "'given[1]' must be a text." },
        ],
      },
    });
    expect(text).not.toMatch(/nodeID|patients\.register|secret|Ada/);
  });

  // Values of which no text can be made, at each depth, in each action that takes texts.
  const odd = [
    "[[1.0]]",
    '[false,null,{"a":1.50}]',
    '{"toString":null}',
    '[{"toString":null,"valueOf":[]}]',
    "1e400",
    "-0.0",
    "[[[[[]]]]]",
  ];
  it.each(odd)("is refused, and no fault of the server, for %s in place of a text", async (value) => {
    const bodies = {
      "patients/register": [`{"family":${value}}`, `{"given":[${value}]}`, `{"identifier":{"system":${value},"value":${value}}}`],
      "wards/open": [`{"name":${value},"rooms":${value}}`, `{"name":"a","rooms":[{"name":${value},"beds":[${value}]}]}`],
      "lab/enterResult": [`{"order":${value},"finding":${value}}`, `{"order":"ServiceRequest/1","finding":{"text":${value}}}`],
      "lab/order": [`{"patient":${value},"test":{"system":${value},"code":${value}}}`],
    };
    for (const [path, texts] of Object.entries(bodies)) {
      for (const text of texts) expect([path, text, (await send("POST", path, text)).status]).toEqual([path, text, 422]);
    }
  });

  it("accepts a number in any notation", async () => {
    const answer = (limit: string) => send("POST", "journal/list", `{"limit":${limit}}`);
    expect((await answer("5.0")).status).toBe(200);
    expect((await answer("5.5")).error).toMatchObject({ code: 422, data: { fields: [{ field: "limit", rule: "numberInteger" }] } });
    expect((await answer('"5"')).status).toBe(422);
    expect((await send("GET", "journal/list?limit=5")).status).toBe(200);
    expect((await send("GET", "journal/list?limit=0x5")).status).toBe(422);
    expect((await send("GET", "journal/list?since=2026-11-31")).status).toBe(422);
  });

  it.each([
    ["a day that there is not", { birthDate: "1981-02-29" }, "birthDate"],
    ["the year 0", { birthDate: "0000" }, "birthDate"],
    ["a URI with a space", { identifier: { system: "urn mrn", value: "1" } }, "identifier.system"],
    ["a control character", { family: "a\u0007" }, "family"],
    ["blanks only", { family: " \u00a0\u2003" }, "family"],
    ["null where something may be left out", { phone: null }, "phone"],
    ["a member that nobody knows", { colour: "red" }, ""],
  ])("is refused for %s", async (_, params, field) => {
    expect((await register(params)).error).toMatchObject({ code: 422, type: "VALIDATION_ERROR", data: { fields: [{ field }] } });
  });

  it("gets the param that is too large, and the name of an unknown member", async () => {
    const addresses = Array.from({ length: 10_000 }, (_, index) => ({ city: `c${index}` }));
    const candidates = (params: object) => send("POST", "patients/candidates", JSON.stringify(params));
    expect((await candidates({ family: "Rossi", addresses })).error).toMatchObject({
      code: 413,
      type: "TOO_MANY_PARTS",
      message: expect.stringMatching(/20000 .*'addresses'/),
    });
    const few = addresses.slice(0, 6);
    expect((await candidates({ family: "Rossi", addresses: few })).error.message).toBe("'addresses' must have at most 5 items.");
    expect((await candidates({ addresses: [{ town: "x" }] })).error.message).toBe("In 'addresses[0]': Unknown, and refused: town.");
    expect((await send("POST", "lab/order", '{"patient":"Ada","test":{"system":"urn:x","code":"y"}}')).error.message).toBe(
      "'patient' must be a reference like Patient/1.",
    );
  });

  it.each([
    ["nested thousands of times", `{"family":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, /nested deeper than 100 levels/],
    ["cut off after thousands of members", `{"given":[${"1,".repeat(30_000)}`, /not JSON/],
  ])("is refused, and no fault of the server, if it is %s", async (_, text, message) => {
    expect((await send("POST", "patients/register", text)).error).toMatchObject({
      code: 400,
      type: "INVALID",
      message: expect.stringMatching(message),
    });
  });

  it("gives FHIR clients the same: $match says what is too large, and accepts a photo", async () => {
    const match = async (more: object) => {
      const body = JSON.stringify({ resourceType: "Patient", name: [{ family: "Rossi", given: ["Ada"] }], ...more });
      const answer = await fetch(`${mesh.base}/fhir/Patient/$match`, {
        method: "POST",
        headers: { "Content-Type": "application/fhir+json" },
        body,
      });
      return { status: answer.status, ...((await answer.json()) as { issue?: { diagnostics: string; expression: string[] }[] }) };
    };
    for (const name of ["name", "address", "telecom", "identifier"]) {
      const many = Array.from({ length: 10_000 }, (_, index) =>
        name === "name" ? { family: `f${index}` } : { id: `i${index}`, use: "old" },
      );
      const { status, issue } = await match({ [name]: many });
      expect({ status, issue }).toMatchObject({ status: 422, issue: [{ code: "too-costly", expression: [`Patient.${name}`] }] });
      expect(issue?.[0]?.diagnostics).toMatch(new RegExp(`^${name} may have 100 items .*10000`));
    }
    expect(await match({ name: [{ family: "x".repeat(200_000) }] })).toMatchObject({
      status: 422,
      issue: [{ expression: ["Patient.name"] }],
    });
    expect(await match({ photo: [{ contentType: "image/png", data: "AAAA".repeat(50_000) }] })).toMatchObject({ status: 200 });
  });

  it.each([
    ["no body", undefined, JSON_TYPE, 400, "BODY_MISSING"],
    ["another media type", "a=1", { "Content-Type": "application/x-www-form-urlencoded" }, 415, "NOT_JSON"],
    ["one that only begins like JSON's", "{}", { "Content-Type": "application/json-seq" }, 415, "NOT_JSON"],
    ["another character set", "{}", { "Content-Type": "application/json; charset=latin1" }, 415, "NOT_JSON"],
    ["no JSON", "{", JSON_TYPE, 400, "INVALID"],
    ["no object", "[]", JSON_TYPE, 400, "NOT_AN_OBJECT"],
    ["a NUL", '{"family":"\\u0000"}', JSON_TYPE, 400, "INVALID"],
    ["half a surrogate pair", '{"family":"\\ud800"}', JSON_TYPE, 400, "INVALID"],
    ["a prototype", '{"__proto__":{}}', JSON_TYPE, 400, "INVALID"],
    ["a member twice", '{"family":"a","family":"b"}', JSON_TYPE, 422, "INVALID"],
  ])("is refused for %s", async (_, body, headers, status, type) => {
    const answer = await send("POST", "patients/register", body, headers);
    expect([answer.status, answer.error?.type]).toEqual([status, type]);
  });

  it("needs no body if no param is required", async () => {
    expect((await send("POST", "wards/listBeds", undefined, {})).status).toBe(200);
    expect((await send("POST", "wards/listBeds", "{}", { "Content-Type": "application/vnd.ward+json; charset=UTF-8" })).status).toBe(200);
  });

  it.each([
    ["a param twice", "wards/listBeds?status=free&status=taken", 400],
    ["a NUL", "wards/listBeds?status=%00", 400],
    ["no UTF-8", "wards/listBeds?status=%ff", 400],
    ["a param that nobody knows", "wards/listBeds?colour=red", 422],
  ])("is refused for %s in its query", async (_, path, status) => expect((await send("GET", path)).status).toBe(status));

  it("lists its methods", async () => {
    expect((await send("HEAD", "wards/listBeds")).status).toBe(200);
    for (const [path, allow] of [
      ["wards/listBeds", "GET, HEAD, POST"],
      ["wards/open", "POST"],
    ] as const) {
      const refused = await send("DELETE", path);
      expect([refused.status, refused.headers.get("allow"), refused.error.type]).toEqual([405, allow, "METHOD_NOT_ALLOWED"]);
      const asked = await send("OPTIONS", path, undefined, {});
      expect([asked.status, asked.headers.get("allow")]).toEqual([204, allow]);
    }
    expect((await send("GET", "wards/open")).status).toBe(405);
  });

  it("answers under its former name for one version", async () => {
    expect((await send("GET", "wards/beds")).text).toBe((await send("GET", "wards/listBeds")).text);
  });
});
