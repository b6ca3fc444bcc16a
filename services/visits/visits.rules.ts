import { encounterRules } from "../../mixins/fhir/rules/encounter.ts";
import type { RulesOf } from "../../mixins/fhir/rules/rule.ts";

/** What holds for ambulatory Encounters and appointments, whoever writes them. */
export const rules: RulesOf = { Encounter: encounterRules };
