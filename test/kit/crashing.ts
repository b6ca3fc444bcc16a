/** Nodes of a test's mesh that kill themselves at a selected point, like `kill -9`. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mesh, MeshNode } from "./mesh.ts";

/** Settings of a mesh (`env` of `startMesh`) whose processes can be told where to crash. */
export const CAN_CRASH = { NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "crash.ts")).href}` };

/** A node that will die. */
export interface Crashing {
  node: MeshNode;
  /** Waits for the crash, and starts another node in its place. */
  revive(): Promise<void>;
}

/**
 * Makes the only node of a service kill itself at a point; further nodes are stopped first, so that it is hit.
 * @param at see crash.ts
 * @param count at which occurrence
 */
export async function crashing(mesh: Mesh, service: string, at: string, count = 1): Promise<Crashing> {
  const [node, ...others] = mesh.nodes.filter(({ services }) => services.includes(service));
  if (!node?.crashAt) throw new Error(`No process runs ${service}.`);
  const leave = (one: MeshNode) => mesh.nodes.splice(mesh.nodes.indexOf(one), 1);
  for (const other of service === "api" ? [] : others) {
    await other.stop();
    leave(other);
  }
  await node.crashAt(at, count);
  return {
    node,
    revive: async () => {
      await node.ended;
      leave(node);
      await mesh.add(service);
    },
  };
}
