/** A code of a code system, e.g. LOINC's 718-7: the members of a Coding that tell which one it is, and how it is called. */
export interface Code {
  system: string;
  code: string;
  display?: string;
}
