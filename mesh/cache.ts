/**
 * The cache of answers of cached actions: in this process's memory, or in Redis for all nodes. While Redis is unreachable
 * answers are slower, never wrong, and none fails.
 */
import { readFileSync } from "node:fs";
import { Cachers, type Context } from "moleculer";

/** Lifetime of an answer, seconds; also how long a node may be wrong if another could not announce a change. */
const CACHE_TTL_S = 30;
/** Answers in memory; the least recently used is dropped first. */
const MEMORY_ENTRIES = 5_000;
/** Invalidations that are queued while Redis is unreachable; beyond it the whole cache is cleared when Redis is back. */
const MAX_QUEUED_INVALIDATIONS = 1_000;

type Init = Parameters<Cachers.Redis["init"]>[0];
type Keygen = NonNullable<ConstructorParameters<typeof Cachers.MemoryLRU>[0]>["keygen"];

/** The broker's cacher: Redis if there is one, otherwise this process's memory; neither fails a call. @param caFile of Redis's CA (`rediss:`) */
export function cacher(redisUrl?: string, caFile?: string): MemoryCacher | ResilientRedisCacher {
  return redisUrl ? new ResilientRedisCacher(redisUrl, caFile) : new MemoryCacher();
}

/**
 * Key of everything on which an answer depends: the action, its params and the caller (all of `meta`), or exactly what the action's
 * `cache.keys` names (`#name` is from meta). The order of members does not matter, and different questions have different keys.
 */
export function cacheKey(action: { name: string }, options: { keys?: string[] } | null, ctx: Pick<Context, "params" | "meta">): string {
  const meta = ctx.meta as Record<string, unknown>;
  const params = ctx.params as Record<string, unknown> | undefined;
  const parts = options?.keys?.map((key) => (key.startsWith("#") ? meta[key.slice(1)] : params?.[key])) ?? [params, meta];
  return `${action.name}:${canonical(parts)}`;
}

/** JSON with the members of each object in one order. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, member: unknown) =>
      member && typeof member === "object" && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ) ?? ""
  );
}

/** An in-memory cache, which is emptied after a time in which it could not learn of changes. */
class MemoryCacher extends Cachers.MemoryLRU {
  constructor() {
    super({ ttl: CACHE_TTL_S, max: MEMORY_ENTRIES, keygen: cacheKey as Keygen });
    // A private member: otherwise each use would start the lifetime again, and a popular answer would never expire.
    (this as unknown as { cache: { updateAgeOnGet: boolean } }).cache.updateAgeOnGet = false;
  }

  override init(broker: Init): void {
    super.init(broker); // empties it when the connection is back
    broker.localBus.on("$transporter.disconnected", () => this.clean());
  }
}

/** Treats every failure of Redis as a missing entry, and sends invalidations later that were lost. */
class ResilientRedisCacher extends Cachers.Redis {
  /** Patterns of entries to be removed; "**" stands for all. */
  #queuedInvalidations = new Set<string>();

  constructor(url: string, caFile: string | undefined) {
    super({
      ttl: CACHE_TTL_S,
      keygen: cacheKey,
      redlock: false,
      redis: {
        ...redisOptions(url, caFile),
        enableOfflineQueue: false, // no answer waits for Redis to come back
        maxRetriesPerRequest: 0,
        commandTimeout: 250, // milliseconds; a slower cache is of no use
        connectTimeout: 2_000,
        retryStrategy: (attempt: number) => Math.min(attempt * 100, 2_000),
      },
      // Moleculer's types do not have `redlock: false`, which its code supports.
    } as unknown as ConstructorParameters<typeof Cachers.Redis>[0]);
  }

  override init(broker: Init): void {
    super.init(broker);
    // Registered after Moleculer's own listener, which sets `connected`: nothing is read before lost invalidations are sent.
    this.client.on("ready", () => void this.#makeUp());
    this.client.on("close", () => {
      this.connected = false;
    });
  }

  override async get(key: string): Promise<Record<string, unknown> | null> {
    try {
      return await super.get(key);
    } catch {
      return undefined as unknown as null; // Moleculer's value for "not found", in spite of its types
    }
  }

  override async set(key: string, data: unknown, ttl?: number): Promise<void> {
    // While a change could not be announced, an answer from before it must not be stored.
    if (this.#queuedInvalidations.size > 0) return;
    await Promise.resolve(super.set(key, data, ttl)).catch(() => {});
  }

  override async del(key: string | string[]): Promise<void> {
    await Promise.resolve(super.del(key)).catch(() => this.#lose(key));
  }

  override async clean(pattern: string | string[] = "**"): Promise<void> {
    await Promise.resolve(super.clean(pattern)).catch(() => this.#lose(pattern));
  }

  override async close(): Promise<void> {
    this.client.disconnect();
  }

  #lose(patterns: string | string[]): void {
    for (const pattern of [patterns].flat()) this.#queuedInvalidations.add(pattern);
    if (this.#queuedInvalidations.size > MAX_QUEUED_INVALIDATIONS) this.#queuedInvalidations = new Set(["**"]);
    // A command failed before the connection was closed: retried as soon as Redis answers.
    if (this.client.status === "ready") setTimeout(() => void this.#makeUp(), 250).unref();
  }

  async #makeUp(): Promise<void> {
    if (this.#queuedInvalidations.size === 0) return;
    this.connected = false;
    const patterns = [...this.#queuedInvalidations];
    try {
      await super.clean(patterns);
      for (const pattern of patterns) this.#queuedInvalidations.delete(pattern);
      this.connected = true;
    } catch {
      if (this.client.status === "ready") setTimeout(() => void this.#makeUp(), 250).unref();
    }
  }
}

function redisOptions(text: string, caFile: string | undefined): Record<string, unknown> {
  const url = new URL(text);
  const db = Number(url.pathname.slice(1));
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 6379),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(db > 0 && { db }),
    ...(url.protocol === "rediss:" && { tls: caFile === undefined ? {} : { ca: readFileSync(caFile) } }),
  };
}
