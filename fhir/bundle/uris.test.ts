import { comparableUri } from "./uris.ts";

describe("the address of an entry, and a link to it", () => {
  it.each([
    ["HTTP://Ehr.Example/fhir/Patient/A", "http://ehr.example/fhir/Patient/A"],
    ["http://ehr.example:80/fhir/Patient/A", "http://ehr.example/fhir/Patient/A"],
    ["https://ehr.example:443/fhir/Patient/A", "https://ehr.example/fhir/Patient/A"],
    ["https://[2001:DB8::1]:443/fhir/Patient/A", "https://[2001:db8::1]/fhir/Patient/A"],
    ["URN:UUID:0D1A2F5E-8F0A-4C3D-9B1E-00000000000A", "urn:uuid:0d1a2f5e-8f0a-4c3d-9b1e-00000000000a"],
    ["URN:OID:1.2.3", "urn:oid:1.2.3"],
    ["Resource:0", "resource:0"],
  ])("are the same: %s and %s", (one, other) => expect(comparableUri(one)).toBe(comparableUri(other)));

  it.each([
    ["http://ehr.example:8080/fhir/Patient/A", "http://ehr.example/fhir/Patient/A"],
    ["http://ehr.example:443/fhir/Patient/A", "http://ehr.example/fhir/Patient/A"],
    ["http://ehr.example/fhir/Patient/A", "https://ehr.example/fhir/Patient/A"],
    ["http://ehr.example/fhir/Patient/A", "http://ehr.example/fhir/Patient/a"],
    ["http://[2001:db8::80]/fhir/Patient/A", "http://[2001:db8::]/fhir/Patient/A"],
    ["cid:A", "cid:a"],
    ["Patient/A", "patient/A"],
  ])("are not the same: %s and %s", (one, other) => expect(comparableUri(one)).not.toBe(comparableUri(other)));
});
