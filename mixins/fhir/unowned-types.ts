/**
 * Types of which a store holds living resources, though its service does not own them: they were given to another owner while the system was
 * in use, and nobody is shown what has stayed behind (CONTRIBUTING.md, "Give a FHIR type to a service").
 */
import type { ServiceBroker } from "moleculer";
import { AnomalyKind } from "../../mesh/anomalies-contract.ts";
import { anomaliesOf } from "../../mesh/anomalies.ts";
import type { Store } from "../../store/store.ts";

/** A service, as far as it is asked about its store. */
interface Holder {
  name: string;
  broker: ServiceBroker;
  logger: { error(text: string): void };
  store: Pick<Store, "stats">;
}

/** Tells the operator, in the log and in the journal of anomalies, what nobody is shown. Never fails: a store that cannot be asked says so elsewhere. */
export async function tellUnownedTypes({ name, broker, logger, store }: Holder, owned: ReadonlySet<string>): Promise<void> {
  const { documents } = await store.stats().catch(() => ({ documents: {} }));
  for (const [type, count] of Object.entries(documents)) {
    if (owned.has(type)) continue;
    logger.error(
      `The store of ${name} holds ${count} of ${type}, which ${name} does not own: nobody is shown them. Read them out with the version in which it did, ` +
        'and import them here (CONTRIBUTING.md, "Give a FHIR type to a service").',
    );
    anomaliesOf(broker).report({ kind: AnomalyKind.unownedType, subject: `${name}: ${type}` });
  }
}
