/** What a node says of owners and of the membership, as far as its certificate reaches (mesh/trust). */
import type { ServiceBroker } from "moleculer";
import { reportRefusal } from "../mesh/incoming-packets.ts";
import { MeshTransporter } from "../mesh/transporter.ts";
import { type Certificate, mayServe } from "../mesh/trust/certificate.ts";
import { PacketRefusal } from "../mesh/trust/gate.ts";
import type { Members } from "./membership.ts";
import type { Ownership } from "./owner-contract.ts";

/** Their word on any service counts: they, and who operates the mesh, tell of services that are retired. Others speak of their own. */
const TELLERS = ["api", "transactions", "operator"];
/** Nodes whose claims were reported: each once. More at once than a mesh has. */
const MAX_REPORTED = 1_000;

/** Looks through what other nodes of a broker say. Without the mesh's transporter there are no others, or it is a test's. */
export class CertifiedWords {
  readonly #broker: ServiceBroker;
  readonly #reported = new Set<string>();

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** The types that the node's services may own, of those that it says. */
  owns(node: string, said: Ownership[]): Ownership[] {
    const certificate = this.#certificateOf(node);
    if (certificate === "none") return said;
    const owns = certifiedTypes(certificate, said);
    if (owns.length < said.length) this.#report(node);
    return owns;
  }

  /** What of the membership counts, of what the node says. */
  members(node: string, said: Members): Members {
    const certificate = this.#certificateOf(node);
    return certificate === "none" ? said : certifiedMembers(certificate, said);
  }

  #certificateOf(node: string): Certificate | undefined | "none" {
    const tx = this.#broker.transit?.tx;
    return tx instanceof MeshTransporter ? tx.certificateOf(node) : "none";
  }

  #report(node: string): void {
    if (this.#reported.has(node)) return;
    if (this.#reported.size >= MAX_REPORTED) this.#reported.clear();
    this.#reported.add(node);
    reportRefusal(this.#broker, PacketRefusal.notCertified, node);
  }
}

/** Those that the certificate names; all where it names none. */
export function certifiedTypes(certificate: Certificate | undefined, said: Ownership[]): Ownership[] {
  if (!certificate) return [];
  const { owns } = certificate;
  return owns ? said.filter(({ type }) => owns.includes(type)) : said;
}

/** Of services that the node serves itself, that they are there; of others only the word of a teller. */
export function certifiedMembers(certificate: Certificate | undefined, said: Members): Members {
  if (!certificate) return {};
  if (TELLERS.some((service) => mayServe(certificate, service))) return said;
  const own = Object.entries(said).filter(([service, { isRetired }]) => mayServe(certificate, service) && !isRetired);
  return Object.fromEntries(own.map(([service, member]) => [service, { ...member, owns: certifiedTypes(certificate, member.owns) }]));
}
