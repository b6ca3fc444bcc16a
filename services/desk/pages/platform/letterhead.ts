/** The hospital as printed on sheets: the Organization in whose name this system writes. */
import type { Organization } from "../../../../fhir/r4.ts";
import { read } from "./api.ts";
import { type Loaded, useLoad } from "./load.ts";
import { offers } from "./menu.ts";
import { organization } from "./settings.ts";
import { joined, listed } from "./texts.ts";

/** Without a value: none is configured, or it is not available now. */
export function useOrganization(): Loaded<Organization> {
  const reference = organization();
  return useLoad(`letterhead ${reference}`, () => read<Organization>(reference), 0, reference !== "" && offers("see Organization"));
}

/** Address and contact points of an organization, one line each. */
export function linesOf({ address: [address] = [], telecom = [] }: Organization): string[] {
  const { text, line = [], postalCode, city } = address ?? {};
  const place = text ?? listed([...line, [postalCode, city].filter(Boolean).join(" ")]);
  return [joined(place), joined(...telecom.map(({ value }) => value))].filter(Boolean);
}
