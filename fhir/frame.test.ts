import * as fc from "fast-check";
import { frameOf, withLastUpdated } from "./frame.ts";
import { parseJson } from "./json.ts";

/** As a store puts it together. */
function framed(resource: Record<string, unknown>): string {
  const { meta, rest } = frameOf(resource);
  return `{"resourceType":"T","id":"1","meta":{"versionId":"3","lastUpdated":"2020-01-01T00:00:00.000Z"${meta}}${rest}`;
}

describe("the id, version and time of a stored resource", () => {
  it("are set by the store", () => {
    const text = '{"resourceType":"Patient","id":"x","meta":{"versionId":"9","lastUpdated":"2000-01-01","profile":["p"]},"active":true}';
    expect(framed(parseJson(text) as Record<string, unknown>)).toBe(
      '{"resourceType":"T","id":"1","meta":{"versionId":"3","lastUpdated":"2020-01-01T00:00:00.000Z","profile":["p"]},"active":true}',
    );
  });

  it("can get another time, without other changes", () => {
    const resource = { contained: [{ meta: { lastUpdated: "2001-01-01" } }], text: { div: '"lastUpdated":"2002"' } };
    const before = framed(resource);
    const after = withLastUpdated(before, Date.UTC(2026, 0, 2));
    expect(after).toBe(before.replace("2020-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"));
    expect(JSON.parse(after)).toMatchObject(resource);
  });

  it("do not change decimals", () => {
    expect(framed(parseJson('{"resourceType":"T","value":2.50}') as Record<string, unknown>)).toMatch(/"value":2\.50}$/);
  });

  it.each([[{}], [{ meta: null }], [{ meta: [] }], [{ meta: "x" }], [{ meta: {} }]])("is whole JSON of %j", (resource) => {
    expect(JSON.parse(framed(resource))).toMatchObject({ id: "1", meta: { versionId: "3" } });
  });

  it("are added to valid JSON of any resource", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (resource) =>
        expect(JSON.parse(framed(resource))).toMatchObject({ id: "1" }),
      ),
    );
  });
});
