/** The durable consumers of the mesh's stream: what the stream keeps for a service until it has handled it. */
import { AckPolicy, type ConsumerConfig, DeliverPolicy, type JetStreamManager, nanos, NatsError } from "nats";
import { withoutOverlap } from "./event.ts";

/** Never another number on a mesh that runs: the events of one record would be in two partitions. */
export const PARTITIONS = 8;
/** A claim on an event ends after this, unless it is renewed: the time until a dead process's event goes to another. */
export const CLAIM_MS = 5_000;
/** JetStream's "consumer not found". */
const NOT_FOUND = 10_014;

/** Where a consumer is and what its subjects are. */
export interface StreamNames {
  stream: string;
  /** The subject of an event in a partition. */
  subject(partition: number, event: string): string;
}

/** The consumer of one service and partition. */
export const consumerName = (service: string, partition: number): string => `${service}-${partition}`;

/**
 * Makes the consumer of one partition where there is none, and has one that is there ask for these events too.
 * @param isNarrowed it asks for nothing else from now on; else what it asked for before stays
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
      max_deliver: -1, // what fails is set aside by its service
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
