/** Nodes of a test's mesh that kill themselves at a chosen point, as `kill -9` would. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mesh, MeshNode } from "./mesh.ts";

/** Settings of a mesh (`env` of `startMesh`) whose processes can be told where to die. */
export const CAN_CRASH = { NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "crash.ts")).href}` };

/** A node that will die. */
export interface Doomed {
  node: MeshNode;
  /** Waits until it has, and starts another in its place. */
  revive(): Promise<void>;
}

/**
 * The only node of a service will kill itself at a point; further ones leave before, so that it is hit.
 * @param at see crash.ts
 * @param count for the how manieth time
 */
export async function doom(mesh: Mesh, service: string, at: string, count = 1): Promise<Doomed> {
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
