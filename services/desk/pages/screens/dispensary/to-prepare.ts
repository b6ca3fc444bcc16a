/** Prescriptions to be prepared. */
import { day } from "../../platform/clock.ts";

/** Age limit, days; older ones are found by the patient's name. */
const MAX_DAYS = 30;

/** The search for them. */
export const toPrepare = (): Record<string, string> => ({ status: "active", intent: "order", authoredon: `ge${day(MAX_DAYS)}` });
