/** What a packet may do that has come by the gate (mesh/trust): its sender is known, what it claims is held against that. */
import type { ServiceBroker } from "moleculer";
import { AnomalyKind } from "./anomalies-contract.ts";
import { anomaliesOf } from "./anomalies.ts";
import { refusedPackets } from "./metrics.ts";
import type { Certificate } from "./trust/certificate.ts";
import { type Announcement, mayAnnounce } from "./trust/announced-claims.ts";
import { PacketRefusal } from "./trust/gate.ts";

/** The members of Moleculer's packets that are looked at. */
export interface PacketPayload extends Announcement {
  sender?: string;
  id?: string;
  stream?: boolean;
  meta?: Record<string, unknown> | null;
}

/** The calls and streams under way at this node, as Moleculer's transit has them. */
export interface UnderWay {
  pendingRequests: { get(id: string): { nodeID: string | null } | undefined };
  pendingReqStreams: { size: number; get(id: string): { sender: string } | undefined };
}

/** Why the packet is not for Moleculer to handle; undefined: it is. @param sender who has proved to have sent it */
export function refusalOf(...packet: Parameters<typeof refused>): PacketRefusal | undefined {
  try {
    return refused(...packet);
  } catch {
    return PacketRefusal.malformed; // members of another form than any node of ours sends
  }
}

function refused(
  command: string,
  payload: PacketPayload,
  sender: string,
  certificate: Certificate | undefined,
  underWay: UnderWay,
): PacketRefusal | undefined {
  if (payload.sender !== sender || !certificate) return PacketRefusal.wrongSender;
  const { id = "" } = payload;
  switch (command) {
    case "INFO":
      return mayAnnounce(certificate, payload) ? undefined : PacketRefusal.notCertified;
    case "RES": {
      const asked = underWay.pendingRequests.get(id)?.nodeID;
      if (asked !== undefined && asked !== sender) return PacketRefusal.notAsked;
      // Who asks is the caller's own to say: no answer changes it.
      if (payload.meta) delete payload.meta["as"];
      return undefined;
    }
    case "REQ": {
      const begun = underWay.pendingReqStreams.size > 0 ? underWay.pendingReqStreams.get(id) : undefined;
      return begun && begun.sender !== sender ? PacketRefusal.notAsked : undefined;
    }
    default:
      return undefined;
  }
}

/** Counts a refusal and tells the journal of it; ids only, and of nodes only those that are known. */
export function reportRefusal(broker: ServiceBroker, refused: PacketRefusal, sender: string | undefined): void {
  refusedPackets.labels(refused).inc();
  anomaliesOf(broker).report({ kind: AnomalyKind.refusedPacket, subject: `${refused} from ${sender ?? "an unknown node"}` });
}
