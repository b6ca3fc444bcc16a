declare module "damerau-levenshtein" {
  /** `similarity`: 1 less the steps for each letter of the longer text. */
  export default function distance(one: string, other: string, limit?: number): { steps: number; relative: number; similarity: number };
}
