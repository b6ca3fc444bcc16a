/** The mesh's stream: what it keeps, and for how long. */
import { DiscardPolicy, ErrorCode, type JetStreamManager, NatsError, nanos, RetentionPolicy, StorageType } from "nats";
import type { Members } from "../../federation/membership.ts";
import { ensureConsumer, PARTITIONS, type StreamNames } from "./stream-consumers.ts";

/** Age at which an event is removed from the stream: a service may be down for this long without missing any. */
const KEPT_MS = 7 * 86_400_000;
/** Bytes of events that wait on the stream. When it is full it accepts nothing more, and events stay in their outboxes. */
const MAX_STREAM_BYTES = 1_000_000_000;
/** A message published twice within this time is stored once; later duplicates are recognised by the handling service. */
const DUPLICATES_MS = 120_000;

/** JetStream's error code "stream name already in use with a different configuration". */
const NAME_IN_USE = 10_058;

/** Options of the stream. */
export interface StreamOptions {
  names: StreamNames;
  /** Number of servers in the cluster. */
  servers: number;
  /** The services of the system, according to the membership. */
  members: Members;
}

/** Creates the stream if there is none, with the consumers of all services, including those that are down. */
export async function ensureStream(jsm: JetStreamManager, { names, servers, members }: StreamOptions): Promise<void> {
  const config = {
    subjects: [names.subject(0, ">").replace(".0.", ".*.")],
    retention: RetentionPolicy.Interest, // removed once all consumers have handled it
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
  // Until its consumers exist, a new stream keeps everything, so that early events from any node are not lost.
  if (!exists) await unlessMade(jsm.streams.add({ ...config, name: names.stream, retention: RetentionPolicy.Limits }));
  await keepFor(members, jsm, names);
  await unlessForbidden(jsm.streams.update(names.stream, config));
}

/** Another node may have created the stream meanwhile, and even be done with it. */
async function unlessMade(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof NatsError && error.api_error?.err_code === NAME_IN_USE)) throw error;
  });
}

/** Where each service has its own NATS user, only one of them may create the stream (`npm run mesh-keys -- compose`). */
async function unlessForbidden(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof NatsError && error.code === ErrorCode.PermissionsViolation)) throw error;
  });
}

/** A stream that was created again after its disk was lost has no consumers. */
async function keepFor(members: Members, jsm: JetStreamManager, names: StreamNames): Promise<void> {
  await Promise.all(
    Object.entries(members).flatMap(([service, { handles: events = [], isRetired }]) =>
      isRetired || events.length === 0
        ? []
        : ofEachPartition((partition) => unlessForbidden(ensureConsumer(jsm, names, { service, partition, events }))),
    ),
  );
}

/** Calls `work` for each partition. */
export const ofEachPartition = <Result>(work: (partition: number) => Result): Result[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => work(partition));
