/** Settings of the hospital, from the document. */
const meta = (name: string): string => document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";

/** Whether access is open, without sign-in. */
export const isOpenToAll = (): boolean => meta("access") === "open";

/** `Organization/…` in whose name the system writes; empty if none is configured. */
export const organization = (): string => meta("organization");

/** The hospital's time zone. */
export const timeZone = (): string => meta("time-zone") || "UTC";
