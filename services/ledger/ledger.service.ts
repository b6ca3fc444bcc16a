import type { Service } from "moleculer";
import type { WithDirectory } from "../../federation/directory.ts";
import { type AuditBatch, type AuditEntry, auditRecorded } from "../../federation/audit-contract.ts";
import { byIdentifier, exactly, requireParameter } from "../../fhir/search/exact-clauses.ts";
import { ID_PATTERN } from "../../fhir/ids.ts";
import { parseJson } from "../../fhir/json.ts";
import type { AuditEvent } from "../../fhir/r4.ts";
import type { Clause } from "../../fhir/search/query.ts";
import { frameOf } from "../../fhir/frame.ts";
import { indexOf } from "../../fhir/search/extract.ts";
import { accessOf, asSystem } from "../../mesh/access/access.ts";
import { readConfig } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { MOMENT_PATTERN, momentRule } from "../../mesh/param-rules.ts";
import type { DurableEvent } from "../../mixins/events/event.ts";
import { Events } from "../../mixins/events/events.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { requireScope } from "../../mixins/fhir/own-scope.ts";
import { referenceTo } from "../../mixins/fhir/domain-references.ts";
import { guarded } from "../../mixins/fhir/read-actions.ts";
import type { Write } from "../../store/writes.ts";
import { authorFrom } from "../../mesh/access/author.ts";
import { type ExpiredEvents, LedgerChain } from "./chain.ts";
import { Keeper, type KeptEvent } from "./keeper.ts";
import { LANGUAGES, type ledger, type Looks, owns } from "./ledger.contract.ts";
import { lookOf } from "./ledger.model.ts";
import { recordsOf } from "./same-person.ts";

const MAX_LISTED = 500;
/** An average year, milliseconds. */
const YEAR_MS = 365.25 * 86_400_000;
const MAX_NOTED = 100;
/** A date or time, or the `next` of a page: the time of its last access, then what orders accesses of the same millisecond. */
const BEFORE = {
  ...momentRule,
  pattern: new RegExp(`^(?:${MOMENT_PATTERN})(?:/[0-9]{1,16}/${ID_PATTERN})?$`),
};
/** Parameters of a page of accesses. */
const PAGE = {
  before: { ...BEFORE, optional: true },
  limit: { type: "number", integer: true, min: 1, max: MAX_LISTED, optional: true },
  language: { type: "enum", values: [...LANGUAGES], optional: true },
} as const;

interface Asked {
  before?: string;
  limit?: number;
  language?: (typeof LANGUAGES)[number];
}

interface Own {
  keeper: Keeper;
  chain: LedgerChain;
  keep(id: string, batch: AuditBatch): Promise<void>;
  noteExpired(expired: ExpiredEvents): Promise<void>;
  looks(clause: Clause, asked: Asked): Promise<Looks>;
}

type This = WithFhir & WithDirectory & Own;

/** The write of an AuditEvent. It is not validated: all have one form, each kind of which is tested. */
const keptAs = (event: KeptEvent, author: string | undefined): Write => ({
  op: "create",
  type: "AuditEvent",
  id: event.id,
  body: frameOf({ ...event }),
  index: indexOf(event),
  isKeyless: true,
  ...(author !== undefined && { author }),
});

