declare module "damerau-levenshtein" {
  /** `similarity`: 1 less the number of steps per letter of the longer text. */
  export default function distance(one: string, other: string, limit?: number): { steps: number; relative: number; similarity: number };
}
