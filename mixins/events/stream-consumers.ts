/** The durable consumers on the mesh's stream: the stream keeps each event until every service that handles it has done so. */
import { AckPolicy, type ConsumerConfig, type ConsumerInfo, DeliverPolicy, type JetStreamManager, nanos, NatsError } from "nats";
import { withoutOverlap } from "./event.ts";

/**
 * Partitions of the events. The server syncs a file for each consumer whose state changes, so few partitions cost less: they share messages. A service
 * handles so many messages at once, on all its replicas together, and an event that must wait holds up the later messages of its partition.
 */
export const PARTITIONS = 2;
/** Number of partitions in earlier versions: what is left in the others is still handled, and so is what nodes of those versions send meanwhile. */
export const EARLIER_PARTITIONS = 8;
/** A claim on an event ends after this time unless renewed; after it, the event of a process that died goes to another. */
export const CLAIM_MS = 5_000;
/** JetStream's error code "consumer not found". */
const NOT_FOUND = 10_014;

/** Names of the stream and its subjects. */
export interface StreamNames {
  stream: string;
  /** Subject of an event in a partition. */
  subject(partition: number, event: string): string;
}

/** Name of the consumer of one service and partition. */
export const consumerName = (service: string, partition: number): string => `${service}-${partition}`;

/**
 * Creates the consumer of one partition, or adds these events to the filter of an existing one.
 * @param isNarrowed replaces the filter of an existing consumer instead of adding to it
 */
export async function ensureConsumer(
  jsm: JetStreamManager,
  { stream, subject }: StreamNames,
  of: { service: string; partition: number; events: string[]; isNarrowed?: boolean },
): Promise<void> {
  const name = consumerName(of.service, of.partition);
  const existing = await consumerInfo(jsm, stream, name);
  const before = existing ? eventsIn(existing.config, subject(of.partition, "")) : [];
  const events = of.isNarrowed ? of.events : withoutOverlap([...new Set([...before, ...of.events])]);
  const filter_subjects = events.map((event) => subject(of.partition, event));
  if (!existing) {
    await jsm.consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(CLAIM_MS),
      max_ack_pending: 1, // in order
      max_deliver: -1, // the service itself sets aside what keeps failing
      deliver_policy: DeliverPolicy.All,
      filter_subjects,
    });
  } else if ([...events].sort().join() !== [...before].sort().join()) {
    await jsm.consumers.update(stream, name, { filter_subjects });
  }
}

/** @returns undefined when there is no such consumer @throws when the stream cannot be asked */
export const consumerInfo = (jsm: JetStreamManager, stream: string, name: string): Promise<ConsumerInfo | undefined> =>
  jsm.consumers.info(stream, name).catch((error: unknown) => {
    if (error instanceof NatsError && error.api_error?.err_code === NOT_FOUND) return undefined;
    throw error;
  });

function eventsIn({ filter_subjects, filter_subject }: ConsumerConfig, prefix: string): string[] {
  const subjects = filter_subjects ?? (filter_subject === undefined ? [] : [filter_subject]);
  return subjects.map((subject) => subject.slice(prefix.length));
}
