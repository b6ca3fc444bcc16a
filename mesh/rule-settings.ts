/** What RULES says: of rules and groups of rules that it names, and of all others. */
export interface RuleSettings {
  otherwise: "on" | "off";
  /** By id or group. `all`, of the references only: of every type, not just of the hospital's acts. */
  named: Readonly<Record<string, "on" | "warn" | "off" | "all">>;
}
