/** Checks the content of a packet that has passed the gate (mesh/trust): its sender is known, and its claims are compared with the certificate. */
import type { ServiceBroker } from "moleculer";
import { AnomalyKind } from "./anomalies-contract.ts";
import { anomaliesOf } from "./anomalies.ts";
import { refusedPackets } from "./metrics.ts";
import type { Certificate } from "./trust/certificate.ts";
import { type Announcement, mayAnnounce } from "./trust/announced-claims.ts";
import { PacketRefusal } from "./trust/gate.ts";

/** The members of Moleculer's packets that are checked. */
export interface PacketPayload extends Announcement {
  sender?: string;
  id?: string;
  stream?: boolean;
  meta?: Record<string, unknown> | null;
}

/** Pending calls and streams of this node, as in Moleculer's transit. */
export interface UnderWay {
  pendingRequests: { get(id: string): { nodeID: string | null } | undefined };
  pendingReqStreams: { size: number; get(id: string): { sender: string } | undefined };
}

/** Why the packet is refused; undefined: Moleculer may handle it. @param sender the proven sender */
export function refusalOf(...packet: Parameters<typeof refused>): PacketRefusal | undefined {
  try {
    return refused(...packet);
  } catch {
    return PacketRefusal.malformed; // members of another form than our nodes send
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
      // Only the caller itself may state its identity: an answer must not change it.
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

/** Counts a refusal and reports it to the journal; contains only ids, and only known nodes. */
export function reportRefusal(broker: ServiceBroker, refused: PacketRefusal, sender: string | undefined): void {
  refusedPackets.labels(refused).inc();
  anomaliesOf(broker).report({ kind: AnomalyKind.refusedPacket, subject: `${refused} from ${sender ?? "an unknown node"}` });
}
