/** Notifies gateways about new versions, many per message: those that are events when they are relayed, others when they are stored. */
import type { ServiceBroker } from "moleculer";
import { MAX_TOLD, type VersionNotice, type VersionNotices, VERSION_NOTICES } from "../../federation/version-notices.ts";
import type { ResourceVersion, WaitingEvent } from "../../store/writes.ts";

/** Versions that arrive within this time are sent together, milliseconds. */
const GATHER_MS = 20;

/** Notifies about the versions of one owner for as long as it runs. */
export class VersionNotifier {
  readonly #broker: ServiceBroker;
  #versions: VersionNotice[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** An event of the outbox; those that are not versions are ignored. */
  noteEvent({ id, subject, payload }: WaitingEvent): void {
    if (subject.startsWith("fhir.")) this.#note({ ...(JSON.parse(payload) as ResourceVersion), event: id });
  }

  /** Versions of a write that are not events. */
  note(versions: ResourceVersion[]): void {
    for (const version of versions) this.#note({ ...version, event: `${version.type}/${version.id}/${version.version}` });
  }

  #note(version: VersionNotice): void {
    this.#versions.push(version);
    if (this.#versions.length >= MAX_TOLD) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS).unref();
  }

  stop(): void {
    if (this.#versions.length > 0) this.#tell();
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const told: VersionNotices = { versions: this.#versions };
    this.#versions = [];
    // If the message reaches no gateway, or NATS is away, pages still refresh by themselves.
    this.#broker.broadcast(VERSION_NOTICES, told).catch(() => {});
  }
}
