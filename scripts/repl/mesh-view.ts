/** What the REPL's own commands tell about the mesh, read from the registry and asked of the owners. */
import type { ServiceBroker } from "moleculer";

interface Listed {
  name: string;
  nodeID: string;
  available: boolean;
  metadata?: { fhir?: { owns?: { type: string; where?: unknown }[] } };
}

/** Services that own FHIR types, each with its nodes. */
function owners(broker: ServiceBroker): Map<string, { types: string[]; nodes: string[] }> {
  const found = new Map<string, { types: string[]; nodes: string[] }>();
  const list = broker.registry.getServiceList({ withActions: false, onlyAvailable: true }) as unknown as Listed[];
  for (const { name, nodeID, metadata } of list) {
    const owns = metadata?.fhir?.owns;
    if (!owns) continue;
    const owner = found.get(name) ?? { types: owns.map(({ type, where }) => (where ? `${type} (part)` : type)), nodes: [] };
    owner.nodes.push(nodeID);
    found.set(name, owner);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** FHIR type → service → live nodes. */
export function ownersTable(broker: ServiceBroker): string[][] {
  const rows = [...owners(broker)].flatMap(([service, { types, nodes }]) => types.map((type) => [type, service, nodes.join(", ")]));
  return [["FHIR type", "service", "live nodes"], ...rows.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))];
}

/** Documents and bytes of each owner's store; one node of a service speaks for all, as they share it. */
export async function storesTable(broker: ServiceBroker): Promise<string[][]> {
  const rows = await Promise.all(
    [...owners(broker).keys()].map(async (service) => {
      try {
        const { documents, bytes } = await broker.call<{ documents: Record<string, number>; bytes: number }, object>(
          `${service}.fhir.stats`,
          {},
        );
        const total = Object.values(documents).reduce((sum, count) => sum + count, 0);
        return [service, `${total}`, `${(bytes / 1e6).toFixed(1)} MB`];
      } catch (error) {
        return [service, "-", (error as Error).message];
      }
    }),
  );
  return [["service", "documents", "size"], ...rows];
}

/** Transactions that are prepared and neither committed nor aborted, at every owner. */
export async function pendingTable(broker: ServiceBroker, now = Date.now()): Promise<string[][]> {
  const rows = await Promise.all(
    [...owners(broker)].flatMap(([service, { nodes }]) =>
      nodes.map(async (nodeID) => {
        try {
          const prepared = await broker.call<{ tx: string; since: number }[], object>(`${service}.fhir.prepared`, {}, { nodeID });
          return prepared.map(({ tx, since }) => [service, nodeID, tx, `${((now - since) / 1000).toFixed(1)} s`]);
        } catch (error) {
          return [[service, nodeID, "-", (error as Error).message]];
        }
      }),
    ),
  );
  return [["service", "node", "transaction", "for"], ...rows.flat()];
}

/** Columns as wide as their widest cell. */
export function layOut(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
