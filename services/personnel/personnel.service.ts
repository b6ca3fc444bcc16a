import { referenceClause } from "../../fhir/search/exact-clauses.ts";
import { isType } from "../../federation/errors.ts";
import { defineService } from "../../mesh/contract.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { referenceTo } from "../../mixins/fhir/domain-references.ts";
import { occurrenceTime, occurrenceTimeRules, withLateReason } from "../../mixins/fhir/occurrence-time.ts";
import { change } from "../../mixins/fhir/write-steps.ts";
import { emits, owns, type personnel } from "./personnel.contract.ts";
import { practitionerChanged, practitionerNotFound } from "./personnel.errors.ts";
import { endedRole, inactive, isOngoing, latestBegin } from "./personnel.model.ts";
import { rules } from "./personnel.rules.ts";

/** Roles of one person; no one has as many. */
const MAX_ROLES = 1_000;

export default defineService<typeof personnel, WithFhir>({
  name: "personnel",
  mixins: [Fhir({ owns: [...owns], emits, rules })],

  actions: {
    endEmployment: {
      rest: "POST",
      summary: "Somebody leaves: their roles end, and their account with its sessions",
      params: { practitioner: referenceTo("Practitioner"), ...occurrenceTimeRules, $$strict: true },
      async handler(ctx) {
        const { practitioner } = ctx.params;
        const found = await this.fhir.require("Practitioner", practitioner, practitionerNotFound);
        const clauses = [referenceClause("PractitionerRole", "practitioner", [practitioner])];
        const roles = (await this.fhir.find({ type: "PractitionerRole", clauses, limit: MAX_ROLES })).filter(isOngoing);
        const ended = roles.map(({ id }) => `PractitionerRole/${id}`);
        if (found.active === false && roles.length === 0) {
          return { practitioner, version: Number(found.meta.versionId), roles: ended };
        }
        const now = new Date();
        const after = latestBegin(roles, now);
        const at = occurrenceTime(ctx.params, { now, ...(after && { after }) });
        const left = roles.map((role) => change(withLateReason(endedRole(role, at), ctx.params)));
        try {
          const [result] = await this.fhir.write([change(inactive(found)), ...left]);
          return { practitioner, version: result.version, roles: ended };
        } catch (error) {
          throw isType(error, "STALE_VERSION") ? practitionerChanged(practitioner) : error;
        }
      },
    },
  },
});
