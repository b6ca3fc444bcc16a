/** Detects a gateway that has lost contact to the mesh. */
import type { ServiceBroker } from "moleculer";
import type { Directory } from "../../federation/directory.ts";
import { livenessOf } from "../../mesh/liveness.ts";
import type { Answer } from "./http/answer.ts";

/** Header on a 503 of such a gateway: another one may answer. A proxy sends the request there if that is safe (deploy/Caddyfile). */
const CUT_OFF = "X-Cut-Off";

/** Whether this node hears nothing of the mesh and runs no service but the gateway, so that its answers are useless. */
export const isCutOff = ({ broker, directory, name }: { broker: ServiceBroker; directory: Directory; name: string }): boolean =>
  livenessOf(broker).hearsNobody && directory.services().every(({ service, nodes }) => service === name || !nodes.includes(broker.nodeID));

/** The answer, with a header if the gateway is cut off. */
export const toldApart = (answer: Answer, gateway: Parameters<typeof isCutOff>[0]): Answer =>
  answer.status === 503 && isCutOff(gateway) ? { ...answer, headers: { ...answer.headers, [CUT_OFF]: "1" } } : answer;
