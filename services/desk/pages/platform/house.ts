/** The hospital as its sheets name it: the Organization in whose name this system writes. */
import type { Organization } from "../../../../fhir/r4.ts";
import { read } from "./api.ts";
import { type Loaded, useLoad } from "./load.ts";
import { offers } from "./menu.ts";
import { organization } from "./settings.ts";

/** Without a value: none is set, or it is not known now. */
export function useHouse(): Loaded<Organization> {
  const reference = organization();
  return useLoad(`house ${reference}`, () => read<Organization>(reference), 0, reference !== "" && offers("see Organization"));
}

/** Where a house is, and how it is reached, each in one line. */
export function linesOf({ address: [address] = [], telecom = [] }: Organization): string[] {
  const { text, line = [], postalCode, city } = address ?? {};
  const place = text ?? [...line, [postalCode, city].filter(Boolean).join(" ")].filter(Boolean).join(", ");
  return [place, telecom.flatMap(({ value }) => value ?? []).join(" · ")].filter(Boolean);
}
