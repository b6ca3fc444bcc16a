/** The patient whose record a page shows, for the dialogs over it: they cover the page's banner, on a phone the whole page. */
import { createContext } from "preact";
import type { Patient } from "../../../../fhir/r4.ts";

export const Whose = createContext<Patient | undefined>(undefined);
