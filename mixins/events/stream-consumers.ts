/** The durable consumers on the mesh's stream: the stream keeps each event until every service that handles it has done so. */
import { AckPolicy, type ConsumerConfig, DeliverPolicy, type JetStreamManager, nanos, NatsError } from "nats";
import { withoutOverlap } from "./event.ts";

/**
 * Partitions of the events. The server syncs a file for each message, and for each consumer whose state changes: with few partitions, events share
 * them. A service handles so many messages at once, on all of its replicas together. Must not change on a running mesh: the events of one record
 * would be in two partitions.
 */
export const PARTITIONS = 2;
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
  const existing = await jsm.consumers.info(stream, name).catch((error: unknown) => {
    if (error instanceof NatsError && error.api_error?.err_code === NOT_FOUND) return undefined;
    throw error;
  });
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

function eventsIn({ filter_subjects, filter_subject }: ConsumerConfig, prefix: string): string[] {
  const subjects = filter_subjects ?? (filter_subject === undefined ? [] : [filter_subject]);
  return subjects.map((subject) => subject.slice(prefix.length));
}
