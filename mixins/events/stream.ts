/** The mesh's stream: what it keeps, and for how long. */
import { DiscardPolicy, ErrorCode, type JetStreamManager, NatsError, nanos, RetentionPolicy, StorageType } from "nats";
import type { Members } from "../../federation/membership.ts";
import { ensureConsumer, PARTITIONS, type StreamNames } from "./stream-consumers.ts";

/** Age at which an event leaves the stream: a service may be down for this time and miss none. */
const KEPT_MS = 7 * 86_400_000;
/** Bytes of events that wait for a service; with more nothing is taken, and events stay in their outboxes. */
const MAX_STREAM_BYTES = 1_000_000_000;
/** A message that comes twice within this is one; what else comes twice is dropped where it is handled. */
const DUPLICATES_MS = 120_000;

/** What a stream is made for. */
export interface StreamOptions {
  names: StreamNames;
  /** Servers of the cluster. */
  servers: number;
  /** The services of the system, as the membership knows them. */
  members: Members;
}

/** Makes the stream where there is none, with the consumers of all services, also of those that are down. */
export async function ensureStream(jsm: JetStreamManager, { names, servers, members }: StreamOptions): Promise<void> {
  const config = {
    subjects: [names.subject(0, ">").replace(".0.", ".*.")],
    retention: RetentionPolicy.Interest, // what all have handled is gone
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_age: nanos(KEPT_MS),
    max_bytes: MAX_STREAM_BYTES,
    duplicate_window: nanos(DUPLICATES_MS),
    num_replicas: servers >= 3 ? 3 : 1,
  };
  const exists = await jsm.streams.info(names.stream).then(
    () => true,
    () => false,
  );
  // Until the consumers are there the stream keeps everything: what comes before them, from whichever node, waits for them.
  if (!exists) await jsm.streams.add({ ...config, name: names.stream, retention: RetentionPolicy.Limits });
  await keepFor(members, jsm, names);
  await unlessForbidden(jsm.streams.update(names.stream, config));
}

/** Where each service has a user of its own, one of them keeps the stream for all (`npm run mesh-keys -- compose`). */
async function unlessForbidden(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof NatsError && error.code === ErrorCode.PermissionsViolation)) throw error;
  });
}

/** A stream that is made anew, after a lost disk, has no consumers. */
async function keepFor(members: Members, jsm: JetStreamManager, names: StreamNames): Promise<void> {
  await Promise.all(
    Object.entries(members).flatMap(([service, { handles: events = [], isRetired }]) =>
      isRetired || events.length === 0
        ? []
        : ofEachPartition((partition) => unlessForbidden(ensureConsumer(jsm, names, { service, partition, events }))),
    ),
  );
}

/** What `work` makes of each partition. */
export const ofEachPartition = <Result>(work: (partition: number) => Result): Result[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => work(partition));
