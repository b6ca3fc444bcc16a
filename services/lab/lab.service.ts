import { v7 as timeOrderedId } from "uuid";
import { readConfig } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { reasonRule } from "../../mesh/param-rules.ts";
import type { Patient } from "../../fhir/r4.ts";
import { referenceClause } from "../../fhir/search/exact-clauses.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { asSeen, seenVersionRules } from "../../mixins/fhir/seen-version.ts";
import { change, creation } from "../../mixins/fhir/write-steps.ts";
import { occurrenceTime, occurrenceTimeRules, withLateReason } from "../../mixins/fhir/occurrence-time.ts";
import { beginOf, codeRule, readIfServed, referenceTo, requireReference } from "../../mixins/fhir/domain-references.ts";
import type { Catalogue } from "./bench.contract.ts";
import { acknowledgeValue, collectSpecimen, criticalValues, enterValues, openOrders, rejectTube, releaseReport } from "./bench/bench.ts";
import { benchParams } from "./bench/bench-params.ts";
import { codingOf, readCatalogue } from "./bench/catalogue.ts";
import { alerting, interpreted } from "./bench/interpretation.ts";
import { personOf } from "./bench/measured-values.ts";
import { namedCatalogue, nameTest } from "./bench/naming.ts";
import { accessionKeys } from "./bench/specimen.model.ts";
import { emits, owns, type lab } from "./lab.contract.ts";
import { effects } from "./lab.effects.ts";
import { orderChanged, orderNotFound, resultChanged, resultNotFound, testUnknown } from "./lab.errors.ts";
import { cancelOrder, correctReports, correctResult, newOrder, orderOf, resultOf } from "./lab.model.ts";
import { rules } from "./lab.rules.ts";

/** A UCUM code, which becomes `Quantity.code`, whose form FHIR prescribes. */
const UNIT = {
  type: "string",
  max: 50,
  pattern: /^[^\u0000-\u0020]+( [^\u0000-\u0020]+)*$/,
  messages: { stringPattern: "'{field}' must have single spaces at most, and none at its ends." },
} as const;

/** A measured value, or words. */
const FINDING = [
  { type: "object", strict: true, props: { value: [{ type: "number" }, { type: "string", trim: true, min: 1, max: 50 }], unit: UNIT } },
  { type: "object", strict: true, props: { text: { type: "string", trim: true, min: 1, max: 2_000 } } },
] as const;

/** Reports that issue one result; a laboratory makes one, some add a summary. */
const MAX_REPORTS = 100;

