import { localReferences, refuseLinksOutside } from "./replace-links.ts";

const BASE = "http://127.0.0.1:3000/fhir";
const absolute = (place: string) => ({ reference: `${BASE}/${place}` });
const condition = (place: string) => ({ resourceType: "Condition", subject: absolute(place) });
const made = (value: object): unknown => JSON.parse(localReferences(JSON.stringify(value), [BASE]));

describe("a reference with the server's own base URL", () => {
  it.each(["Patient/1", "Patient/1/_history/2"])("is made relative: %s", (place) => {
    expect(made(condition(place))).toEqual({ resourceType: "Condition", subject: { reference: place } });
  });

  it.each([
    "HTTP://127.0.0.1:3000/fhir/Patient/1",
    "https://127.0.0.1:3000/fhir/Patient/1",
    "http://127.0.0.1:3000/fhir//Patient/1",
    "http://127.0.0.1:3000/x/../fhir/Patient/1",
    "http://me@127.0.0.1:3000/fhir/Patient/1",
    "http://127.0.0.1:3000/fhir/P%61tient/1",
  ])("is the same in another spelling: %s", (reference) => {
    expect(made({ resourceType: "Condition", subject: { reference } })).toMatchObject({ subject: { reference: "Patient/1" } });
  });

  it("is recognised if its host is in another case, or its slashes are escaped", () => {
    const text = JSON.stringify({ resourceType: "Condition", subject: { reference: "http://Host.Example/fhir/Patient/1" } });
    for (const spelt of [text, text.replaceAll("/", "\\/").toLowerCase().replace("patient", "Patient")]) {
      expect(JSON.parse(localReferences(spelt, ["http://host.example/fhir"]))).toMatchObject({ subject: { reference: "Patient/1" } });
    }
  });

  it.each([
    "http://127.0.0.1:3001/fhir/Patient/1",
    "http://127.0.0.1:3000/FHIR/Patient/1",
    "http://127.0.0.1.example:3000/fhir/Patient/1",
    "http://127.0.0.1:3000/fhir/Patient/%",
  ])("stays when it leads elsewhere: %s", (reference) => {
    const condition = { resourceType: "Condition", subject: { reference } };
    expect(made(condition)).toEqual(condition);
  });

  it.each(["Patient", "Patient?identifier=1", "metadata", "patient/1"])("stays when it names no resource: %s", (place) => {
    expect(made(condition(place))).toEqual(condition(place));
  });

  it("is unchanged if it is the fullUrl of another entry, which may become another resource", () => {
    const bundle = {
      resourceType: "Bundle",
      type: "transaction",
      entry: [
        { fullUrl: `${BASE}/Patient/new`, resource: { resourceType: "Patient" }, request: { method: "POST", url: "Patient" } },
        { resource: condition("Patient/new"), request: { method: "POST", url: "Condition" } },
        { resource: condition("Patient/old"), request: { method: "POST", url: "Condition" } },
      ],
    };
    expect(made(bundle)).toMatchObject({
      entry: [{}, { resource: condition("Patient/new") }, { resource: { subject: { reference: "Patient/old" } } }],
    });
  });

  it("is made relative if it is conditional, in a transaction", () => {
    const transaction = (place: object) => ({ resourceType: "Bundle", type: "transaction", entry: [{ resource: place }] });
    const criteria = "Patient?identifier=urn:x|1";
    expect(made(transaction(condition(criteria)))).toEqual(transaction({ resourceType: "Condition", subject: { reference: criteria } }));
  });

  it("is unchanged in a bundle that is stored as one", () => {
    const document = { resourceType: "Bundle", type: "collection", entry: [{ resource: condition("Patient/1") }] };
    expect(made(document)).toEqual(document);
  });

  it("leaves the text unchanged if there is none", () => {
    const text = `{ "resourceType" : "Patient", "multipleBirthInteger" : 2.0 }`;
    expect(localReferences(text, [BASE])).toBe(text);
  });
});

describe("a reference to a bundle entry outside of a bundle", () => {
  const link = "urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-00000000000f";
  const patched = { resourceType: "Condition", subject: { reference: link }, asserter: { reference: "Patient/1" } };

  it("is refused, unless it was stored before", () => {
    expect(() => refuseLinksOutside(patched)).toThrow("leads nowhere");
    expect(() => refuseLinksOutside({ ...patched, asserter: { reference: "resource:0" } }, patched)).toThrow("resource:0 leads nowhere");
    expect(() => refuseLinksOutside(patched, { resourceType: "Condition", subject: { reference: link } })).not.toThrow();
  });

  it("is accepted where it only identifies", () => {
    const text = JSON.stringify({ resourceType: "Patient", identifier: [{ system: "urn:ietf:rfc:3986", value: link }] });
    expect(() => refuseLinksOutside(text)).not.toThrow();
  });
});
