import { AnomalyKind, type AnomalyReport } from "../../mesh/anomalies-contract.ts";
import { defineService } from "../../mesh/contract.ts";
import { momentRule } from "../../mesh/param-rules.ts";
import { Collections, type WithCollections } from "../../mixins/collections.ts";
import { DuplicateKey } from "../../store/documents/documents.ts";
import type { journal } from "./journal.contract.ts";
import { anomalyFrom, anomalyOf, KEEP_MS, type StoredAnomaly } from "./journal.model.ts";

const MAX_LISTED = 1_000;
const MAX_REPORTS = 100;
const KIND = { type: "enum", values: Object.values(AnomalyKind) } as const;
const NAME = { type: "string", min: 1, max: 200 } as const;

interface Own {
  note(report: AnomalyReport): Promise<void>;
}

export default defineService<typeof journal, WithCollections<{ anomalies: StoredAnomaly }> & Own>({
  name: "journal",
  mixins: [Collections({ anomalies: { indexes: ["lastAt", "kind"], expiresAt: "expiresAt" } })],

  actions: {
    list: {
      rest: "GET",
      summary: "What went wrong in the mesh, newest first",
      params: {
        kind: { ...KIND, optional: true },
        since: { ...momentRule, optional: true },
        limit: { type: "number", integer: true, min: 1, max: MAX_LISTED, optional: true },
        $$strict: true,
      },
      async handler(ctx) {
        const { kind, since, limit = 100 } = ctx.params;
        const from = Math.max(since === undefined ? 0 : Date.parse(since) || 0, Date.now() - KEEP_MS);
        const query = { lastAt: { $gte: from }, ...(kind && { kind }) };
        const found = await this.collections.anomalies.find({ query, sort: ["-lastAt"], limit });
        return found.map(anomalyFrom);
      },
    },

    note: {
      params: {
        reports: {
          type: "array",
          min: 1,
          max: MAX_REPORTS,
          items: {
            type: "object",
            strict: true,
            props: {
              kind: KIND,
              subject: NAME,
              node: NAME,
              trace: { ...NAME, optional: true },
              status: { type: "number", integer: true, optional: true },
              count: { type: "number", integer: true, min: 1 },
              at: { type: "number", integer: true },
            },
          },
        },
        $$strict: true,
      },
      async handler(ctx) {
        for (const report of ctx.params.reports) await this.note(report);
        return null;
      },
    },
  },

  methods: {
    async note(this: WithCollections<{ anomalies: StoredAnomaly }>, report: AnomalyReport): Promise<void> {
      const anomaly = anomalyOf(report);
      try {
        await this.collections.anomalies.insert(anomaly);
      } catch (error) {
        if (!(error instanceof DuplicateKey)) throw error;
        const { _id, lastAt, expiresAt } = anomaly;
        // All nodes report that a node is lost: that counts once.
        const count = report.kind === AnomalyKind.nodeLost ? 0 : report.count;
        await this.collections.anomalies.updateMany({ _id }, { $inc: { count }, $set: { lastAt, expiresAt } });
      }
    },
  },
});
