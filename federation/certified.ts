/** Filters what a node announces about owners and the membership by what its certificate allows (mesh/trust). */
import type { ServiceBroker } from "moleculer";
import { reportRefusal } from "../mesh/incoming-packets.ts";
import { MeshTransporter } from "../mesh/transporter.ts";
import { type Certificate, mayServe } from "../mesh/trust/certificate.ts";
import { PacketRefusal } from "../mesh/trust/gate.ts";
import type { Members } from "./membership.ts";
import type { Ownership } from "./owner-contract.ts";

/** Nodes whose announcements about any service count: these learn which services are retired. Others may only announce their own. */
const TELLERS = ["api", "transactions", "operator"];
/** Nodes whose announcements were reported, once each. Limit: more than a mesh has at once. */
const MAX_REPORTED = 1_000;

/** Filters the announcements of a broker's other nodes. Without the mesh's transporter there are no others, or it is a test's. */
export class CertifiedWords {
  readonly #broker: ServiceBroker;
  readonly #reported = new Set<string>();

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** Of the announced types, those that the node's services may own. */
  owns(node: string, said: Ownership[]): Ownership[] {
    const certificate = this.#certificateOf(node);
    if (certificate === "none") return said;
    const owns = certifiedTypes(certificate, said);
    if (owns.length < said.length) this.#report(node);
    return owns;
  }

  /** The part of the announced membership that counts. */
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

/** The types that the certificate names; all if it names none. */
export function certifiedTypes(certificate: Certificate | undefined, said: Ownership[]): Ownership[] {
  if (!certificate) return [];
  const { owns } = certificate;
  return owns ? said.filter(({ type }) => owns.includes(type)) : said;
}

/** That the services which the node itself serves exist; what is said about others counts only from `TELLERS`. */
export function certifiedMembers(certificate: Certificate | undefined, said: Members): Members {
  if (!certificate) return {};
  if (TELLERS.some((service) => mayServe(certificate, service))) return said;
  const own = Object.entries(said).filter(([service, { isRetired }]) => mayServe(certificate, service) && !isRetired);
  return Object.fromEntries(own.map(([service, member]) => [service, { ...member, owns: certifiedTypes(certificate, member.owns) }]));
}