export default defineService<typeof lab, WithFhir & WithDirectory & { catalogue: Catalogue }>({
  name: "lab",
  mixins: [
    Fhir({
      owns,
      emits,
      unique: { Specimen: accessionKeys },
      rules,
      effects,
    }),
  ],

  actions: {
    order: {
      rest: "POST",
      summary: "Order a laboratory test",
      params: {
        patient: referenceTo("Patient"),
        encounter: { ...referenceTo("Encounter"), optional: true },
        test: codeRule,
        ...occurrenceTimeRules,
        $$strict: true,
      },
      async handler(ctx) {
        const { patient, encounter } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        const [after] = await Promise.all([beginOf(mesh, encounter), requireReference(mesh, patient)]);
        const at = occurrenceTime(ctx.params, { now: new Date(), ...(after && { after }) });
        const order = withLateReason(newOrder(timeOrderedId(), ctx.params, at), ctx.params);
        const { version } = await this.fhir.create(order);
        return orderOf(order, version);
      },
    },

    enterResult: {
      rest: "POST",
      formerly: "result",
      summary: "Give a laboratory test its result",
      params: {
        order: referenceTo("ServiceRequest"),
        finding: FINDING,
        ...occurrenceTimeRules,
        $$strict: true,
      },
      async handler(ctx) {
        const { order: reference, finding } = ctx.params;
        const before = await this.fhir.require("ServiceRequest", reference, orderNotFound);
        const now = new Date();
        const found = occurrenceTime(ctx.params, { now, after: { what: reference, time: before.authoredOn } });
        const ids = { observation: timeOrderedId(), report: timeOrderedId() };
        const { observation: made, report, order } = resultOf(before, ids, finding, { found, now });
        const patient = await readIfServed<Patient>({ caller: ctx, directory: this.directory }, before.subject.reference ?? "");
        const observation = withLateReason(alerting(interpreted(made, this.catalogue, personOf(patient, found))), ctx.params);
        try {
          await this.fhir.write([change(order), creation(observation), creation(report)]);
        } catch (error) {
          throw isType(error, "STALE_VERSION") ? orderChanged(reference) : error;
        }
        return {
          observation: `Observation/${observation.id}`,
          report: `DiagnosticReport/${report.id}`,
          order: reference,
          issuedAt: now.toISOString(),
        };
      },
    },

    cancel: {
      rest: "POST",
      summary: "Take back a laboratory order",
      params: { order: referenceTo("ServiceRequest"), reason: reasonRule, ...seenVersionRules, $$strict: true },
      async handler(ctx) {
        const { order: reference, reason } = ctx.params;
        const before = await this.fhir.require("ServiceRequest", reference, orderNotFound);
        const order = cancelOrder(
          asSeen(before, ctx.params, () => orderChanged(reference)),
          reason,
        );
        const { version } = await this.fhir.update(order).catch((error: unknown) => {
          throw isType(error, "STALE_VERSION") ? orderChanged(reference) : error;
        });
        return orderOf(order, version);
      },
    },

    correctResult: {
      rest: "POST",
      summary: "Correct a laboratory result and its report",
      params: {
        observation: referenceTo("Observation"),
        ...seenVersionRules,
        finding: FINDING,
        reason: reasonRule,
        $$strict: true,
      },
      async handler(ctx) {
        const { observation: reference } = ctx.params;
        const found = await this.fhir.require("Observation", reference, resultNotFound);
        const before = asSeen(found, ctx.params, () => resultChanged(reference));
        const now = new Date();
        const observation = alerting(interpreted(correctResult(before, ctx.params, now), this.catalogue));
        const issuing = [referenceClause("DiagnosticReport", "result", [reference])];
        const reports = correctReports(
          await this.fhir.find({ type: "DiagnosticReport", clauses: issuing, limit: MAX_REPORTS }),
          ctx.params.reason,
          now,
        );
        try {
          const [corrected] = await this.fhir.write([change(observation), ...reports.map(change)]);
          return {
            observation: reference,
            version: corrected.version,
            reports: reports.map((report) => `DiagnosticReport/${report.id}`),
            issuedAt: now.toISOString(),
          };
        } catch (error) {
          throw isType(error, "STALE_VERSION") ? resultChanged(reference) : error;
        }
      },
    },

    listCatalogue: {
      rest: "GET",
      summary: "What this laboratory does",
      params: { $$strict: true },
      async handler() {
        return namedCatalogue(this);
      },
    },

    nameTest: {
      rest: "POST",
      summary: "Give a test a name of this hospital",
      params: benchParams.nameTest,
      handler(ctx) {
        return nameTest(this, ctx.params);
      },
    },

    orderPanel: {
      rest: "POST",
      summary: "Order a test or a panel of the catalogue",
      params: benchParams.orderPanel,
      async handler(ctx) {
        const { patient, encounter, code } = ctx.params;
        const test = codingOf(this.catalogue, code);
        if (!test) throw testUnknown(code);
        const mesh = { caller: ctx, directory: this.directory };
        const [after] = await Promise.all([beginOf(mesh, encounter), requireReference(mesh, patient)]);
        const at = occurrenceTime(ctx.params, { now: new Date(), ...(after && { after }) });
        const order = withLateReason(newOrder(timeOrderedId(), { ...ctx.params, test }, at), ctx.params);
        const { version } = await this.fhir.create(order);
        return orderOf(order, version);
      },
    },

    worklist: {
      rest: "GET",
      summary: "Open orders, the most urgent first",
      params: { $$strict: true },
      handler() {
        return openOrders(this);
      },
    },

    collect: {
      rest: "POST",
      summary: "Collect a specimen and get its label",
      params: benchParams.collect,
      handler(ctx) {
        return collectSpecimen(this, ctx);
      },
    },

    rejectSpecimen: {
      rest: "POST",
      summary: "Reject a specimen that cannot be used",
      params: benchParams.rejectSpecimen,
      handler(ctx) {
        return rejectTube(this, ctx);
      },
    },

    enter: {
      rest: "POST",
      summary: "Enter values of an order",
      params: benchParams.enter,
      handler(ctx) {
        return enterValues(this, ctx);
      },
    },

    release: {
      rest: "POST",
      summary: "Release a report",
      params: benchParams.release,
      handler(ctx) {
        return releaseReport(this, ctx);
      },
    },

    listCritical: {
      rest: "GET",
      summary: "Critical values that nobody has acknowledged",
      params: benchParams.listCritical,
      handler(ctx) {
        return criticalValues(this, ctx.params.patient);
      },
    },

    acknowledge: {
      rest: "POST",
      summary: "Acknowledge a critical value",
      params: benchParams.acknowledge,
      handler(ctx) {
        return acknowledgeValue(this, ctx);
      },
    },
  },

  created() {
    this.catalogue = readCatalogue(readConfig().labCatalogueFile);
  },
});
