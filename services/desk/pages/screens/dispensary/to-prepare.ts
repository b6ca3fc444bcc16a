/** Which prescriptions wait to be prepared. */
import { day } from "../../platform/clock.ts";

/** Those of so many days; who brings an older one is looked up by name. */
const MAX_DAYS = 30;

/** The question for them. */
export const toPrepare = (): Record<string, string> => ({ status: "active", intent: "order", authoredon: `ge${day(MAX_DAYS)}` });
