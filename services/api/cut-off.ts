/** A gateway that hears nobody of the mesh. */
import type { ServiceBroker } from "moleculer";
import type { Directory } from "../../federation/directory.ts";
import { livenessOf } from "../../mesh/liveness.ts";
import type { Answer } from "./http/answer.ts";

/** On a 503 of such a gateway: another one may answer. A proxy sends the request there, where that is safe (deploy/Caddyfile). */
const CUT_OFF = "X-Cut-Off";

/** Whether nothing is heard of the mesh, and this node serves nothing of it but the gateway: what it answers is of no use to anybody. */
export const isCutOff = ({ broker, directory, name }: { broker: ServiceBroker; directory: Directory; name: string }): boolean =>
  livenessOf(broker).hearsNobody && directory.services().every(({ service, nodes }) => service === name || !nodes.includes(broker.nodeID));

/** The answer of a gateway, told apart where it is one of a gateway that is cut off. */
export const toldApart = (answer: Answer, gateway: Parameters<typeof isCutOff>[0]): Answer =>
  answer.status === 503 && isCutOff(gateway) ? { ...answer, headers: { ...answer.headers, [CUT_OFF]: "1" } } : answer;
