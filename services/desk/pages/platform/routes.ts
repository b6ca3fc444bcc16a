/** The route of a medication as text: the usual ones in the page's language, others in the prescriber's words. */
import type { CodeableConcept } from "../../../../fhir/r4.ts";
import { ROUTES } from "../../../pharmacy/doses.contract.ts";
import { tIfAny } from "./texts.ts";

/** The text by the name of a route; "" if there is none. */
export const routeText = (name = ""): string => tIfAny(`route.${name}`) ?? name;

/** The text by code or words; "" if there is none. */
export function routeOf({ text, coding = [] }: CodeableConcept = {}): string {
  const [known] = Object.entries(ROUTES).find(([, code]) => coding.some((one) => one.code === code)) ?? [];
  return routeText(known ?? text ?? coding.find(({ display }) => display)?.display);
}