export default defineService<typeof ledger, This>({
  name: "ledger",
  mixins: [
    Events<This>({
      handles: {
        [auditRecorded.event](event: DurableEvent<AuditBatch>) {
          return this.keep(event.id, event.payload);
        },
      },
    }),
    Fhir({ owns: [...owns], isAppendOnly: true }),
  ],

  actions: {
    looksAt: {
      rest: "GET",
      summary: "Who has looked at a patient's record",
      params: { patient: referenceTo("Patient"), ...PAGE, $$strict: true },
      async handler(ctx) {
        requireScope(this, "AuditEvent", "read");
        const { slots } = requireParameter("AuditEvent", "patient");
        const records = await recordsOf({ caller: asSystem(ctx, "ledger"), directory: this.directory }, ctx.params.patient);
        return this.looks({ kind: "key", slots, any: records.map(exactly) }, ctx.params);
      },
    },

    looksBy: {
      rest: "GET",
      summary: "What somebody has looked at",
      params: { who: { type: "string", min: 1, max: 200 }, ...PAGE, $$strict: true },
      async handler(ctx) {
        requireScope(this, "AuditEvent", "read");
        const { who } = ctx.params;
        const { slots } = requireParameter("AuditEvent", "agent");
        const match = who.includes("/") ? exactly(who) : byIdentifier("urn:openward:account", who);
        return this.looks({ kind: "key", slots, any: [match] }, ctx.params);
      },
    },

    note: {
      retryPolicy: { enabled: true }, // idempotent by its id
      params: {
        id: { type: "string", min: 1, max: 40 },
        owner: { type: "string", min: 1, max: 100 },
        entries: { type: "array", min: 1, max: MAX_NOTED, items: "object" },
        $$strict: true,
      },
      async handler(ctx) {
        const { id, owner, entries } = ctx.params;
        await this.keep(id, { owner, entries });
        return null;
      },
    },

    check: {
      rest: "GET",
      timeout: 600_000, // reads all AuditEvents
      hedge: false, // for the same reason
      summary: "Whether what was kept is still what was sealed",
      params: { $$strict: true },
      handler() {
        return this.chain.check();
      },
    },
  },

  methods: {
    keep(this: This, id: string, batch: AuditBatch): Promise<void> {
      return this.keeper.keep(id, batch);
    },

    /** The id follows from the last removed segment, so that a removal that is repeated after a crash is recorded once. */
    async noteExpired(this: This & Service, { head, ...removed }: ExpiredEvents): Promise<void> {
      const by = accessOf(this.broker).systemAuthor(this.name);
      if (by === undefined) return; // nothing is recorded with open access
      const query = `ledger.expire ${JSON.stringify({ years: readConfig().auditYears, ...removed })}`;
      const entry: AuditEntry = { at: Date.now(), deed: "delete", isDone: true, by: authorFrom(by), type: "ledger.expire", query };
      await this.keep(`expired-${head.slice(0, 32)}`, { owner: this.name, entries: [entry] });
    },

    async looks(this: This, clause: Clause, { before, limit = 50, language = "en" }: Asked): Promise<Looks> {
      const { slots } = requireParameter("AuditEvent", "date");
      const [moment, seq = "", id] = before?.split("/") ?? [];
      const time = moment === undefined ? undefined : Date.parse(moment);
      const earlier: Clause[] = time === undefined || id !== undefined ? [] : [{ kind: "range", slots, any: [{ lowLt: time }] }];
      const { rows, more } = await this.store.search({
        type: "AuditEvent",
        clauses: [clause, ...earlier],
        ...(time !== undefined && id !== undefined && { after: { values: [time], seq: Number(seq), id } }),
        sort: [{ by: "range", slots, edge: "low", desc: true }],
        limit,
        want: "rows",
      });
      const looks = rows.map(({ json = "" }) => lookOf(parseJson(json) as AuditEvent & { id: string }, language));
      const [last, row] = [looks.at(-1), rows.at(-1)];
      return { looks, ...(more && last && row && { next: `${last.at}/${row.seq}/${row.id}` }) };
    },
  },

  created(this: This & Service) {
    const author = accessOf(this.broker).systemAuthor(this.name);
    this.keeper = new Keeper({
      write: (events) => guarded(this, () => this.store.write(events.map((event) => keptAs(event, author)))),
      known: async (ids) => {
        const found = await this.store.readAll(ids.map((id) => ["AuditEvent", id]));
        return ids.filter((_, index) => found[index] !== undefined);
      },
    });
    this.chain = new LedgerChain(
      () => this.store,
      (expired) => this.noteExpired(expired),
    );
  },

  started(this: This & { logger: { error(text: string): void } }) {
    this.chain.start(readConfig().auditYears * YEAR_MS, (sentence) => this.logger.error(sentence));
  },

  stopped(this: This) {
    this.keeper.stop();
    return this.chain.stop();
  },
});
