/**
 * Reports anomalies to the service `journal`: in the background, in batches, and with a limit. A report that cannot
 * be delivered waits; without `journal` in the mesh the oldest are dropped. No report contains patient data.
 */
import type { BrokerOptions, ServiceBroker } from "moleculer";
import { asSystem } from "./access/access.ts";
import { AnomalyKind, noteAnomalies, type AnomalyReport } from "./anomalies-contract.ts";
import { anomalies } from "./metrics.ts";

/** Name of the role's file. */
const WORK = "anomalies";
/** Different reports that wait; beyond it the oldest is dropped. */
const MAX_WAITING = 500;
/** Reports in one call. */
const MAX_PER_CALL = 100;
/** Time between a report and its delivery, in which equal ones are counted; milliseconds. */
const GATHER_MS = 1_000;
const CALL_MS = 2_000;
/** Characters of a subject. */
const MAX_SUBJECT = 200;

/** Collects and delivers the reports of one node. */
class AnomalyReporter {
  readonly #broker: ServiceBroker;
  #waiting = new Map<string, AnomalyReport>();
  #timer: NodeJS.Timeout | undefined;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** Reports an anomaly, seen now by this node unless stated otherwise; returns at once and never throws. */
  report({
    node = this.#broker.nodeID,
    at = Date.now(),
    ...seen
  }: Omit<AnomalyReport, "count" | "at" | "node"> & Partial<AnomalyReport>): void {
    anomalies.labels(seen.kind).inc(seen.count ?? 1);
    const subject = seen.subject.slice(0, MAX_SUBJECT) || "unknown";
    const key = [seen.kind, node, subject, seen.status].join("|");
    const same = this.#waiting.get(key);
    if (same) same.count += 1;
    else {
      if (this.#waiting.size >= MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value as string);
      this.#waiting.set(key, { ...seen, subject, node, count: 1, at });
    }
    this.#schedule();
  }

  /** Delivers what waits, if `journal` can be reached. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#waiting.size > 0 && this.#isReachable()) {
      const some = [...this.#waiting].slice(0, MAX_PER_CALL);
      for (const [key] of some) this.#waiting.delete(key);
      try {
        await this.#deliver(some.map(([, report]) => report));
      } catch (error) {
        this.#broker.logger.debug(`The journal has not taken ${some.length} reports: ${(error as Error).message}`);
        // Reports that were added meanwhile are kept.
        this.#waiting = new Map([...some, ...this.#waiting].slice(-MAX_WAITING));
        break;
      }
    }
    if (this.#waiting.size > 0) this.#schedule();
  }

  /** Delivers reports. What the journal refuses, a kind that only a later version knows, is dropped, and does not hold up the others. */
  async #deliver(reports: AnomalyReport[]): Promise<void> {
    try {
      await noteAnomalies(asSystem(this.#broker, WORK), { reports }, { timeout: CALL_MS, retries: 0 });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 422) throw error;
      if (reports.length === 1) return;
      const half = Math.ceil(reports.length / 2);
      await this.#deliver(reports.slice(0, half));
      await this.#deliver(reports.slice(half));
    }
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  #isReachable(): boolean {
    if (this.#broker.transit?.connected === false) return false;
    const endpoints = this.#broker.registry.actions.get(noteAnomalies.action) as { hasAvailable(): boolean } | undefined;
    return endpoints?.hasAvailable() === true;
  }
}

const reporters = new WeakMap<ServiceBroker, AnomalyReporter>();

/** The reporter of a broker; created at first use. */
export function anomaliesOf(broker: ServiceBroker): AnomalyReporter {
  const known = reporters.get(broker) ?? new AnomalyReporter(broker);
  reporters.set(broker, known);
  return known;
}

/** Moleculer's middleware that reports opened circuit breakers and lost nodes. */
export const ReportAnomalies: NonNullable<BrokerOptions["middlewares"]>[number] = {
  name: "ReportAnomalies",
  created(broker: ServiceBroker) {
    const reporter = anomaliesOf(broker);
    for (const kind of Object.values(AnomalyKind)) anomalies.labels(kind).inc(0); // the first one is a rise from 0
    broker.localBus.on("$circuit-breaker.opened", ({ nodeID, action }: { nodeID: string; action: string | { name: string } }) =>
      reporter.report({ kind: AnomalyKind.circuitOpened, subject: `${typeof action === "string" ? action : action.name} of ${nodeID}` }),
    );
    broker.localBus.on("$node.disconnected", ({ node, unexpected }: { node: { id: string }; unexpected: boolean }) => {
      if (unexpected) reporter.report({ kind: AnomalyKind.nodeLost, subject: node.id, node: node.id });
    });
  },
  async stopping(broker: ServiceBroker) {
    await anomaliesOf(broker).flush();
  },
};
