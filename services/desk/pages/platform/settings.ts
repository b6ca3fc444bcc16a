/** What the document says of the house. */
const meta = (name: string): string => document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";

/** Whether anybody may do anything, without signing in. */
export const isOpenToAll = (): boolean => meta("access") === "open";

/** `Organization/…` in whose name the system writes; empty: none is set. */
export const organization = (): string => meta("organization");

/** The zone of the hospital's clocks. */
export const timeZone = (): string => meta("time-zone") || "UTC";
