/**
 * Types of which a store holds resources though its service does not own them: they were given to another owner while the system was in use,
 * and what stayed behind is not accessible (CONTRIBUTING.md, "Give a FHIR type to a service").
 */
import type { ServiceBroker } from "moleculer";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import type { Store } from "../../store/store.ts";

/** The part of a service that is needed to examine its store. */
interface Holder {
  name: string;
  broker: ServiceBroker;
  logger: { error(text: string): void };
  store: Pick<Store, "stats">;
}

/** Reports such resources in the log and the journal of anomalies. Never fails: a store that is unavailable is reported elsewhere. */
export async function tellUnownedTypes({ name, broker, logger, store }: Holder, owned: ReadonlySet<string>): Promise<void> {
  const { documents } = await store.stats().catch(() => ({ documents: {} }));
  for (const [type, count] of Object.entries(documents)) {
    if (owned.has(type)) continue;
    logger.error(
      `The store of ${name} contains ${count} resources of type ${type}, which ${name} does not own: they are not shown. Export them with the version ` +
        'that owned the type, and import them here (CONTRIBUTING.md, "Give a FHIR type to a service").',
    );
    anomaliesOf(broker).report({ kind: AnomalyKind.unownedType, subject: `${name}: ${type}` });
  }
}
