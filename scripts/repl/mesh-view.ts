/** The tables of the REPL's commands about the mesh, from the registry and from the owners. */
import type { ServiceBroker } from "moleculer";
import { ownerOf } from "../../federation/owner-contract.ts";
import { listActions, listServices } from "../../mesh/moleculer.ts";
import { eventsOf } from "../../mixins/events/events.ts";

interface OwnerMetadata {
  fhir?: { owns?: { type: string; where?: unknown }[] };
}

/** Services that own FHIR types, each with its nodes. */
function owners(broker: ServiceBroker): Map<string, { types: string[]; nodes: string[] }> {
  const found = new Map<string, { types: string[]; nodes: string[] }>();
  for (const { name, nodeID, metadata } of listServices<OwnerMetadata>(broker)) {
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

/** Documents and bytes of each owner's store, and the events in its outbox; one node per service is asked, since they share the store. */
export async function storesTable(broker: ServiceBroker, now = Date.now()): Promise<string[][]> {
  const rows = await Promise.all(
    [...owners(broker).keys()].map(async (service) => {
      try {
        const { documents, bytes, outbox } = await ownerOf(service).stats(broker, {});
        const total = Object.values(documents).reduce((sum, count) => sum + count, 0);
        const age = outbox.oldest === undefined ? "-" : `${((now - outbox.oldest) / 1000).toFixed(1)} s`;
        return [service, `${total}`, `${(bytes / 1e6).toFixed(1)} MB`, `${outbox.waiting}`, age];
      } catch (error) {
        return [service, "-", (error as Error).message, "-", "-"];
      }
    }),
  );
  return [["service", "documents", "size", "events waiting", "oldest"], ...rows];
}

/** Transactions at every owner that are prepared and neither committed nor aborted. */
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

/** Dead letters of all services that handle events. */
export async function deadTable(broker: ServiceBroker): Promise<string[][]> {
  const rows = await Promise.all(
    handlers(broker).map(async (service) => {
      try {
        const letters = await eventsOf(service).dead(broker, {});
        return letters.map(({ event, reason, tries, at }) => [
          service,
          event.event,
          event.id,
          `${tries}`,
          new Date(at).toISOString(),
          reason.type ?? reason.message,
        ]);
      } catch (error) {
        return [[service, "-", "-", "-", "-", (error as Error).message]];
      }
    }),
  );
  return [["service", "event", "id", "tries", "set aside", "reason"], ...rows.flat()];
}

/** Handles a dead letter once more. @returns a sentence for people */
export async function replay(broker: ServiceBroker, service: string, id: string): Promise<string> {
  try {
    await eventsOf(service).replay(broker, { id });
    return `${id} is handled.`;
  } catch (error) {
    return `${id} is not handled: ${(error as Error).message}`;
  }
}

/** Services that handle events. */
function handlers(broker: ServiceBroker): string[] {
  const end = ".events.dead";
  return [...new Set(listActions(broker).flatMap(({ name }) => (name.endsWith(end) ? [name.slice(0, -end.length)] : [])))].sort();
}

/** A table with columns as wide as their widest cell. */
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
