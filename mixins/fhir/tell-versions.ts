/** Tells gateways of versions as they are relayed, many in one message. */
import type { ServiceBroker } from "moleculer";
import { MAX_TOLD, type ToldVersion, type ToldVersions, VERSIONS_TOLD } from "../../federation/told-versions.ts";
import type { WaitingEvent } from "../../store/writes.ts";

/** Those that come within this are told together. Milliseconds. */
const GATHER_MS = 20;

/** Of one owner, for as long as it runs. */
export class VersionTeller {
  readonly #broker: ServiceBroker;
  #versions: ToldVersion[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** An event of the outbox; of others than versions nothing is told. */
  note({ id, subject, payload }: WaitingEvent): void {
    if (!subject.startsWith("fhir.")) return;
    this.#versions.push({ ...(JSON.parse(payload) as Omit<ToldVersion, "event">), event: id });
    if (this.#versions.length >= MAX_TOLD) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS).unref();
  }

  stop(): void {
    if (this.#versions.length > 0) this.#tell();
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const told: ToldVersions = { versions: this.#versions };
    this.#versions = [];
    // Where nobody hears it, or NATS is away, pages read again by themselves.
    this.#broker.broadcast(VERSIONS_TOLD, told).catch(() => {});
  }
}
