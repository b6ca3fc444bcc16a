import { generateKeyPairSync } from "node:crypto";
import type { Certificate } from "../mesh/trust/certificate.ts";
import { certifiedMembers, certifiedTypes } from "./certified.ts";

const certificate = (serves: string[], owns?: string[]): Certificate => ({
  serves,
  ...(owns && { owns }),
  key: generateKeyPairSync("ed25519").publicKey,
  from: 0,
  until: 1,
  serial: "1",
});
const billing = certificate(["billing"], ["Invoice"]);
const [invoice, patient] = [{ type: "Invoice" }, { type: "Patient" }];

describe("the types that a node announces", () => {
  it("are accepted as far as its certificate names types, or names none", () => {
    expect(certifiedTypes(billing, [invoice, patient])).toEqual([invoice]);
    expect(certifiedTypes(certificate(["records"]), [invoice, patient])).toEqual([invoice, patient]);
    expect(certifiedTypes(undefined, [invoice])).toEqual([]);
  });
});

describe("a membership message of a node", () => {
  const said = {
    billing: { owns: [invoice, patient], at: 5 },
    patients: { owns: [], at: 5, isRetired: true },
  };

  it("is accepted for its own services only", () => {
    expect(certifiedMembers(billing, said)).toEqual({ billing: { owns: [invoice], at: 5 } });
    expect(certifiedMembers(certificate(["patients"]), said)).toEqual({}); // no service retires itself
    expect(certifiedMembers(undefined, said)).toEqual({});
  });

  it("is accepted for all services from gateways, the coordinator and operators", () => {
    for (const teller of ["api", "transactions", "operator", "*"]) expect(certifiedMembers(certificate([teller]), said)).toEqual(said);
  });
});
