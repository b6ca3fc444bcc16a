/** A code of a code system, such as LOINC's 718-7: the members of a Coding that identify it, and its display. */
export interface Code {
  system: string;
  code: string;
  display?: string;
}
