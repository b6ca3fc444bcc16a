/** The setting RULES: values of named rules and groups, and of all others. */
export interface RuleSettings {
  otherwise: "on" | "off";
  /** By id or group. `all`, for references only: of every type, not just of the hospital's acts. */
  named: Readonly<Record<string, "on" | "warn" | "off" | "all">>;
}
