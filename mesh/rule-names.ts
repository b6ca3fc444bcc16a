/** The groups and the rules that the setting RULES may name; written by `npm run generate`. */
export const RULE_NAMES: readonly string[] = [
  "references",
  "status",
  "subject",
  "values",
  "encounter-patient",
  "encounter-period",
  "encounter-references",
  "encounter-status",
  "encounter-subject",
];
