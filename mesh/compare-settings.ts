/**
 * Compares this node's settings with those of the others (`common-settings.ts`). A node that differs decisively from most of the others does not start;
 * any other difference is reported in the log and in the journal of anomalies, by the node that has started later.
 */
import { Errors, type ServiceBroker } from "moleculer";
import { announceMetadata } from "./announce.ts";
import { AnomalyKind } from "./anomalies-contract.ts";
import { anomaliesOf } from "./anomalies.ts";
import { type CommonSettings, commonSettings, differences, refusedBy, type SetNode, sentenceOfDifference } from "./common-settings.ts";
import type { Config } from "./config.ts";
import { othersOf } from "./discoverer.ts";
import { type Middleware, middleware } from "./moleculer.ts";

/** Name in a node's metadata. */
const SETTINGS = "settings";
/** Differences that are remembered as reported; more are no accident. */
const MAX_REPORTED = 1_000;

type Node = ReturnType<typeof othersOf>[number];

const settingsDiffer = (sentence: string) => new Errors.MoleculerError(`${sentence} This node does not start.`, 500, "SETTINGS_DIFFER");

const asSetNode = ({ id, services, metadata }: Node): SetNode => ({
  id,
  services: services.map(({ name }) => String(name)),
  settings: (metadata?.[SETTINGS] ?? {}) as CommonSettings,
});

/** The middleware of a node with these settings. */
export function CompareSettings(config: Config): Middleware {
  const settings = commonSettings(config);
  const reported = new Set<string>();
  const ownNode = (broker: ServiceBroker): SetNode => ({
    id: broker.nodeID,
    services: broker.services.map(({ name }) => name),
    settings,
  });
  const report = (broker: ServiceBroker) => {
    const startedAt = Number(broker.metadata["startedAt"]);
    const earlier = othersOf(broker).filter(({ metadata }) => Number(metadata?.["startedAt"] ?? 0) <= startedAt);
    for (const found of differences(ownNode(broker), earlier.map(asSetNode))) {
      const key = `${found.setting} ${found.theirs}`;
      if (reported.has(key) || reported.size >= MAX_REPORTED) continue;
      reported.add(key);
      broker.logger.warn(sentenceOfDifference(found));
      anomaliesOf(broker).report({ kind: AnomalyKind.settingsDiffer, subject: `${found.setting} of ${found.nodes[0]}` });
    }
  };
  return middleware({
    name: "CompareSettings",
    created(broker: ServiceBroker) {
      announceMetadata(broker, SETTINGS, settings);
    },
    serviceStarting(service) {
      const others = othersOf(service.broker).map(asSetNode);
      const refused = refusedBy(differences(ownNode(service.broker), others), others);
      if (refused) throw settingsDiffer(sentenceOfDifference(refused));
    },
    started(broker: ServiceBroker) {
      report(broker);
      broker.localBus.on("$services.changed", () => report(broker));
    },
  });
}
