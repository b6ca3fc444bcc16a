import type { Location } from "../../fhir/r4.ts";
import { notDeletedUnder } from "../../mixins/fhir/rules/deletion.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";

/** What holds for wards, rooms and beds, whoever writes them. */
export const rules: RulesOf = { Location: [notDeletedUnder<Location>("Location", "set Location.status to inactive.")] };
