import { generateKeyPairSync } from "node:crypto";
import { ServiceBroker } from "moleculer";
import { MeshTransporter } from "../mesh/transporter.ts";
import { type Certificate, issueCertificate, Trusted } from "../mesh/trust/certificate.ts";
import { newNode } from "../mesh/trust/hello.ts";
import { certifiedMembers, certifiedTypes } from "./certified.ts";
import { directoryOf } from "./directory.ts";
import { deploy, membershipOf } from "./membership.ts";

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

describe("what a node announces of the membership", () => {
  const ca = generateKeyPairSync("ed25519");
  const HOUR = 3_600_000;
  const declared = { api: [], billing: [invoice], patients: [patient] };

  /** A node that has not connected: its announcement is ready all the same. */
  function nodeOf(service: string) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const signer = { privateKey, certificate: issueCertificate(ca.privateKey, { serves: [service] }, publicKey, HOUR) };
    const trusted = new Trusted([ca.publicKey]);
    const keys = { signer, trusted, certificate: trusted.certificate(signer.certificate) as Certificate };
    const own = newNode(service, signer);
    const transporter = new MeshTransporter({ natsUrl: "nats://127.0.0.1:1", keys, own });
    const broker = new ServiceBroker({ nodeID: own.id, logger: false, transporter });
    deploy(broker, { declared });
    directoryOf(broker);
    return { broker, announced: () => Object.keys(broker.metadata.members as object).sort() };
  }

  it("is what others accept from it: its own service from one that only serves itself, everything from a gateway", () => {
    for (const [service, announced] of [
      ["billing", ["billing"]],
      ["api", ["api", "billing", "patients"]],
    ] as const) {
      const node = nodeOf(service);
      expect([service, node.announced()]).toEqual([service, announced]);
    }
  });

  it("is announced again only if that changes", () => {
    for (const [service, isAgain] of [
      ["billing", false],
      ["api", true],
    ] as const) {
      const { broker, announced } = nodeOf(service);
      const before = broker.metadata.members;
      membershipOf(broker).join("dentistry", [], 1_000);
      expect([service, broker.metadata.members !== before, announced().includes("dentistry")]).toEqual([service, isAgain, isAgain]);
    }
  });
});
