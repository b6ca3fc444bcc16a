import { openapi } from "./openapi.ts";

describe("the OpenAPI document", () => {
  const params = {
    ward: { type: "string", pattern: /^Location\/.+$/, optional: true },
    beds: { type: "array", items: "string", min: 1 },
    count: "number|integer|min:0",
    $$strict: true,
  };
  const document = openapi(
    [
      { name: "wards.open", rest: "POST", params, summary: "Open a ward" },
      { name: "wards.listBeds", rest: "GET", params: {} },
      { name: "wards.beds", rest: "GET", params: {}, deprecated: "listBeds" },
      { name: "wards.table", rest: "GET", params: {}, produces: "text/csv" },
    ],
    ["Patient"],
    "http://127.0.0.1:3000",
    "1",
  ) as { paths: Record<string, Record<string, Record<string, unknown>>> };

  it("describes the params of an action", () => {
    expect(document.paths["/api/wards/open"]?.post).toMatchObject({
      operationId: "wards.open",
      summary: "Open a ward",
      requestBody: {
        content: {
          "application/json": {
            schema: {
              required: ["beds", "count"],
              additionalProperties: false,
              properties: {
                ward: { type: "string", pattern: "^Location\\/.+$" },
                beds: { type: "array", minItems: 1, items: { type: "string" } },
              },
            },
          },
        },
      },
    });
  });

  it("offers GET for an action that only reads, and only POST for one that writes", () => {
    expect(Object.keys(document.paths["/api/wards/beds"] ?? {})).toEqual(["get", "post"]);
    expect(Object.keys(document.paths["/api/wards/open"] ?? {})).toEqual(["post"]);
  });

  it("gives the content type of an action that does not answer JSON", () => {
    expect(document.paths["/api/wards/table"]?.get?.responses).toMatchObject({
      200: { content: { "text/csv": { schema: { type: "string" } } } },
    });
  });

  it("marks the former name of an action as deprecated, and gives the present one", () => {
    expect(document.paths["/api/wards/beds"]?.get).toMatchObject({
      deprecated: true,
      description: "The former name of wards.listBeds; gone in the next version.",
    });
    expect(document.paths["/api/wards/listBeds"]?.get).not.toHaveProperty("deprecated");
  });

  it("lists the FHIR types that are served, and no others", () => {
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(["/fhir", "/fhir/Patient", "/fhir/Patient/{id}"]));
    expect(Object.keys(document.paths)).not.toContain("/fhir/Observation");
  });
});
