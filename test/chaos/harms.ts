/** Failures that are caused in a mesh while clients work on it. Each ends when the mesh is whole again. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startNats, startRedis } from "../../scripts/servers.mjs";
import { cableTo } from "../kit/cable.ts";
import type { Mesh, MeshNode } from "../kit/mesh.ts";

/** How long a mesh took to notice a failure, and to be whole again, milliseconds. */
export interface Times {
  noticed: number;
  healed: number;
}

/** One kind of failure. */
export interface Harm {
  name: string;
  /** Longest that a client may wait meanwhile, milliseconds: two to three times the target, for a busy machine. */
  longestMs: number;
  /** @param service whose first node is affected */
  harm(mesh: Mesh, service: string): Promise<Times>;
}

/** All kinds. */
export const HARMS = {
  kill: {
    name: "a node is killed and replaced",
    longestMs: 3_000,
    async harm(mesh, service) {
      const begun = performance.now();
      await mesh.kill(service);
      const noticed = performance.now() - begun;
      await mesh.add(service);
      return { noticed, healed: performance.now() - begun };
    },
  },
  hang: {
    name: "a node hangs for six seconds and goes on",
    longestMs: 4_500,
    async harm(mesh, service) {
      const node = firstOf(mesh, service);
      const begun = performance.now();
      process.kill(node.pid, "SIGSTOP");
      await until(mesh, () => !isKnown(mesh, node));
      const noticed = performance.now() - begun;
      // Longer than any deadline: requests sent to it have been answered by others.
      await new Promise((resolve) => setTimeout(resolve, 6_000 - noticed));
      process.kill(node.pid, "SIGCONT");
      await until(mesh, () => isKnown(mesh, node));
      return { noticed, healed: performance.now() - begun };
    },
  },
  pause: {
    name: "a node stands still for a second or so, seven times",
    longestMs: 3_000,
    async harm(mesh, service) {
      const node = firstOf(mesh, service);
      await delay(Math.max(0, node.since + SETTLED_MS - performance.now()));
      const begun = performance.now();
      for (let ms = 950; ms < 1_700; ms += 120) {
        process.kill(node.pid, "SIGSTOP");
        // Long enough for writes to be repeated at another node, but not for its removal from the registry.
        await delay(ms);
        process.kill(node.pid, "SIGCONT");
        await delay(1_000);
      }
      return { noticed: 0, healed: performance.now() - begun };
    },
  },
  vanish: {
    name: "a node more comes, whose cable is cut for six seconds",
    longestMs: 3_000,
    async harm(mesh, service) {
      const nats = mesh.nats ?? mesh.natsCluster?.servers[0];
      if (!nats) throw new Error("The mesh has no NATS of its own.");
      const cable = await cableTo(nats.port);
      try {
        const node = await mesh.add(service, { NATS_URL: nats.url.replace(`:${nats.port}`, `:${cable.port}`) });
        await delay(SETTLED_MS);
        const begun = performance.now();
        cable.cut();
        await until(mesh, () => !isKnown(mesh, node));
        const noticed = performance.now() - begun;
        await delay(6_000 - noticed);
        cable.mend();
        await until(mesh, () => isKnown(mesh, node));
        const healed = performance.now() - begun;
        mesh.nodes.splice(mesh.nodes.indexOf(node), 1);
        await node.stop();
        return { noticed, healed };
      } finally {
        cable.remove();
      }
    },
  },
  replace: {
    name: "a node is replaced in order",
    longestMs: 3_000,
    async harm(mesh, service) {
      const begun = performance.now();
      const old = firstOf(mesh, service);
      await mesh.add(service);
      mesh.nodes.splice(mesh.nodes.indexOf(old), 1);
      await old.stop();
      return { noticed: 0, healed: performance.now() - begun };
    },
  },
  nats: {
    name: "NATS is killed and started again",
    longestMs: 6_000,
    async harm(mesh) {
      const { nats } = mesh;
      if (!nats) throw new Error("The mesh has no NATS of its own.");
      const begun = performance.now();
      await nats.kill();
      mesh.nats = await startNats({ dir: join(mesh.dataDir, "nats"), port: nats.port });
      const noticed = performance.now() - begun;
      await until(mesh, () => mesh.nodes.every((node) => isKnown(mesh, node)));
      return { noticed, healed: performance.now() - begun };
    },
  },
  oneOfThreeNats: {
    name: "one of three servers of NATS is killed and started again",
    longestMs: 6_000,
    async harm(mesh) {
      const { natsCluster } = mesh;
      if (!natsCluster) throw new Error("The mesh has no cluster of NATS.");
      const begun = performance.now();
      await natsCluster.servers[0]?.kill();
      const noticed = performance.now() - begun;
      await natsCluster.again(0);
      await until(mesh, () => mesh.nodes.every((node) => isKnown(mesh, node)));
      return { noticed, healed: performance.now() - begun };
    },
  },
  redis: {
    name: "Redis is killed, and is back after two seconds",
    longestMs: 3_000,
    async harm(mesh) {
      const { redis } = mesh;
      if (!redis) throw new Error("The mesh has no Redis of its own.");
      const begun = performance.now();
      await redis.kill();
      const noticed = performance.now() - begun;
      await delay(2_000);
      mesh.redis = await startRedis({ dir: join(mesh.dataDir, "redis"), port: redis.port });
      return { noticed, healed: performance.now() - begun };
    },
  },
  clockAhead: {
    name: "the clock of a node is set a day ahead, and back",
    longestMs: 3_000,
    harm: (mesh, service) => withClock([firstOf(mesh, service)], DAY_MS),
  },
  clockBack: {
    name: "the clock of a node is set a day back, and ahead",
    longestMs: 3_000,
    harm: (mesh, service) => withClock([firstOf(mesh, service)], -DAY_MS),
  },
  clocksAhead: {
    name: "the clocks of all nodes are set five minutes ahead, and back",
    longestMs: 3_000,
    harm: ({ nodes }) => withClock(nodes, FIVE_MINUTES_MS),
  },
} satisfies Record<string, Harm>;

/** A new node is given more time to answer (mesh/liveness.ts); after this it is not new any more. */
const SETTLED_MS = 8_500;
const DAY_MS = 86_400_000;
const FIVE_MINUTES_MS = 300_000;

/** Lasts several rounds of clients, and of the checks for transactions in doubt, which run every second. */
async function withClock(nodes: MeshNode[], byMs: number): Promise<Times> {
  const begun = performance.now();
  const set = (to: number) => Promise.all(nodes.map((node) => node.setClock?.(to)));
  await set(byMs);
  await delay(2_500);
  await set(0);
  return { noticed: 0, healed: performance.now() - begun };
}

/** Files of these processes cannot grow from now on, as on a full disk; with `undefined` they can again. */
export function limitFiles(nodes: MeshNode[], bytes: number | undefined): void {
  for (const { pid } of nodes) execFileSync("prlimit", ["--pid", `${pid}`, `--fsize=${bytes ?? "unlimited"}:unlimited`]);
}

/** The first node that runs a service. */
export function firstOf(mesh: Mesh, service: string): MeshNode {
  const node = mesh.nodes.find(({ services }) => services.includes(service));
  if (!node) throw new Error(`No node runs ${service}.`);
  return node;
}

/** Whether the mesh regards a node as available. */
export const isKnown = (mesh: Mesh, { nodeId }: MeshNode): boolean => mesh.caller.registry.nodes.get(nodeId)?.available === true;

/** Resolves when the condition is true; checked at each change known to the mesh. */
export async function until({ caller }: Mesh, isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => caller.localBus.once("$services.changed", resolve));
}
