/** Connects a broker with its failure detector (mesh/liveness.ts). */
import { type Context, Errors, type ServiceBroker, Strategies } from "moleculer";
import { livenessOf, SUSPECT } from "./liveness.ts";
import { type ActionEndpoint, middleware } from "./moleculer.ts";
import { takersAmong } from "./versions-beside.ts";

interface Packet {
  type?: string;
  target?: string | null;
  payload?: { sender?: string; id?: string; action?: string; meta?: object; node?: unknown };
}

/** The part of Moleculer's transit that answers a call. */
interface Answering {
  broker: ServiceBroker;
  sendResponse(nodeID: string, id: string, meta: object, headers: null, data: null, error: Error): Promise<void>;
}

type MessageHandler = (command: string, packet: Packet) => Promise<unknown> | boolean;
type Publish = (packet: Packet) => Promise<unknown>;

/** Moleculer's middleware that passes every packet and every call to the failure detector. */
export const WatchLiveness = middleware({
  name: "WatchLiveness",
  started(broker: ServiceBroker) {
    if (broker.transit) livenessOf(broker).start();
  },
  stopped(broker: ServiceBroker) {
    livenessOf(broker).stop();
  },
  transitPublish(this: Answering, next: Publish): Publish {
    const liveness = livenessOf(this.broker);
    return (packet) => {
      if (packet.type === "REQ" && packet.target) liveness.called(packet.target);
      return next(packet);
    };
  },
  transitMessageHandler(this: Answering, next: MessageHandler): MessageHandler {
    const liveness = livenessOf(this.broker);
    return (command, packet) => {
      const { sender, id, action, meta, node } = packet.payload ?? {};
      if (sender !== undefined) liveness.heard(sender);
      if ((command as string) === SUSPECT) {
        if (typeof node === "string") liveness.noteSuspicion(node);
        return Promise.resolve(true);
      }
      if (command !== "REQ" || !liveness.isCatchingUp || sender === undefined || id === undefined) return next(command, packet);
      // It has not begun here, so that any call may go elsewhere (mesh/retry.ts).
      const error = new Errors.ServiceNotAvailableError({ action: action ?? "", nodeID: this.broker.nodeID });
      return this.sendResponse(sender, id, meta ?? {}, null, null, error).then(() => true);
    };
  },
});

/** An endpoint of an action; one of an event has no definition of an action. */
type Offering = Parameters<Strategies.RoundRobin["select"]>[0][number] & Pick<ActionEndpoint, "action">;

/** Round robin among the nodes that take the call's params, with suspected ones only if there is no other. */
export class AvoidSilent extends Strategies.RoundRobin {
  override select(all: Parameters<Strategies.RoundRobin["select"]>[0], ctx?: Context) {
    const liveness = livenessOf(this.broker);
    const list = takersAmong(all as Offering[], ctx?.params);
    const heard = list.length > 1 ? list.filter(({ id }) => !liveness.isSuspect(id)) : list;
    return super.select(heard.length > 0 ? heard : list);
  }
}
