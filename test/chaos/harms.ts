/** What is done to a mesh while clients work on it. Each harm ends when the mesh is whole again. */
import { join } from "node:path";
import { startNats } from "../../scripts/servers.mjs";
import type { Mesh, MeshNode } from "../kit/mesh.ts";

/** How long a mesh took to notice, and to be whole again, milliseconds. */
export interface Times {
  noticed: number;
  healed: number;
}

/** One kind of harm. */
export interface Harm {
  name: string;
  /** Longest that a client may wait meanwhile, milliseconds: two to three times the aim, for a busy machine. */
  longestMs: number;
  /** @param service whose first node is meant */
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
      // Longer than any deadline: what was sent to it is answered by now, by others.
      await new Promise((resolve) => setTimeout(resolve, 6_000 - noticed));
      process.kill(node.pid, "SIGCONT");
      await until(mesh, () => isKnown(mesh, node));
      return { noticed, healed: performance.now() - begun };
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
} satisfies Record<string, Harm>;

/** The first node that runs a service. */
export function firstOf(mesh: Mesh, service: string): MeshNode {
  const node = mesh.nodes.find(({ services }) => services.includes(service));
  if (!node) throw new Error(`No node runs ${service}.`);
  return node;
}

/** Whether the mesh counts on a node. */
export const isKnown = (mesh: Mesh, { nodeId }: MeshNode): boolean => mesh.caller.registry.nodes.get(nodeId)?.available === true;

/** Resolves when it is so; asked whenever the mesh has heard of a change. */
export async function until({ caller }: Mesh, isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => caller.localBus.once("$services.changed", resolve));
}
