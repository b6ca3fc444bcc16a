import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { change, creation } from "../../mixins/fhir/steps.ts";
import { codeRule, referenceTo, requireReference, splitReference } from "../../mixins/fhir/reference.ts";
import { emits, owns, type lab } from "./lab.contract.ts";
import { orderChanged, orderNotFound } from "./lab.errors.ts";
import { newOrder, orderOf, resultOf } from "./lab.model.ts";
import { rules } from "./lab.rules.ts";

/** A UCUM code: it becomes `Quantity.code`, whose form FHIR prescribes. */
const UNIT = {
  type: "string",
  max: 50,
  pattern: /^[^\u0000-\u0020]+( [^\u0000-\u0020]+)*$/,
  messages: { stringPattern: "A unit has single spaces at most, and none at its ends." },
} as const;

export default defineService<typeof lab, WithFhir & WithDirectory>({
  name: "lab",
  mixins: [
    Fhir({
      owns,
      emits,
      rules,
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
        $$strict: true,
      },
      async handler(ctx) {
        const { patient, encounter } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        await Promise.all([requireReference(mesh, patient), encounter && requireReference(mesh, encounter)]);
        const order = newOrder(timeOrderedId(), ctx.params, new Date());
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
        finding: [
          { type: "object", strict: true, props: { value: "number", unit: UNIT } },
          { type: "object", strict: true, props: { text: { type: "string", trim: true, min: 1, max: 2_000 } } },
        ],
        $$strict: true,
      },
      async handler(ctx) {
        const { order: reference, finding } = ctx.params;
        const [, id] = splitReference(reference);
        const before = await this.fhir.read("ServiceRequest", id);
        if (!before) throw orderNotFound(reference);
        const now = new Date();
        const { observation, report, order } = resultOf(before, { observation: timeOrderedId(), report: timeOrderedId() }, finding, now);
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
  },
});
